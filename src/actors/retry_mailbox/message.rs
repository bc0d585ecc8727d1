//! What the mailbox hears.

use actix::Message;

/// Command: something may be due.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Wake;

/// Command: hold nothing more, end the lease, and answer when that is done.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Leave;
