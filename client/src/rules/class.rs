//! What a call that did not simply succeed means: whether to try again, whether to keep the
//! orders, and how long to wait. The guide's table, in one function.

use std::time::Duration;

use bytes::Bytes;

/// How long to wait for a 503 that does not say.
const UNAVAILABLE_WAIT: Duration = Duration::from_secs(15);
/// How the ancestor says that its breaker is open.
const OVERLOADED: &str = "temporarily overloaded";
const OVERLOADED_CODE: &str = "SERVICE_OVERLOADED";

/// What came of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Answer(Told),
    /// No connection of the pool became free in time: nothing was sent.
    NoLease,
    /// No connection could be made, or not in time: nothing was sent.
    NotConnected(String),
    /// The answer did not come in time.
    TimedOut,
    /// The connection ended before the answer did.
    HungUp(String),
}

/// An answer, as far as it could be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) status: u16,
    /// Of a problem: its code in the catalogue, if it has one.
    pub(crate) code: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Bytes,
}

/// What a call means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// The batch was taken up: each of its items says what became of it.
    Taken,
    /// The service is overloaded and says so: its breaker is open.
    BreakerOpen,
    /// The service is away for now: it stops, or its database is gone.
    Unavailable,
    /// This client sends too much.
    RateLimited,
    /// The service asks for the same request again: too slow, or too early.
    Impatient,
    /// The service failed, or answered what nobody can read.
    ServerError,
    /// The orders are at fault, or the batch.
    Invalid,
    /// The call is at fault: its address, its token.
    Refused,
    /// Nothing was sent.
    Unreachable,
    /// What became of the call is not known.
    Silent,
}

/// What a failed call is counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorType {
    Server,
    Client,
    Connection,
    Validation,
    Breaker,
    /// All attempts at a submission failed.
    Exhausted,
}

/// What a call means, and the wait that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) class: Class,
    /// What the other side asks for at least.
    pub(crate) wait: Option<Duration>,
}

/// The table. A 503 waits also if nobody says how long.
pub(crate) fn classify(heard: &Heard) -> Verdict {
    let told = match heard {
        Heard::Answer(told) => told,
        Heard::NoLease | Heard::NotConnected(_) => return Class::Unreachable.at_once(),
        Heard::TimedOut | Heard::HungUp(_) => return Class::Silent.at_once(),
    };
    let class = match told.status {
        200 | 202 | 207 => Class::Taken,
        408 | 425 => Class::Impatient,
        429 => Class::RateLimited,
        400 | 413 | 422 => Class::Invalid,
        300..=499 => Class::Refused,
        503 if says_overloaded(told) => Class::BreakerOpen,
        503 => Class::Unavailable,
        _ => Class::ServerError,
    };
    let fallback = (told.status == 503).then_some(UNAVAILABLE_WAIT);
    Verdict { class, wait: told.retry_after.or(fallback) }
}

/// By the code, and by the ancestor's text where there is none.
fn says_overloaded(told: &Told) -> bool {
    match &told.code {
        Some(code) => code == OVERLOADED_CODE,
        None => String::from_utf8_lossy(&told.body).contains(OVERLOADED),
    }
}

impl Class {
    const fn at_once(self) -> Verdict {
        Verdict { class: self, wait: None }
    }

    /// Whether the same request may succeed later: then it is tried again, and kept if it still
    /// fails.
    pub(crate) const fn is_temporary(self) -> bool {
        match self {
            Self::Taken | Self::Invalid | Self::Refused => false,
            Self::BreakerOpen | Self::Unavailable | Self::RateLimited | Self::Impatient => true,
            Self::ServerError | Self::Unreachable | Self::Silent => true,
        }
    }

    /// What the call is counted as, if it failed.
    pub(crate) const fn error_type(self) -> Option<ErrorType> {
        match self {
            Self::Taken => None,
            Self::BreakerOpen => Some(ErrorType::Breaker),
            Self::Unavailable | Self::ServerError => Some(ErrorType::Server),
            Self::RateLimited | Self::Impatient | Self::Refused => Some(ErrorType::Client),
            Self::Invalid => Some(ErrorType::Validation),
            Self::Unreachable | Self::Silent => Some(ErrorType::Connection),
        }
    }
}

impl ErrorType {
    pub const ALL: [Self; 6] = [
        Self::Server,
        Self::Client,
        Self::Connection,
        Self::Validation,
        Self::Breaker,
        Self::Exhausted,
    ];

