//! What the mailbox hears.

use actix::Message;

/// Command: hold nothing more, end the lease, and answer when that is done.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Leave;
