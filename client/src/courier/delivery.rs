//! What became of the orders of a parcel: done, rejected, or left for another time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::parcel::Parcel;
use crate::rules::answer::{self, Sorted};
use crate::rules::class::{Class, Heard, Told, Verdict};
use crate::rules::patience::QueueReason;
use crate::wire::{Problem, SubmissionItem};

/// Each order is in exactly one of the three.
#[derive(Debug, Default)]
pub(crate) struct Delivery {
    pub(crate) done: Vec<SubmissionItem<'static>>,
    pub(crate) rejected: Vec<Rejected>,
    pub(crate) left: Option<Left>,
}

/// An order that the service will not take as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    pub client_order_id: String,
    /// A code of the service's catalogue; empty if it named none.
    pub code: String,
    /// The field at fault, if it is one.
    pub field: Option<String>,
    pub message: String,
}

/// What could not be brought, and goes on from here another time.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) parcel: Parcel,
    pub(crate) reason: QueueReason,
    pub(crate) error: String,
    /// Not before so long.
    pub(crate) wait: Duration,
    /// Calls that were made.
    pub(crate) attempts: u32,
}

/// What a call has left to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing: the batch was taken up.
    Taken,
    /// Nothing: the batch was refused as a whole.
    Refused { error: String },
    /// What is in the parcel now may be taken another time.
    Again { verdict: Verdict, error: String },
}

impl Delivery {
    /// Sorts what was heard into itself. What may be sent again becomes the parcel.
    pub(super) fn hear(&mut self, parcel: &mut Parcel, heard: Heard, verdict: Verdict) -> Step {
        let again = |error: String| Step::Again { verdict, error };
        let told = match heard {
            Heard::Answer(told) => told,
            Heard::NoLease => return again("no connection was free in time".to_owned()),
            Heard::TimedOut => return again("no answer came in time".to_owned()),
            Heard::NotConnected(why) | Heard::HungUp(why) => return again(why),
        };
        if verdict.class.is_temporary() {
            return again(sentence(&told));
        }
        if verdict.class == Class::Taken {
            return self.hear_items(parcel, &told.body);
        }
        self.rejected.extend(refused(parcel, &told));
        Step::Refused { error: sentence(&told) }
    }

    fn hear_items(&mut self, parcel: &mut Parcel, body: &[u8]) -> Step {
        let verdict = Verdict { class: Class::ServerError, wait: None };
        let sorted = match answer::read(body, parcel.orders.len()) {
            Ok(sorted) => sorted,
            // The batch may have been taken: the same key finds out.
            Err(error) => {
                return Step::Again { verdict, error: format!("the answer is unclear: {error}") };
            }
        };
        let left = (!sorted.again.is_empty()).then(|| parcel.of_places(&sorted.again));
        let left = match left.transpose() {
            Ok(left) => left,
            Err(error) => return Step::Again { verdict, error: error.to_string() },
        };
        self.note(parcel, sorted);
        let Some(left) = left else { return Step::Taken };
        let count = left.orders.len();
        *parcel = left;
        Step::Again { verdict, error: format!("{count} orders could not be taken at this time") }
    }

    fn note(&mut self, parcel: &Parcel, mut sorted: Sorted) {
        for item in &mut sorted.done {
            let name = name(parcel, item.request_index);
            // The service repeats it: there is rarely anything to change.
            if item.client_order_id.as_deref() != Some(name) {
                item.client_order_id = Some(name.to_owned().into());
            }
        }
        self.done.append(&mut sorted.done);
        self.rejected.extend(sorted.rejected.into_iter().map(|item| Rejected {
            client_order_id: name(parcel, item.request_index).to_owned(),
            code: item.error_code.unwrap_or_default().into_owned(),
            field: item.field.map(Into::into),
            message: item.message.into_owned(),
        }));
    }
}

/// What the order at this place is called: every order of a parcel has a name.
fn name(parcel: &Parcel, place: usize) -> &str {
    let order = parcel.orders.get(place);
    order.and_then(|order| order.client_order_id.as_deref()).unwrap_or_default()
}

/// Each order of a batch that was refused as a whole, for the same reason.
fn refused<'a>(parcel: &'a Parcel, told: &Told) -> impl Iterator<Item = Rejected> + use<'a> {
    let code = told.code.clone().unwrap_or_default();
    let message = sentence(told);
    (0..parcel.orders.len()).map(move |place| Rejected {
        client_order_id: name(parcel, place).to_owned(),
        code: code.clone(),
        field: None,
        message: message.clone(),
    })
}

/// What a problem says, after its status.
fn sentence(told: &Told) -> String {
    let problem = serde_json::from_slice::<Problem<'_>>(&told.body);
    let message = problem.map(|problem| problem.message.into_owned()).unwrap_or_default();
    format!("the service answered {} {message}", told.status).trim_end().to_owned()
}
