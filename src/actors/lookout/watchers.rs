//! Those who watch. None of them can hold the lookout up, and what is kept for one that reads too
//! slowly is bounded: it is let go.

use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::message::News;

/// Those who may watch at the same time.
pub(super) const WATCHERS_MAX: usize = 32;
/// News that one of them may have unread.
pub(super) const UNREAD_MAX: usize = 64;

#[derive(Default)]
pub(super) struct Watchers {
    all: Vec<Sender<News>>,
    /// Those that were let go because they read too slowly.
    pub(super) too_slow: u64,
}

impl Watchers {
    /// A place for one more, if there is one.
    pub(super) fn add(&mut self) -> Option<Receiver<News>> {
        self.all.retain(|watcher| !watcher.is_closed());
        if self.all.len() >= WATCHERS_MAX {
            return None;
        }
        let (watcher, heard) = channel(UNREAD_MAX);
        self.all.push(watcher);
        Some(heard)
    }

    /// Only the newest one.
    pub(super) fn tell_last(&self, news: &News) {
        if let Some(watcher) = self.all.last() {
            // It has just come, and has nothing unread.
            drop(watcher.try_send(news.clone()));
        }
    }

    pub(super) fn tell(&mut self, news: &News) {
        let before = self.all.len();
        self.all.retain(|watcher| !watcher.is_closed());
        let gone = before - self.all.len();
        self.all.retain(|watcher| watcher.try_send(news.clone()).is_ok());
        let slow = before - gone - self.all.len();
        self.too_slow += u64::try_from(slow).unwrap_or(u64::MAX);
    }

    pub(super) fn clear(&mut self) {
        self.all.clear();
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }
}
