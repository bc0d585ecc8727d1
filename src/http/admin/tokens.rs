//! What callers of the admin listener must know. During a rotation two tokens are good at once.

use std::sync::Arc;

use arc_swap::ArcSwap;
use subtle::{Choice, ConstantTimeEq};

/// The tokens that are good now; clones are the same ones. No `Debug`: they are secrets.
#[derive(Clone)]
pub struct Tokens(Arc<ArcSwap<Vec<Box<str>>>>);

impl Tokens {
    /// Without any, nobody is asked for one.
    #[must_use]
    pub fn new<'a>(tokens: impl IntoIterator<Item = &'a str>) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(boxed(tokens))))
    }

    /// From now on these and no others.
    pub fn replace<'a>(&self, tokens: impl IntoIterator<Item = &'a str>) {
        self.0.store(Arc::new(boxed(tokens)));
    }

    /// Compares with each of them, and each in constant time: a token is not found out by the
    /// clock.
    pub(super) fn let_in(&self, given: &[u8]) -> bool {
        let tokens = self.0.load();
        let none = Choice::from(0);
        let is_one = tokens.iter().fold(none, |is, token| is | given.ct_eq(token.as_bytes()));
        tokens.is_empty() || is_one.into()
    }
}

fn boxed<'a>(tokens: impl IntoIterator<Item = &'a str>) -> Vec<Box<str>> {
    tokens.into_iter().map(Box::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_them_is_good_and_nothing_else_is() {
        let tokens = Tokens::new(["old-token", "new-token"]);

        assert!(tokens.let_in(b"old-token") && tokens.let_in(b"new-token"));
        for wrong in ["", "old", "old-token-", "old-tokennew-token"] {
            assert!(!tokens.let_in(wrong.as_bytes()), "{wrong}");
        }
    }

    #[test]
    fn what_is_replaced_is_good_no_more_for_whoever_holds_it() {
        let tokens = Tokens::new(["old-token"]);
        let held = tokens.clone();

        tokens.replace(["new-token"]);

        assert!(held.let_in(b"new-token") && !held.let_in(b"old-token"));
    }

    #[test]
    fn nobody_is_asked_for_a_token_where_there_is_none() {
        assert!(Tokens::new([]).let_in(b""));
    }
}
