//! The one place where a test lets time pass.
//!
//! Level-triggered: the condition is looked at again and again until it holds, so a test never
//! depends on catching an event at the moment it happens. When the deadline passes the panic says
//! what was awaited and what was seen last.

use std::fmt::Display;
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(20);

/// What one look at a condition gives: the awaited thing, or why it is not there yet.
pub(crate) trait Look {
    type Found;
    fn found(self) -> Result<Self::Found, String>;
}

impl<T> Look for Option<T> {
    type Found = T;
    fn found(self) -> Result<T, String> {
        self.ok_or_else(|| "nothing yet".into())
    }
}

impl<T, E: Display> Look for Result<T, E> {
    type Found = T;
    fn found(self) -> Result<T, String> {
        self.map_err(|error| error.to_string())
    }
}

impl Look for bool {
    type Found = ();
    fn found(self) -> Result<(), String> {
        self.then_some(()).ok_or_else(|| "not true yet".into())
    }
}

/// Looks until the condition holds; panics after `deadline`, which also bounds a look that hangs.
#[track_caller]
pub(crate) fn wait_for<L: Look>(
    what: &str,
    deadline: Duration,
    mut look: impl AsyncFnMut() -> L,
) -> impl Future<Output = L::Found> {
    let caller = std::panic::Location::caller();
    async move {
        let mut status = String::from("the first look did not end");
        let looking = async {
            loop {
                match look().await.found() {
                    Ok(found) => return found,
                    Err(why) => status = why,
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        let found = tokio::time::timeout(deadline, Box::pin(looking)).await.ok();
        found.unwrap_or_else(|| {
            panic!("waited {deadline:?} for {what}, from {caller}; last seen: {status}")
        })
    }
}
