//! What became of each item of a batch, in words for its sender: made of what a submission knows
//! while it is under way, or of what the database says.

use std::borrow::Cow;
use std::collections::HashMap;

use weir_client::wire::{ItemStatus, Waiting};

use super::super::mapping::{fault_code, stored_code};
use super::super::problem::Code;
use crate::actors::batch_supervisor::{AcceptedItem, OrderFate};
use crate::domain::batch::{BatchRecord, Fate};
use crate::domain::decision::discarded_because;
use crate::domain::letter::{Letter, LetterState};
use crate::domain::order::{Fault, Order, status};
use crate::domain::reference::References;

/// Characters of what others said that are repeated.
const REPEATED_MAX: usize = 200;

/// One item of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) order_id: Option<i64>,
    pub(super) client_order_id: Option<&'a str>,
    pub(super) outcome: Outcome<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome<'a> {
    /// The trade service has it.
    Sent {
        trade_order_id: i64,
        message: &'static str,
    },
    /// It is stored, and nobody asked to submit it.
    Recorded,
    /// It is stored and not decided.
    Queued {
        message: Cow<'a, str>,
        waiting: Option<Waiting<'a>>,
    },
    Failed {
        code: Code,
        field: &'a str,
        message: Cow<'a, str>,
    },
}

const SUBMITTED: &str = "Order submitted successfully";
const SUBMITTED_EARLIER: &str = "Order submitted successfully by an earlier request";
const ON_ITS_WAY: &str = "Order accepted: it is on its way to the trade service";

impl<'a> Line<'a> {
    pub(super) fn of_fault(fault: &'a Fault) -> Self {
        let outcome = Outcome::Failed {
            code: fault_code(fault.kind),
            field: fault.field,
            message: Cow::Borrowed(&fault.message),
        };
        Self { order_id: None, client_order_id: None, outcome }
    }

    /// An item that was accepted, and what its submission knows of it.
    pub(super) fn of_accepted(item: &'a AcceptedItem, fates: &HashMap<i64, OrderFate>) -> Self {
        match item {
            AcceptedItem::Order { id, client_order_id } => Self {
                order_id: Some(*id),
                client_order_id: client_order_id.as_deref(),
                outcome: Outcome::of_fate(fates.get(id)),
            },
            AcceptedItem::Sent { id, client_order_id, trade_order_id } => Self {
                order_id: Some(*id),
                client_order_id: client_order_id.as_deref(),
                outcome: Outcome::Sent {
                    trade_order_id: *trade_order_id,
                    message: SUBMITTED_EARLIER,
                },
            },
            AcceptedItem::Fault(fault) => Self::of_fault(fault),
        }
    }

    pub(super) const fn status(&self) -> ItemStatus {
        match self.outcome {
            Outcome::Sent { .. } | Outcome::Recorded => ItemStatus::Success,
            Outcome::Queued { .. } => ItemStatus::Queued,
            Outcome::Failed { .. } => ItemStatus::Failure,
        }
    }
}

impl Outcome<'static> {
    fn of_fate(fate: Option<&OrderFate>) -> Self {
        let queued = |message: Cow<'static, str>| Self::Queued { message, waiting: None };
        match fate {
            Some(OrderFate::Sent { trade_order_id }) => {
                Self::Sent { trade_order_id: *trade_order_id, message: SUBMITTED }
            }
            Some(OrderFate::Rejected { message }) => Self::rejected(message),
            Some(OrderFate::InLine) => {
                queued(Cow::Borrowed("Order accepted: it waits for its turn"))
            }
            Some(OrderFate::OnTheWay) | None => queued(Cow::Borrowed(ON_ITS_WAY)),
            Some(OrderFate::Queued { reason }) => {
                let reason = repeated(reason);
                queued(Cow::Owned(format!("Order accepted: it will be submitted later ({reason})")))
            }
            Some(OrderFate::Dead { reason }) => queued(Cow::Owned(dead(Some(reason)))),
        }
    }

    /// An order that was let go of with this error.
    fn freed(error: &str) -> Self {
        let Some(reason) = discarded_because(error) else { return Self::rejected(error) };
        let message = format!("An operator discarded the order: {}", repeated(reason));
        Self::Failed { code: Code::Discarded, field: "", message: Cow::Owned(message) }
    }

    fn rejected(reason: &str) -> Self {
        let message = format!("The trade service refused the order: {}", repeated(reason));
        Self::Failed { code: Code::OrderRejected, field: "", message: Cow::Owned(message) }
    }

    fn of_letter(letter: &Letter) -> Self {
        let reason = reason(letter);
        let message = match letter.state {
            LetterState::Dead => dead(letter.last_error.as_deref()),
            LetterState::Waiting | LetterState::Held | LetterState::Reconcile => {
                format!("Order accepted: it is {reason}")
            }
        };
        let is_due_later = matches!(letter.state, LetterState::Waiting | LetterState::Reconcile);
        let waiting = Waiting {
            reason: Cow::Borrowed(reason),
            attempts: letter.attempts,
            last_error: letter.last_error.as_deref().map(|error| Cow::Owned(repeated(error))),
            next_try_at: is_due_later.then(|| letter.due_at.into()),
        };
        Self::Queued { message: Cow::Owned(message), waiting: Some(waiting) }
    }
}

