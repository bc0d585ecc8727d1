//! What went wrong inside becomes what the caller reads: each kind of failure is matched here,
//! exhaustively, and nowhere else.

use std::time::Duration;

use actix::MailboxError;
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use resilience::breaker::FailureKind;

use super::problem::{Code, Problem};
use crate::actors::circuit_breaker;
use crate::actors::ledger::Refused;
use crate::domain::decision::NotDecided;
use crate::domain::listing::{ListingError, filter_fields, sort_fields};
use crate::domain::order::amend::Refusal;
use crate::domain::order::{Fault, FaultKind};
use crate::ports::Failure;
use crate::ports::journal::ChangeRefusal;

/// Callers of the ancestor know this beginning.
const OVERLOADED: &str =
    "System temporarily overloaded - please retry after the time that Retry-After tells";
const UNKNOWN: &str = "It is not known whether this was stored: the database was lost while it \
                       was written. Look before you send it again";

impl From<Failure> for Problem {
    /// Of a read, or of a write that surely was not made.
    fn from(failure: Failure) -> Self {
        let (code, message) = match &failure {
            Failure::Exhausted { .. } | Failure::Collision { .. } | Failure::Taken { .. } => {
                (Code::ServiceOverloaded, OVERLOADED)
            }
            Failure::Away { .. } | Failure::Lost { .. } => {
                (Code::DatabaseUnavailable, "The database is away and is being looked for")
            }
            Failure::TooSlow => {
                (Code::DatabaseTimeout, "The database took longer than it may: send it again")
            }
            Failure::Full { .. } => {
                (Code::StorageFull, "The database has no room left on its disk; nothing was stored")
            }
            Failure::Data { .. } => (Code::ValidationError, "The database refused a value"),
            Failure::Broken { .. } => {
                (Code::DatabaseError, "The database answered unexpectedly; nothing was stored")
            }
        };
        let problem = Self::new(code, message).inside(failure.to_string());
        match failure {
            Failure::Exhausted { .. } => problem.accusing(FailureKind::Exhausted),
            Failure::TooSlow => problem.accusing(FailureKind::TimedOut),
            Failure::Away { .. } | Failure::Lost { .. } | Failure::Collision { .. } => problem,
            Failure::Taken { .. } => problem,
            Failure::Full { .. } | Failure::Data { .. } | Failure::Broken { .. } => problem,
        }
    }
}

impl From<circuit_breaker::Refusal> for Problem {
    /// Not logged one by one: while the breaker is open this is said to everybody.
    fn from(refusal: circuit_breaker::Refusal) -> Self {
        let problem = Self::new(Code::ServiceOverloaded, OVERLOADED);
        problem.wait(refusal.wait).of_breaker(refusal.breaker.name())
    }
}

/// More comes than can be done.
pub(super) fn overloaded(wait: Duration) -> Problem {
    Problem::new(Code::ServiceOverloaded, OVERLOADED).wait(wait)
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Busy { retry_after } => overloaded(retry_after),
            Refused::Stopping => stopping(),
            Refused::Change(refusal) => refusal.into(),
            Refused::Failed(failure) => failure.into(),
            Refused::Unknown(failure) => {
                Self::new(Code::OutcomeUnknown, UNKNOWN).inside(failure.to_string())
            }
        }
    }
}

impl From<ChangeRefusal> for Problem {
    fn from(refusal: ChangeRefusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            ChangeRefusal::Order(Refusal::NotFound { .. }) | ChangeRefusal::NoReference { .. } => {
                Self::new(Code::NotFound, message).at("id")
            }
            ChangeRefusal::Order(Refusal::Stale { .. }) | ChangeRefusal::StaleReference { .. } => {
                Self::new(Code::VersionConflict, message).at("version")
            }
            ChangeRefusal::Order(Refusal::InSubmission { .. }) => {
                Self::new(Code::OrderInSubmission, message)
            }
            ChangeRefusal::Referenced { .. } | ChangeRefusal::Ruled { .. } => {
                Self::new(Code::ResourceInUse, message)
            }
            ChangeRefusal::NotPaused { .. } => Self::new(Code::NotFound, message).at("name"),
            ChangeRefusal::Order(Refusal::Fault(fault)) | ChangeRefusal::Fault(fault) => {
                fault.into()
            }
        }
    }
}

