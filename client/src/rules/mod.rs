//! What the client decides, pure: time, chance and what was heard are arguments.

pub(crate) mod answer;
pub(crate) mod class;
pub(crate) mod condition;
pub(crate) mod key;
pub(crate) mod patience;
pub(crate) mod rate;
pub(crate) mod retry_after;
