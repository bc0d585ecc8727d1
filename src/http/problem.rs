//! The catalogue of problems: every answer that is not a success is one of these, in one shape.
//!
//! A problem has an outside (code, sentence, field), which its caller reads, and an inside (what
//! the driver said), which only the log does. The two are separate fields and never meet. Each
//! code has a heading in `docs/errors.md`.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use resilience::breaker::FailureKind;
use serde_json::{Map, Value};
use weir_client::wire::{Problem as Body, ProblemDetails};

use super::request_id::RequestId;
use crate::domain::moment::Moment;

/// The longest wait that a caller is told, in seconds.
const RETRY_AFTER_MAX: f64 = 60.0;
/// Jitter only lengthens a wait: who comes earlier than told comes too early.
const RETRY_JITTER: f64 = 0.2;

/// The table: name, status, seconds to wait where the same request may be sent again, title.
macro_rules! codes {
    ($($variant:ident $name:literal $status:ident $wait:expr, $title:literal;)+) => {
        /// A kind of problem, as its callers may match on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $title] $variant,)+
        }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The code as it stands in a body.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)+ }
            }

            /// What happened, in one line.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }

            /// How long to wait before asking again, when nothing better is known.
            #[must_use]
            pub const fn wait(self) -> Option<Duration> {
                let seconds: Option<u64> = match self { $(Self::$variant => $wait,)+ };
                match seconds {
                    Some(seconds) => Some(Duration::from_secs(seconds)),
                    None => None,
                }
            }
        }
    };
}

codes! {
    ValidationError      "VALIDATION_ERROR"       BAD_REQUEST            None, "The request breaks a rule";
    InvalidRequestFormat "INVALID_REQUEST_FORMAT" BAD_REQUEST            None, "The request cannot be read: malformed or ill-typed JSON";
    MissingRequiredField "MISSING_REQUIRED_FIELD" BAD_REQUEST            None, "A required field is missing";
    InvalidFieldValue    "INVALID_FIELD_VALUE"    BAD_REQUEST            None, "A field has a value that it cannot have";
    OrderRejected        "ORDER_REJECTED"         BAD_REQUEST            None, "The trade service refused the order";
    AuthenticationError  "AUTHENTICATION_ERROR"   UNAUTHORIZED           None, "The token is missing or wrong";
    NotFound             "NOT_FOUND"              NOT_FOUND              None, "There is no such thing";
    MethodNotAllowed     "METHOD_NOT_ALLOWED"     METHOD_NOT_ALLOWED     None, "The route does not take this method";
    RequestTimeout       "REQUEST_TIMEOUT"        REQUEST_TIMEOUT        None, "The request's body came too slowly";
    InvalidOrderState    "INVALID_ORDER_STATE"    CONFLICT               None, "The order's state does not allow it";
    VersionConflict      "VERSION_CONFLICT"       CONFLICT               None, "The row was changed since it was read";
    ResourceInUse        "RESOURCE_IN_USE"        CONFLICT               None, "The row is used by orders";
    DuplicateOrder       "DUPLICATE_ORDER"        CONFLICT               None, "Another order has this client order ID already";
    OrderInSubmission    "ORDER_IN_SUBMISSION"    CONFLICT               None, "The order is on its way to the trade service";
    Discarded            "DISCARDED"              CONFLICT               None, "An operator discarded the order";
    LetterBusy           "LETTER_BUSY"            CONFLICT               None, "The letter is being worked on";
    LetterNotDead        "LETTER_NOT_DEAD"        CONFLICT               None, "The letter is not dead";
    LetterInDoubt        "LETTER_IN_DOUBT"        CONFLICT               None, "Orders of the letter may have been placed";
    PayloadTooLarge      "PAYLOAD_TOO_LARGE"      PAYLOAD_TOO_LARGE      None, "The request's body, or the batch in it, is too large";
    UnsupportedMediaType "UNSUPPORTED_MEDIA_TYPE" UNSUPPORTED_MEDIA_TYPE None, "The request's body is not declared as JSON";
    IdempotencyKeyReused "IDEMPOTENCY_KEY_REUSED" UNPROCESSABLE_ENTITY   None, "The idempotency key came with another request before";
    QuotaExceeded        "QUOTA_EXCEEDED"         TOO_MANY_REQUESTS      Some(1), "The client brought more orders than its quota allows";
    InternalError        "INTERNAL_ERROR"         INTERNAL_SERVER_ERROR  None, "A fault in the service itself";
    DatabaseError        "DATABASE_ERROR"         INTERNAL_SERVER_ERROR  None, "The database answered unexpectedly";
    FilterNotAvailable   "FILTER_NOT_AVAILABLE"   NOT_IMPLEMENTED        None, "The filter is not available yet";
    ServiceOverloaded    "SERVICE_OVERLOADED"     SERVICE_UNAVAILABLE    Some(1), "There is more work than the service can do in time";
    ServiceStopping      "SERVICE_STOPPING"       SERVICE_UNAVAILABLE    Some(5), "The service is shutting down and takes no more writes";
    DatabaseUnavailable  "DATABASE_UNAVAILABLE"   SERVICE_UNAVAILABLE    Some(5), "The database is away";
    DatabaseTimeout      "DATABASE_TIMEOUT"       SERVICE_UNAVAILABLE    Some(2), "The database took longer than it may";
    OutcomeUnknown       "OUTCOME_UNKNOWN"        SERVICE_UNAVAILABLE    None, "It is not known whether the write was stored";
    AnswerTimeout        "ANSWER_TIMEOUT"         SERVICE_UNAVAILABLE    None, "The answer was not ready in time";
    StorageFull          "STORAGE_FULL"           INSUFFICIENT_STORAGE   Some(60), "The database has no room left on its disk";
}