impl From<NotDecided> for Problem {
    fn from(why: NotDecided) -> Self {
        let message = why.to_string();
        match why {
            NotDecided::Missing { .. } => Self::new(Code::NotFound, message).at("id"),
            NotDecided::Busy { .. } => Self::new(Code::LetterBusy, message),
            NotDecided::NotDead { .. } => Self::new(Code::LetterNotDead, message),
            NotDecided::InDoubt { .. } => Self::new(Code::LetterInDoubt, message).at("force"),
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::new(fault_code(fault.kind), fault.message).at(fault.field)
    }
}

/// The code of a fault, of an item in a batch as of a single order.
pub(super) const fn fault_code(kind: FaultKind) -> Code {
    match kind {
        FaultKind::Missing => Code::MissingRequiredField,
        FaultKind::Invalid => Code::InvalidFieldValue,
        FaultKind::State => Code::InvalidOrderState,
        FaultKind::Refused => Code::ValidationError,
        FaultKind::TooSlow => Code::DatabaseTimeout,
        FaultKind::Duplicate => Code::DuplicateOrder,
        FaultKind::NotFound => Code::NotFound,
        FaultKind::Unknown => Code::OutcomeUnknown,
    }
}

/// The code of a fault as it was stored.
pub(super) fn stored_code(kind: &str) -> Code {
    FaultKind::of_label(kind).map_or(Code::ValidationError, fault_code)
}

impl From<MailboxError> for Problem {
    /// The actor is gone, or did not answer; what it had taken may stand.
    fn from(error: MailboxError) -> Self {
        let inside = match error {
            MailboxError::Closed => "the actor that was asked is gone",
            MailboxError::Timeout => "the actor that was asked did not answer",
        };
        Self::new(Code::OutcomeUnknown, UNKNOWN).inside(inside)
    }
}

impl From<ListingError> for Problem {
    fn from(error: ListingError) -> Self {
        let problem = |code| Self::new(code, error.to_string());
        let invalid = |title: &str, field: &str| {
            problem(Code::InvalidFieldValue).at(field).with("error", title)
        };
        match &error {
            ListingError::Limit(_) => invalid("Invalid limit parameter", "limit"),
            ListingError::Offset(_) => invalid("Invalid offset parameter", "offset"),
            ListingError::Sort(_) => {
                invalid("Invalid sort parameter", "sort").with("validSortFields", sort_fields())
            }
            ListingError::Filter(unknown) => {
                let first = unknown.first().map(String::as_str).unwrap_or_default();
                let valid = filter_fields().to_vec();
                invalid("Invalid filter parameter", first).with("validFilterFields", valid)
            }
            ListingError::Timestamp(_) => invalid("Validation error", "orderTimestamp"),
            ListingError::TooMany(field) => invalid("Validation error", field),
            ListingError::NotAvailable(field) => {
                problem(Code::FilterNotAvailable).at(*field).with("error", "Filter not available")
            }
        }
    }
}

impl From<PayloadError> for Problem {
    /// The body could not be read to its end; whatever is left of it is of no use.
    fn from(error: PayloadError) -> Self {
        // The enum is open: what is new in it is a broken body, too.
        if matches!(error, PayloadError::Overflow) {
            return Self::new(Code::PayloadTooLarge, "The request's body is too large").closing();
        }
        let message = "The request's body could not be read to its end";
        Self::new(Code::InvalidRequestFormat, message).closing().inside(error.to_string())
    }
}

/// What actix itself refused: our own problem if it carries one, else the one of its status.
pub(super) fn of_error(error: &actix_web::Error) -> Problem {
    match error.as_error::<Problem>() {
        Some(problem) => problem.clone(),
        None => of_status(error.as_response_error().status_code(), &error.to_string()),
    }
}

/// The problem of a bare status.
pub(super) fn of_status(status: StatusCode, inside: &str) -> Problem {
    let code = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Code::AuthenticationError,
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::REQUEST_TIMEOUT => Code::RequestTimeout,
        StatusCode::PAYLOAD_TOO_LARGE => Code::PayloadTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        status if status.is_client_error() => Code::InvalidRequestFormat,
        _ => Code::InternalError,
    };
    let problem = Problem::new(code, code.title());
    if code == Code::InternalError { problem.inside(inside) } else { problem }
}

pub(super) fn stopping() -> Problem {
    let message = "The service is shutting down: send it again, another instance will take it";
    Problem::new(Code::ServiceStopping, message)
}

/// The ledger answered a question that nobody asked: a bug.
pub(super) fn wrong_answer() -> Problem {
    Problem::new(Code::InternalError, Code::InternalError.title())
        .inside("the ledger's answer does not fit the change")
}
