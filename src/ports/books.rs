//! All that the ledger writes to, as one.

use super::journal::Journal;
use super::post::Post;

/// The journal and the post of one store.
pub trait Books: Journal + Post {}

impl<Both: Journal + Post> Books for Both {}
