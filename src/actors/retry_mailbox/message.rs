//! What the mailbox hears.

use actix::Message;

/// Command: somebody has changed the pauses. The answer comes when they are obeyed, or when they could
/// not be read: then the next sweep does it.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct FollowPauses;

/// Command: hold nothing more, end the lease, and answer when that is done.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Leave;
