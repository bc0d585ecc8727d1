//! The answer about a submitted batch: its totals, and one result per item.

use std::borrow::Cow;

use uuid::Uuid;
use weir_client::wire::{BatchHead, ItemStatus, Submission, SubmissionItem};

use super::super::json_bytes;
use super::super::problem::Problem;
use super::super::tally::Tally;
use super::line::{Line, Outcome};
use crate::domain::batch::Answer;

/// Bytes of an answer per order, about.
const BYTES_PER_ORDER: usize = 170;

/// What is said of one line.
fn item(request_index: usize, line: Line<'_>) -> SubmissionItem<'_> {
    let status = line.status();
    let item = SubmissionItem {
        request_index,
        order_id: line.order_id,
        client_order_id: line.client_order_id.map(Cow::Borrowed),
        status,
        message: Cow::Borrowed(""),
        trade_order_id: None,
        success: status == ItemStatus::Success,
        failure: status == ItemStatus::Failure,
        error_code: None,
        field: None,
        waiting: None,
    };
    match line.outcome {
        Outcome::Sent { trade_order_id, message } => SubmissionItem {
            trade_order_id: Some(trade_order_id),
            message: Cow::Borrowed(message),
            ..item
        },
        Outcome::Recorded => {
            SubmissionItem { message: Cow::Borrowed("Order created successfully"), ..item }
        }
        Outcome::Queued { message, waiting } => SubmissionItem { message, waiting, ..item },
        Outcome::Failed { code, field, message } => SubmissionItem {
            message,
            error_code: Some(Cow::Borrowed(code.name())),
            field: Some(field).filter(|field| !field.is_empty()).map(Cow::Borrowed),
            ..item
        },
    }
}

/// The results of lines, in their order.
pub(super) fn results(lines: Vec<Line<'_>>) -> Vec<SubmissionItem<'_>> {
    lines.into_iter().enumerate().map(|(index, line)| item(index, line)).collect()
}

pub(super) fn tally(lines: &[Line<'_>]) -> Tally {
    Tally::of(lines.iter().map(Line::status))
}

/// The head of an answer about a batch that was to be submitted.
pub(super) fn head(tally: Tally, batch_id: Option<Uuid>) -> BatchHead<'static> {
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
    tally.head(batch_id, message)
}

/// The answer about a batch that was to be submitted.
pub(super) fn compose(batch_id: Option<Uuid>, lines: Vec<Line<'_>>) -> Result<Answer, Problem> {
    let tally = tally(&lines);
    let size = tally.total() * BYTES_PER_ORDER;
    let answer = Submission { head: head(tally, batch_id), results: results(lines) };
    Ok(Answer { status: tally.code().as_u16(), body: json_bytes(&answer, size)? })
}
