//! Who a client is: its authenticated name, else its `X-Client-Id` header, else the one
//! anonymous client. The peer's address is never an identity: behind a proxy it is everybody's.

use std::sync::Arc;

/// The longest name that a client may give itself.
pub const NAME_LENGTH_MAX: usize = 64;

/// A client's name; empty is the anonymous one. Every letter and load has it: clones share it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(Arc<str>);

/// A name that cannot be kept or printed safely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 visible ASCII characters")]
pub struct ClientIdError;

impl ClientId {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in a header: bounded and visible, since it is stored and logged.
    pub fn from_header(value: &[u8]) -> Result<Self, ClientIdError> {
        let name = std::str::from_utf8(value).map_err(|_| ClientIdError)?.trim();
        let fits = (1..=NAME_LENGTH_MAX).contains(&name.len());
        let visible = name.bytes().all(|byte| byte.is_ascii_graphic());
        if fits && visible { Ok(Self(name.into())) } else { Err(ClientIdError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visible_short_name_is_taken_and_trimmed() {
        let client = ClientId::from_header(b" desk-7 ");

        assert_eq!(client, Ok(ClientId("desk-7".into())));
    }

    #[test]
    fn names_that_could_harm_a_log_are_refused() {
        let long = [b'a'; NAME_LENGTH_MAX + 1];
        for value in [&b""[..], b"  ", b"a b", b"a\nb", b"\xff", &long] {
            assert_eq!(ClientId::from_header(value), Err(ClientIdError));
        }
    }
}
