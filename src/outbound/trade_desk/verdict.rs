//! What an answer means.
//!
//! A status says whether anything was taken; a body is believed only about what it names. What is
//! not in the contract is unknown, so that it is looked up and neither lost nor sent twice.

use std::time::Duration;

use super::telling::{Body, Told};
use super::wire;
use crate::domain::trade::{Finding, Placing};

/// What a 429 asks for that does not say how long.
const THROTTLE_WAIT: Duration = Duration::from_secs(1);
/// How the trade service names the order that is to blame.
const INDEX_MARK: &str = "at index ";

/// What an answer to a placing call means.
pub(super) fn placing(told: &Told) -> Placing {
    let (reason, wait) = (told.reason(), told.wait);
    match told.status.as_u16() {
        200..=299 => taken(told),
        // The call is at fault, or one of its orders; halving finds out which.
        400 | 409 | 413 | 422 => {
            let message = told.message();
            let index = message.as_deref().and_then(blamed);
            Placing::Refused { reason: message.unwrap_or(reason), index }
        }
        408 => Placing::Unknown { reason, over: false, wait },
        429 => Placing::Deferred { reason, wait: Some(wait.unwrap_or(THROTTLE_WAIT)) },
        // Our settings are at fault: a token, a path. No order is to suffer for it.
        401..=499 => Placing::Deferred { reason, wait },
        // 502 and 504 are a proxy's, behind which the call may still be on its way.
        501 | 502 | 504..=599 => Placing::Unknown { reason, over: false, wait },
        // So may be one without a word about when to come again.
        503 if wait.is_none() => Placing::Unknown { reason, over: false, wait },
        _ => Placing::Unknown { reason, over: true, wait },
    }
}

fn taken(told: &Told) -> Placing {
    let unknown =
        |why: &str, over| Placing::Unknown { reason: told.useless(why), over, wait: told.wait };
    let (bytes, is_measured) = match &told.body {
        Body::Whole { bytes, is_measured } => (bytes, *is_measured),
        Body::TooLarge => return unknown("with a body that is too large", true),
        Body::Broken(reason) => return unknown(reason, false),
    };
    match wire::placed(bytes) {
        Ok(wire::Placed::Trades(trades)) => Placing::Placed(trades),
        Ok(wire::Placed::Failed) => unknown("says that it failed", true),
        Err(error) => {
            let over = is_measured || !error.is_eof();
            unknown(&format!("its body cannot be read: {error}"), over)
        }
    }
}

/// What an answer to a look-up means.
pub(super) fn finding(order_id: i64, told: &Told) -> Finding {
    let unclear = |why: &str| Finding::Unclear { reason: told.useless(why), wait: told.wait };
    if !told.status.is_success() {
        let is_throttled = told.status.as_u16() == 429;
        let wait = told.wait.or(is_throttled.then_some(THROTTLE_WAIT));
        return Finding::Unclear { reason: told.reason(), wait };
    }
    let bytes = match &told.body {
        Body::Whole { bytes, .. } => bytes,
        Body::TooLarge => return unclear("with a body that is too large"),
        Body::Broken(reason) => return unclear(reason),
    };
    match wire::found(bytes) {
        Err(error) => unclear(&format!("its body cannot be read: {error}")),
        Ok(trades) if trades.is_empty() => Finding::Absent,
        Ok(trades) => match trades.into_iter().find(|trade| trade.order_id == order_id) {
            Some(trade) => Finding::Found(trade),
            // A service that does not understand the question names anybody's trades: ours may be
            // on another page.
            None => unclear("names trades of other orders only"),
        },
    }
}

/// The order that a refusal blames.
fn blamed(message: &str) -> Option<usize> {
    let (_, rest) = message.split_once(INDEX_MARK)?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}