impl Code {
    /// May the same request be sent again, later?
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        self.wait().is_some()
    }
}

/// An answer that is not a success. Handlers return it; the frame makes the response of it,
/// since only the frame knows the request's id.
#[derive(Clone, Debug)]
pub struct Problem(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    code: Code,
    message: String,
    field: Option<String>,
    breaker: Option<&'static str>,
    accused: Option<FailureKind>,
    wait: Option<Duration>,
    allow: Option<String>,
    extra: Map<String, Value>,
    closes: bool,
    inside: Option<String>,
}

impl Problem {
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            code,
            message: message.into(),
            field: None,
            breaker: None,
            accused: None,
            wait: code.wait(),
            allow: None,
            extra: Map::new(),
            closes: false,
            inside: None,
        }))
    }

    /// The field at fault, as the caller spells it; empty is none.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into()).filter(|field| !field.is_empty());
        self
    }

    /// The breaker that refused.
    #[must_use]
    pub(super) fn of_breaker(mut self, name: &'static str) -> Self {
        self.0.breaker = Some(name);
        self
    }

    /// It speaks against the connection pool.
    #[must_use]
    pub(super) fn accusing(mut self, kind: FailureKind) -> Self {
        self.0.accused = Some(kind);
        self
    }

    /// What it says against the connection pool, if anything.
    pub(super) fn accused(&self) -> Option<FailureKind> {
        self.0.accused
    }

    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.0.wait = Some(wait);
        self
    }

    /// The methods that the route does take.
    #[must_use]
    pub fn allow(mut self, methods: impl Into<String>) -> Self {
        self.0.allow = Some(methods.into());
        self
    }

    /// A further top-level member, for callers who know the ancestor's shape of this answer.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.extra.insert(name.to_owned(), value.into());
        self
    }

    /// The connection ends with this answer: what is left of the body will not be read.
    #[must_use]
    pub fn closing(mut self) -> Self {
        self.0.closes = true;
        self
    }

    /// What only the log may say.
    #[must_use]
    pub fn inside(mut self, text: impl Into<String>) -> Self {
        self.0.inside = Some(text.into());
        self
    }

    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Logs the problem, once, where it becomes an answer.
    pub(super) fn log(&self, id: &RequestId) {
        let (code, id) = (self.0.code.name(), id.as_str());
        match (&self.0.inside, self.0.code.status()) {
            (Some(inside), StatusCode::INTERNAL_SERVER_ERROR) => {
                log::error!(code, request_id = id; "request {id} failed with {code}: {inside}");
            }
            (Some(inside), _) => {
                log::warn!(code, request_id = id; "request {id} failed with {code}: {inside}");
            }
            (None, _) => log::debug!(code, request_id = id; "request {id} answered {code}: {self}"),
        }
    }

    /// The response; `chance` in 0..1 spreads the callers who are told to come again.
    pub(super) fn render(&self, id: &RequestId, now: Moment, chance: f64) -> HttpResponse {
        let parts = &self.0;
        let retry_after = parts.wait.map(|wait| retry_after(wait, chance));
        let body = Body {
            code: Cow::Borrowed(parts.code.name()),
            message: Cow::Borrowed(&parts.message),
            timestamp: Cow::Owned(now.to_string()),
            request_id: Cow::Borrowed(id.as_str()),
            retry_after,
            details: details(parts),
            extra: Cow::Borrowed(&parts.extra),
        };
        // A map of strings and numbers always has a JSON form.
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = HttpResponse::build(parts.code.status());
        response.insert_header((CONTENT_TYPE, HeaderValue::from_static("application/json")));
        if let Some(seconds) = retry_after {
            response.insert_header((RETRY_AFTER, seconds));
        }
        if let Some(methods) = &parts.allow {
            response.insert_header((ALLOW, methods.as_str()));
        }
        if parts.code == Code::AuthenticationError {
            response.insert_header((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        if parts.closes {
            response.force_close();
        }
        response.body(body)
    }
}

/// Whole seconds, never less than `wait` and a fifth more at most (before rounding up).
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 1 and 60 by the clamp"
)]
fn retry_after(wait: Duration, chance: f64) -> u32 {
    let seconds = wait.as_secs_f64() * (1.0 + RETRY_JITTER * chance);
    seconds.ceil().clamp(1.0, RETRY_AFTER_MAX) as u32
}

