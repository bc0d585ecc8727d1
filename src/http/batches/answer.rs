//! The answer about a submitted batch: its totals, and one result per item.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::json_bytes;
use super::super::problem::Problem;
use super::super::tally::{Head, ItemStatus, Tally};
use super::super::wire::Timestamp;
use super::line::{Line, Outcome, Waiting};
use crate::domain::batch::Answer;

/// Bytes of an answer per order, about.
const BYTES_PER_ORDER: usize = 170;

/// What became of a submitted batch.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Submission)]
pub(in crate::http) struct SubmissionAnswer<'a> {
    #[serde(flatten)]
    head: Head,
    /// In request order.
    results: Vec<ItemResult<'a>>,
}

/// What became of one order of a submitted batch.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SubmissionItem)]
pub(super) struct ItemResult<'a> {
    request_index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    order_id: Option<i64>,
    /// What the sender calls the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    client_order_id: Option<&'a str>,
    /// SUCCESS: the trade service has it. QUEUED: it is accepted, and must not be sent again.
    /// FAILURE: it was not taken.
    status: &'static str,
    message: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    trade_order_id: Option<i64>,
    success: bool,
    failure: bool,
    /// Of a failed order: a code from the catalogue of problems.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "ORDER_REJECTED")]
    error_code: Option<&'static str>,
    /// Of a failed order: the field at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "quantity")]
    field: Option<&'a str>,
    /// Of a queued order, when the batch is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    waiting: Option<WaitingView>,
}

/// Why an order waits, and until when.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Waiting)]
struct WaitingView {
    #[schema(example = "waiting for its next try")]
    reason: &'static str,
    /// Calls to the trade service that were made for it.
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime)]
    next_try_at: Option<Timestamp>,
}

impl From<Waiting> for WaitingView {
    fn from(waiting: Waiting) -> Self {
        Self {
            reason: waiting.reason,
            attempts: waiting.attempts,
            last_error: waiting.last_error,
            next_try_at: waiting.next_try_at.map(Timestamp),
        }
    }
}

impl<'a> ItemResult<'a> {
    fn new(request_index: usize, line: Line<'a>) -> Self {
        let status = line.status();
        let result = Self {
            request_index,
            order_id: line.order_id,
            client_order_id: line.client_order_id,
            status: status.label(),
            message: Cow::Borrowed(""),
            trade_order_id: None,
            success: status == ItemStatus::Success,
            failure: status == ItemStatus::Failure,
            error_code: None,
            field: None,
            waiting: None,
        };
        match line.outcome {
            Outcome::Sent { trade_order_id, message } => Self {
                trade_order_id: Some(trade_order_id),
                message: Cow::Borrowed(message),
                ..result
            },
            Outcome::Recorded => {
                Self { message: Cow::Borrowed("Order created successfully"), ..result }
            }
            Outcome::Queued { message, waiting } => {
                Self { message, waiting: waiting.map(WaitingView::from), ..result }
            }
            Outcome::Failed { code, field, message } => Self {
                message,
                error_code: Some(code.name()),
                field: Some(field).filter(|field| !field.is_empty()),
                ..result
            },
        }
    }
}

/// The results of lines, in their order.
pub(super) fn results(lines: Vec<Line<'_>>) -> Vec<ItemResult<'_>> {
    lines.into_iter().enumerate().map(|(index, line)| ItemResult::new(index, line)).collect()
}

pub(super) fn tally(lines: &[Line<'_>]) -> Tally {
    Tally::of(lines.iter().map(Line::status))
}

/// The head of an answer about a batch that was to be submitted.
pub(super) fn head(tally: Tally, batch_id: Option<Uuid>) -> Head {
    let (sent, total) = (tally.successful, tally.total());
    let message = match tally {
        Tally { failed: 0, queued: 0, .. } => {
            format!("All {total} orders submitted successfully")
        }
        Tally { successful: 0, failed: 0, .. } => format!("All {total} orders accepted and queued"),
        Tally { queued: 0, .. } => format!("{sent} of {total} orders submitted successfully"),
        Tally { queued, .. } => {
            format!("{sent} of {total} orders submitted successfully, {queued} queued")
        }
    };
    Head::new(tally, batch_id, message)
}

/// The answer about a batch that was to be submitted.
pub(super) fn compose(batch_id: Option<Uuid>, lines: Vec<Line<'_>>) -> Result<Answer, Problem> {
    let tally = tally(&lines);
    let size = tally.total() * BYTES_PER_ORDER;
    let answer = SubmissionAnswer { head: head(tally, batch_id), results: results(lines) };
    Ok(Answer { status: tally.code().as_u16(), body: json_bytes(&answer, size)? })
}
