//! What a client reads in an answer, without parsing all of it.

use std::time::Duration;

/// Everything that is read stands before the items.
const HEAD_BYTES: usize = 400;

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
}

impl Answer {
    pub(crate) fn read(status: u16, body: &[u8]) -> Self {
        let head = &body[..body.len().min(HEAD_BYTES)];
        Self { status, head: String::from_utf8_lossy(head).into_owned() }
    }

    /// Of a batch: the orders that somebody is responsible for.
    pub(crate) fn accepted(&self) -> u64 {
        if !is_served(self.status) {
            return 0;
        }
        let number = |name| self.number(name).unwrap_or_else(|| panic!("no {name}: {self:?}"));
        number("successful") + number("queued")
    }

    /// Before this is over it is not to be asked again.
    pub(crate) fn wait(&self) -> Duration {
        Duration::from_secs(self.number("retryAfter").unwrap_or_default())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.after(name)?.strip_prefix('"')?.split('"').next()
    }

    fn number(&self, name: &str) -> Option<u64> {
        let text = self.after(name)?;
        let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        text[..end].parse().ok()
    }

    fn after(&self, name: &str) -> Option<&str> {
        Some(self.head.split_once(&format!("\"{name}\":"))?.1)
    }
}

pub(crate) fn is_served(status: u16) -> bool {
    (200..300).contains(&status)
}

/// Anything else than "done", "too much" and "not now".
pub(crate) fn is_wrong(status: u16) -> bool {
    !is_served(status) && status != 429 && status != 503
}
