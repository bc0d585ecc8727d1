//! The answer about a batch that was to be submitted: its totals, and one result per order.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What became of an order, in a word that callers match on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ItemStatus {
    Success,
    /// Accepted, and not decided yet.
    Queued,
    Failure,
}

/// What became of a batch: successful + failed + queued is the total.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct BatchHead<'a> {
    /// SUCCESS when nothing failed, PARTIAL, or FAILURE when everything did. Queued orders are
    /// accepted: they must not be sent again.
    #[cfg_attr(feature = "openapi", schema(example = "SUCCESS"))]
    pub status: Cow<'a, str>,
    #[cfg_attr(feature = "openapi", schema(example = "All 25 orders submitted successfully"))]
    pub message: Cow<'a, str>,
    /// Absent when nothing was stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, nullable = false))]
    pub batch_id: Option<Uuid>,
    pub total_requested: usize,
    pub total_received: usize,
    pub successful: usize,
    pub failed: usize,
    /// Accepted, and not decided yet.
    pub queued: usize,
    pub success: bool,
    pub failure: bool,
    pub partial: bool,
    /// Successful over total, 0 to 1.
    pub success_rate: f64,
}

/// What became of a submitted batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Submission<'a> {
    #[serde(flatten)]
    pub head: BatchHead<'a>,
    /// In request order.
    pub results: Vec<SubmissionItem<'a>>,
}

/// What became of one order of a submitted batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SubmissionItem<'a> {
    pub request_index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub order_id: Option<i64>,
    /// What the sender calls the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub client_order_id: Option<Cow<'a, str>>,
    /// SUCCESS: the trade service has it. QUEUED: it is accepted, and must not be sent again.
    /// FAILURE: it was not taken.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub status: ItemStatus,
    pub message: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub trade_order_id: Option<i64>,
    pub success: bool,
    pub failure: bool,
    /// Of a failed order: a code from the catalogue of problems.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "ORDER_REJECTED"))]
    pub error_code: Option<Cow<'a, str>>,
    /// Of a failed order: the field at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "quantity"))]
    pub field: Option<Cow<'a, str>>,
    /// Of a queued order, when the batch is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub waiting: Option<Waiting<'a>>,
}

/// Why an order waits, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Waiting<'a> {
    #[cfg_attr(feature = "openapi", schema(example = "waiting for its next try"))]
    pub reason: Cow<'a, str>,
    /// Calls to the trade service that were made for it.
    pub attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub last_error: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub next_try_at: Option<DateTime<Utc>>,
}

impl ItemStatus {
    /// The word on the wire.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Queued => "QUEUED",
            Self::Failure => "FAILURE",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_its_label_on_the_wire() {
        for status in [ItemStatus::Success, ItemStatus::Queued, ItemStatus::Failure] {
            assert_eq!(serde_json::to_value(status).unwrap(), status.label());
        }
    }
}
