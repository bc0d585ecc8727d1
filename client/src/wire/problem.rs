//! The body of every answer that is not a success.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Problem<'a> {
    /// What happened: stable, to be matched on; explained in docs/errors.md.
    #[cfg_attr(feature = "openapi", schema(example = "INVALID_FIELD_VALUE"))]
    pub code: Cow<'a, str>,
    /// What happened, in a sentence for people.
    pub message: Cow<'a, str>,
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub timestamp: Cow<'a, str>,
    /// The `X-Request-Id` of this answer: name it when you ask for help.
    pub request_id: Cow<'a, str>,
    /// Seconds to wait before asking again; equal to the header `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 60))]
    pub retry_after: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<ProblemDetails<'a>>,
    /// Members that the ancestor's callers know, such as `error` or `validSortFields`.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object, additional_properties))]
    pub extra: Cow<'a, Map<String, Value>>,
}

/// Where the problem is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProblemDetails<'a> {
    /// The field, parameter or header at fault, such as `[3].quantity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<Cow<'a, str>>,
    /// The circuit breaker that refused the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "pool"))]
    pub breaker: Option<Cow<'a, str>>,
}

/// Codes of what may succeed when it is sent again.
const TEMPORARY: [&str; 10] = [
    "REQUEST_TIMEOUT",
    "INTERNAL_ERROR",
    "DATABASE_ERROR",
    "SERVICE_OVERLOADED",
    "SERVICE_STOPPING",
    "DATABASE_UNAVAILABLE",
    "DATABASE_TIMEOUT",
    "OUTCOME_UNKNOWN",
    "ANSWER_TIMEOUT",
    "STORAGE_FULL",
];

/// Whether what failed with this code may succeed another time, unchanged. A code that nobody
/// knows is for people to look at.
#[must_use]
pub fn is_temporary(code: &str) -> bool {
    TEMPORARY.contains(&code)
}
