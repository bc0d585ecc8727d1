//! The checks of a batch of orders, for every route that takes one: its size, each order alone,
//! and what its sender calls them.

use std::sync::Arc;

use serde_json::json;

use super::super::Doors;
use super::super::problem::{Code, Problem};
use crate::domain::moment::Moment;
use crate::domain::order::draft::Draft;
use crate::domain::order::{BATCH_ORDERS_MAX, Fault, FaultKind, Terms};
use crate::domain::reference::References;

pub(in crate::http) type Checked = Vec<Result<Terms, Fault>>;

/// What makes terms of a draft.
type Rule = fn(&Draft<'_>, &References, Moment) -> Result<Terms, Fault>;

pub(in crate::http) const TO_RECORD: Rule =
    |draft, references, now| draft.check_new(references, now);
pub(in crate::http) const TO_SUBMIT: Rule =
    |draft, references, now| draft.check_submitted(references, now);

/// `items` is the member of the answer in which callers look for them.
pub(in crate::http) fn check_size(total: usize, items: &'static str) -> Result<(), Problem> {
    match total {
        0 => Err(of_nothing(Problem::new(Code::ValidationError, "No orders to process"), items)),
        1..=BATCH_ORDERS_MAX => Ok(()),
        _ => Err(of_nothing(too_many(total, BATCH_ORDERS_MAX), items)),
    }
}

pub(in crate::http) fn too_many(total: usize, max: usize) -> Problem {
    let message = format!("Batch size {total} exceeds maximum allowed size of {max}");
    Problem::new(Code::PayloadTooLarge, message)
}

/// With the members that callers know of the ancestor's answers to whole batches.
pub(in crate::http) fn of_nothing(problem: Problem, items: &'static str) -> Problem {
    let counts = ["totalRequested", "totalReceived", "successful", "failed", "queued"];
    let problem = problem.with("status", "FAILURE").with(items, json!([]));
    counts.into_iter().fold(problem, |problem, name| problem.with(name, 0))
}

/// Checks each order. References that are not at hand may be newer than what is at hand: they
/// are read again once before anybody hears "not found".
pub(in crate::http) async fn check(
    doors: &Doors,
    drafts: &[Option<Draft<'_>>],
    rule: Rule,
) -> Result<(Checked, Arc<References>), Problem> {
    let now = doors.clock.utc();
    let check_one = |draft: &Option<Draft<'_>>, references: &References| match draft {
        Some(draft) => rule(draft, references, now),
        None => Err(Fault::missing("", "Order data is required")),
    };
    let references = doors.catalogue.references();
    let mut checked: Checked = drafts.iter().map(|draft| check_one(draft, &references)).collect();
    if !checked.iter().any(misses_reference) {
        return Ok((checked, references));
    }
    let references = doors.catalogue.refresh().await?;
    for (result, draft) in checked.iter_mut().zip(drafts) {
        if misses_reference(result) {
            *result = check_one(draft, &references);
        }
    }
    Ok((checked, references))
}

/// The only way in which a reference that was given can be invalid is not to be found.
fn misses_reference(checked: &Result<Terms, Fault>) -> bool {
    let fields = ["blotterId", "statusId", "orderTypeId"];
    checked
        .as_ref()
        .is_err_and(|fault| fault.kind == FaultKind::Invalid && fields.contains(&fault.field))
}

/// What the sender calls each order, also one that is at fault; empty if it names none.
pub(in crate::http) struct Names(Vec<Option<String>>);

impl Names {
    pub(in crate::http) fn none() -> Self {
        Self(Vec::new())
    }

    pub(in crate::http) fn of(drafts: &[Option<Draft<'_>>]) -> Self {
        fn name<'a>(draft: &'a Option<Draft<'_>>) -> Option<&'a str> {
            let name = draft.as_ref()?.client_order_id.as_deref()?.trim();
            Some(name).filter(|name| !name.is_empty())
        }
        if drafts.iter().all(|draft| name(draft).is_none()) {
            return Self::none();
        }
        Self(drafts.iter().map(|draft| name(draft).map(str::to_owned)).collect())
    }

    pub(in crate::http) fn get(&self, index: usize) -> Option<&str> {
        self.0.get(index)?.as_deref()
    }
}