    /// One word for a label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
            Self::Connection => "connection",
            Self::Validation => "validation",
            Self::Breaker => "breaker",
            Self::Exhausted => "exhausted",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, code: Option<&str>, body: &str) -> Heard {
        let code = code.map(str::to_owned);
        Heard::Answer(Told {
            status,
            code,
            retry_after: None,
            body: Bytes::copy_from_slice(body.as_bytes()),
        })
    }

    fn asking(status: u16, seconds: u64) -> Heard {
        let retry_after = Some(Duration::from_secs(seconds));
        Heard::Answer(Told { status, retry_after, ..Told::default() })
    }

    /// What a row of the guide's table says: the class, whether it is tried again and kept, the
    /// seconds to wait at least, and what it is counted as.
    #[track_caller]
    fn assert_row(heard: &Heard, class: Class, keeps: bool, wait: Option<u64>, counts: ErrorType) {
        let verdict = classify(heard);

        assert_eq!(verdict, Verdict { class, wait: wait.map(Duration::from_secs) });
        assert_eq!(verdict.class.is_temporary(), keeps);
        assert_eq!(verdict.class.error_type(), Some(counts));
    }

    #[test]
    fn an_open_breaker_is_tried_again_after_fifteen_seconds() {
        let told = answer(503, Some("SERVICE_OVERLOADED"), "");
        assert_row(&told, Class::BreakerOpen, true, Some(15), ErrorType::Breaker);
    }

    #[test]
    fn the_ancestors_open_breaker_is_told_by_its_text() {
        let told = answer(503, None, "System temporarily overloaded - please retry");
        assert_row(&told, Class::BreakerOpen, true, Some(15), ErrorType::Breaker);
    }

    #[test]
    fn a_code_says_more_than_a_text() {
        let told = answer(503, Some("SERVICE_STOPPING"), "not temporarily overloaded");
        assert_row(&told, Class::Unavailable, true, Some(15), ErrorType::Server);
    }

    #[test]
    fn a_503_that_says_how_long_is_believed() {
        assert_row(&asking(503, 3), Class::Unavailable, true, Some(3), ErrorType::Server);
    }

    #[test]
    fn a_connection_that_cannot_be_made_is_tried_again() {
        let refused = Heard::NotConnected("refused".to_owned());
        assert_row(&refused, Class::Unreachable, true, None, ErrorType::Connection);
    }

    #[test]
    fn a_pool_without_a_free_connection_is_tried_again() {
        assert_row(&Heard::NoLease, Class::Unreachable, true, None, ErrorType::Connection);
    }

    #[test]
    fn an_answer_that_does_not_come_in_time_is_tried_again() {
        assert_row(&Heard::TimedOut, Class::Silent, true, None, ErrorType::Connection);
    }

    #[test]
    fn an_answer_that_breaks_off_is_tried_again() {
        let broken = Heard::HungUp("reset".to_owned());
        assert_row(&broken, Class::Silent, true, None, ErrorType::Connection);
    }

    #[test]
    fn orders_at_fault_are_neither_sent_again_nor_kept() {
        for status in [400, 413, 422] {
            let told = answer(status, Some("VALIDATION_ERROR"), "");
            assert_row(&told, Class::Invalid, false, None, ErrorType::Validation);
        }
    }

    #[test]
    fn a_server_error_is_tried_again_whatever_its_number() {
        for status in [500, 501, 502, 504, 507, 599] {
            let told = answer(status, None, "temporarily overloaded");
            assert_row(&told, Class::ServerError, true, None, ErrorType::Server);
        }
    }

    #[test]
    fn a_rate_limit_waits_as_long_as_it_asks() {
        assert_row(&asking(429, 7), Class::RateLimited, true, Some(7), ErrorType::Client);
        let silent = answer(429, None, "");
        assert_row(&silent, Class::RateLimited, true, None, ErrorType::Client);
    }

    #[test]
    fn too_slow_and_too_early_are_tried_again() {
        for status in [408, 425] {
            let told = answer(status, None, "");
            assert_row(&told, Class::Impatient, true, None, ErrorType::Client);
        }
    }

    #[test]
    fn no_other_refusal_is_tried_again() {
        let others = (300..500).filter(|status| ![400, 408, 413, 422, 425, 429].contains(status));
        for status in others {
            let told = answer(status, None, "");
            assert_row(&told, Class::Refused, false, None, ErrorType::Client);
        }
    }

    #[test]
    fn a_batch_that_was_taken_up_is_no_failure() {
        for status in [200, 202, 207] {
            let verdict = classify(&answer(status, None, "{}"));
            assert_eq!((verdict.class, verdict.wait), (Class::Taken, None));
            assert_eq!(verdict.class.error_type(), None);
        }
    }
}
