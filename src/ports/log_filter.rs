//! Which lines of log are written, as an operator may change it while the service runs.

/// # Contract
/// A filter is a level (`info`), or levels of rooms and one of all others with commas between them
/// (`weir::store=debug,info`). A change counts from the next line on, on all threads.
pub trait LogFilter: Send + Sync {
    /// The one in effect, and the one that counts again after it if it ends by itself.
    fn filters(&self) -> Filters;

    /// From now on this one, which the log tells with the reason. If it ends by itself, `put_back`
    /// with the number in the answer ends it; else it lasts until the process ends.
    fn set(&self, filter: &str, ends: bool, reason: &str) -> Result<u64, FilterError>;

    /// Ends the filter with this number, unless another one came after it.
    fn put_back(&self, number: u64);
}

/// The filter in effect, and what comes after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filters {
    pub current: String,
    /// Another one only while the present one ends by itself.
    pub lasting: String,
}

/// The text is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part} is no level and no ROOM=LEVEL; levels are error, warn, info, debug, trace and off")]
pub struct FilterError {
    pub part: String,
}