/// Where the problem is, if it is anywhere.
fn details(parts: &Parts) -> Option<ProblemDetails<'_>> {
    let details = ProblemDetails {
        field: parts.field.as_deref().map(Cow::Borrowed),
        breaker: parts.breaker.map(Cow::Borrowed),
    };
    (details.field.is_some() || details.breaker.is_some()).then_some(details)
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.message)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.code.status()
    }

    /// Bare: the frame replaces it by `Problem::render`.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_whole_seconds_within_bounds_and_never_shortened() {
        let table = [
            (0, 0.0, 1),
            (1000, 0.0, 1),
            (1000, 0.99, 2),
            (5000, 0.0, 5),
            (5000, 1.0, 6),
            (4200, 0.0, 5),
            (60_000, 1.0, 60),
            (600_000, 0.0, 60),
        ];
        for (millis, chance, seconds) in table {
            assert_eq!(retry_after(Duration::from_millis(millis), chance), seconds, "{millis}");
        }
    }

    #[test]
    fn header_and_body_tell_the_same_wait() {
        for code in Code::ALL {
            let problem = Problem::new(*code, "m");

            let answer =
                problem.render(&RequestId::for_tests("r"), Moment::from_micros(0), fastrand::f64());

            let header = answer.headers().get(RETRY_AFTER).map(|v| v.to_str().unwrap().to_owned());
            let body = actix_web::body::MessageBody::try_into_bytes(answer.into_body()).unwrap();
            let body: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body.get("retryAfter").map(ToString::to_string), header);
            assert_eq!(header.is_some(), code.is_retryable());
            assert_eq!(body["code"], code.name());
        }
    }

    #[test]
    fn what_surely_did_not_happen_may_be_sent_again() {
        for code in Code::ALL {
            let temporary = [429, 503, 507].contains(&code.status().as_u16());
            let unknown = [Code::OutcomeUnknown, Code::AnswerTimeout].contains(code);
            assert_eq!(code.is_retryable(), temporary && !unknown, "{}", code.name());
        }
    }

    #[test]
    fn the_client_tries_again_what_may_succeed_later_and_nothing_else() {
        for code in Code::ALL {
            let status = code.status().as_u16();
            let is_temporary = status == 408 || status >= 500 && *code != Code::FilterNotAvailable;
            assert_eq!(weir_client::wire::is_temporary(code.name()), is_temporary, "{code:?}");
        }
    }

    #[test]
    fn names_are_unique_and_the_inside_stays_inside() {
        let names: std::collections::HashSet<_> = Code::ALL.iter().map(|c| c.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());

        let problem = Problem::new(Code::DatabaseError, "outside").inside("password=hunter2");

        let response = problem.render(&RequestId::for_tests("r"), Moment::from_micros(0), 0.0);
        let body = actix_web::body::MessageBody::try_into_bytes(response.into_body()).unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("hunter2"));
    }

    #[test]
    fn every_code_has_its_heading_in_the_docs_and_no_heading_is_left_over() {
        let text = include_str!("../../docs/errors.md");
        let headings: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let codes: Vec<_> =
            Code::ALL.iter().map(|c| format!("{} ({})", c.name(), c.status().as_u16())).collect();

        assert_eq!(headings, codes);
    }
}
