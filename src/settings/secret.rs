//! Text that must not be seen: tokens, and addresses that hold a password.

use std::fmt;

/// What is printed in the place of a secret.
pub(super) const REDACTED: &str = "[redacted]";

/// A secret text. It has no `Display`, and its `Debug` says nothing, so that it cannot reach a log
/// by way of a struct that holds it; whoever needs it must write `expose`, which can be searched for.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Hand it on to what needs it; never format it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_the_text() {
        let secret = Secret::new("hunter2");

        assert_eq!(format!("{:?}", Some(&secret)), "Some([redacted])");
        assert_eq!(secret.expose(), "hunter2");
    }
}
