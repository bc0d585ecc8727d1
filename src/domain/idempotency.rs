//! What makes a request the same request when it comes again: the key that its sender gave, or
//! the bytes of its body.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::batch::Key;

/// The longest key that a client may give.
pub const KEY_LENGTH_MAX: usize = 255;

/// How the keys begin that are made of bodies; no client's key does.
const OF_BODY: &str = "body:";

/// Why a key that a client gave is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("must be 1 to {KEY_LENGTH_MAX} visible ASCII characters, bare or in double quotes")]
    Form,
    #[error("must not begin with `{OF_BODY}`: such keys are made of bodies")]
    Kept,
}

/// The key in a header: a string of the RFC draft, or the same characters bare.
pub fn given(header: &[u8]) -> Result<String, KeyError> {
    let text = std::str::from_utf8(header).map_err(|_| KeyError::Form)?.trim();
    let text = match text.strip_prefix('"') {
        Some(quoted) => unquote(quoted).ok_or(KeyError::Form)?,
        None => text.to_owned(),
    };
    let fits = (1..=KEY_LENGTH_MAX).contains(&text.len());
    if !fits || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(KeyError::Form);
    }
    if text.starts_with(OF_BODY) { Err(KeyError::Kept) } else { Ok(text) }
}

/// What stands before the closing quote, which must be the end.
fn unquote(quoted: &str) -> Option<String> {
    let mut text = String::with_capacity(quoted.len());
    let mut rest = quoted.chars();
    loop {
        match rest.next()? {
            '"' => return rest.next().is_none().then_some(text),
            '\\' => text.push(rest.next().filter(|escaped| matches!(escaped, '"' | '\\'))?),
            other => text.push(other),
        }
    }
}

impl Key {
    /// A key that the client gave, for what it asks of `target`.
    #[must_use]
    pub fn given(text: String, target: &str, body: &[u8]) -> Self {
        Self { text, fingerprint: fingerprint(target, body) }
    }

    /// The key of a body whose bytes alone tell that it is the same request.
    #[must_use]
    pub fn of_body(target: &str, body: &[u8]) -> Self {
        let fingerprint = fingerprint(target, body);
        let mut text = String::with_capacity(OF_BODY.len() + 2 * fingerprint.len());
        text.push_str(OF_BODY);
        for byte in fingerprint {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Self { text, fingerprint }
    }

    /// Did the client give it? Only then the same answer is owed, byte by byte.
    #[must_use]
    pub fn is_given(&self) -> bool {
        !self.text.starts_with(OF_BODY)
    }
}

/// The target is part of it: a route may name in its path what its body does not.
fn fingerprint(target: &str, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(target);
    hash.update([0]);
    hash.update(body);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// SHA-256 of `a`, a zero and `bc`.
    const HEX: &str = "40bb547d936bbd31318ee37ac8799e7ecbb22eda2651f65e3214bffb8ce97bb4";

    #[test]
    fn a_key_is_visible_bounded_and_may_be_quoted() {
        let long = "k".repeat(KEY_LENGTH_MAX);
        let quoted_long = format!("\"{long}\"");
        let table = [
            ("8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"),
            ("  desk-7/42 ", "desk-7/42"),
            ("\"desk-7\"", "desk-7"),
            (r#""a\"b\\c""#, r#"a"b\c"#),
            ("a\"b", "a\"b"),
            (&long, &long),
            (&quoted_long, &long),
        ];
        for (header, key) in table {
            assert_eq!(given(header.as_bytes()), Ok(key.to_owned()), "{header}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let long = "k".repeat(KEY_LENGTH_MAX + 1);
        let table = [
            "",
            "  ",
            "\"\"",
            "a b",
            "\"a b\"",
            "\"a",
            "\"a\"b",
            "\"a\";v=1",
            r#""a\n""#,
            "\"a\\",
            "ключ",
            "a\tb",
            &long,
        ];
        for header in table {
            assert_eq!(given(header.as_bytes()), Err(KeyError::Form), "{header}");
        }
        assert_eq!(given(b"\xff"), Err(KeyError::Form));
        assert_eq!(given(b"body:00"), Err(KeyError::Kept));
    }

    #[test]
    fn the_fingerprint_is_the_hash_of_target_and_body() {
        let key = Key::of_body("a", b"bc");

        let expected: [u8; 32] = Sha256::digest(b"a\0bc").into();
        assert_eq!(key.fingerprint, expected);
        assert_eq!(key.text, format!("body:{HEX}"));
        assert!(!key.is_given());
        let given = Key::given("k".into(), "a", b"bc");
        assert_eq!((given.fingerprint, given.is_given()), (expected, true));
    }

    proptest! {
        #[test]
        fn another_body_or_another_target_is_another_fingerprint(
            target: String, body: Vec<u8>, other_target: String, other: Vec<u8>,
        ) {
            let same = (&target, &body) == (&other_target, &other);
            let (one, two) = (Key::of_body(&target, &body), Key::of_body(&other_target, &other));

            prop_assume!(!target.contains('\0') && !other_target.contains('\0'));
            prop_assert_eq!(one == two, same);
        }

        #[test]
        fn no_header_gives_a_key_that_looks_like_a_body(header: Vec<u8>) {
            if let Ok(text) = given(&header) {
                prop_assert!(Key::given(text, "", b"").is_given());
            }
        }
    }
}
