//! What the lookout hears and answers.

use std::sync::Arc;

use actix::Message;
use tokio::sync::mpsc;

use crate::domain::moment::Moment;

/// Query: how does the house look? The answer is the newest sight as it is printed, at most a
/// second old; None if the lookout has closed before its first.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Option<Arc<str>>")]
pub struct AskStatus;

/// Query: tell me what you see, from now on.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<mpsc::Receiver<News>, NoPlace>")]
pub struct Watch;

/// Why somebody cannot watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// So many watch already as may.
    Full,
    Closing,
}

/// Something for those who watch, printed once for all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// `status` or `change`.
    pub kind: &'static str,
    pub text: Arc<str>,
}

/// Event: something happened that those who watch want to read.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct Tell {
    /// One word, such as `breaker`.
    pub kind: &'static str,
    pub text: String,
}

/// What happened, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    pub at: Moment,
    pub kind: &'static str,
    pub text: String,
}

/// Command: let everybody go who watches, and let nobody in any more.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Close;