fn dead(reason: Option<&str>) -> String {
    let reason = reason.map(|reason| format!(" ({})", repeated(reason))).unwrap_or_default();
    format!("Order accepted, but an operator has to decide before it goes on{reason}")
}

/// Why the orders of a letter wait; it follows "it is".
const fn reason(letter: &Letter) -> &'static str {
    match letter.state {
        LetterState::Waiting if letter.attempts == 0 => "in line",
        LetterState::Waiting => "waiting for its next try",
        LetterState::Held => "being sent",
        LetterState::Reconcile => "to be reconciled with the trade service",
        LetterState::Dead => "dead until an operator decides",
    }
}

/// What another service or a driver said: one bounded line.
fn repeated(text: &str) -> String {
    let line = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    line.take(REPEATED_MAX).collect()
}

/// The items of a batch as the database tells of them, in request order. `submits`: the batch was
/// to be submitted, and not only recorded.
pub(super) fn of_record<'a>(
    record: &'a BatchRecord,
    references: &References,
    submits: bool,
) -> Vec<Line<'a>> {
    let orders: HashMap<_, _> = record.orders.iter().map(|order| (order.id, order)).collect();
    let errors: HashMap<_, _> = record.errors.iter().map(|(id, text)| (*id, text)).collect();
    let letters: HashMap<_, _> = record
        .letters
        .iter()
        .flat_map(|letter| letter.undecided.iter().map(move |id| (*id, letter)))
        .collect();
    let line = |fate: &'a Fate| match fate {
        Fate::Fault { kind, field, message } => Line {
            order_id: None,
            client_order_id: None,
            outcome: Outcome::Failed { code: stored_code(kind), field, message: message.into() },
        },
        Fate::Order(id) => {
            let order = orders.get(id).copied();
            let outcome = match (order, letters.get(id), errors.get(id)) {
                (None, ..) => failed(Code::NotFound, "", format!("Order {id} does not exist")),
                (Some(Order { trade_order_id: Some(trade), .. }), ..) => {
                    Outcome::Sent { trade_order_id: *trade, message: SUBMITTED }
                }
                (Some(_), Some(letter), _) => Outcome::of_letter(letter),
                (Some(_), None, Some(error)) => Outcome::freed(error),
                (Some(_), None, None) if !submits => Outcome::Recorded,
                (Some(order), None, None) => let_go(order, references),
            };
            let client_order_id = order.and_then(|order| order.terms.client_order_id.as_deref());
            Line { order_id: Some(*id), client_order_id, outcome }
        }
    };
    record.fates.iter().map(line).collect()
}

/// An order that was to be submitted and is in no letter.
fn let_go(order: &Order, references: &References) -> Outcome<'static> {
    match references.status(order.terms.status_id) {
        Some(status::NEW) => {
            let message =
                "Order is not being submitted: it was taken back, or could not be submitted \
                           in time; submit it again"
                    .to_owned();
            failed(Code::OrderRejected, "", message)
        }
        name => {
            let name = name.unwrap_or("in an unknown status");
            let message = format!("Order {} is {name}: it must be NEW to be submitted", order.id);
            failed(Code::InvalidOrderState, "statusId", message)
        }
    }
}

fn failed(code: Code, field: &'static str, message: String) -> Outcome<'static> {
    Outcome::Failed { code, field, message: Cow::Owned(message) }
}
