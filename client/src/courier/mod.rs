//! Brings a parcel to the service: at the rate that is in force, past the breaker, and as often as
//! it makes sense.

mod delivery;
mod permit;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use resilience::breaker::{Breaker, Glance, Rules};
use resilience::budget::Budget;
use tokio::time::sleep;

pub use self::delivery::Rejected;
use self::delivery::Step;
pub(crate) use self::delivery::{Delivery, Left};
use self::permit::Permit;
use crate::clock;
use crate::event::Event;
use crate::parcel::Parcel;
use crate::post::Post;
use crate::rules::class::{Class, ErrorType, Verdict, classify};
use crate::rules::condition::{Condition, Thresholds};
use crate::rules::patience::{Next, Patience, QueueReason};
use crate::rules::rate::Rate;
use crate::settings::Settings;
use crate::teller::Teller;

pub(crate) struct Courier {
    post: Rc<dyn Post>,
    teller: Teller,
    patience: Patience,
    thresholds: Thresholds,
    budget: RefCell<Budget>,
    breaker: RefCell<Breaker>,
    rate: RefCell<Rate>,
    condition: Cell<Condition>,
}

impl Courier {
    pub(crate) fn new(
        post: Rc<dyn Post>,
        settings: &Settings,
        rules: Rules,
        teller: Teller,
    ) -> Self {
        let (now, retry) = (clock::instant(), settings.retry);
        Self {
            post,
            teller,
            patience: Patience { attempts: retry.attempts, backoff: retry.backoff },
            thresholds: settings.thresholds,
            budget: RefCell::new(Budget::new(retry.budget, retry.reserve)),
            breaker: RefCell::new(Breaker::new(rules, now, fastrand::u64(..))),
            rate: RefCell::new(Rate::new(settings.rate, now)),
            condition: Cell::new(Condition::Unknown),
        }
    }

    /// What the last look at the service said.
    pub(crate) fn condition(&self) -> Condition {
        self.condition.get()
    }

    /// Calls per second that are allowed now.
    pub(crate) fn rate(&self) -> f64 {
        self.rate.borrow().per_second()
    }

    /// Looks at the service.
    pub(crate) async fn look(&self) {
        let condition = match self.post.utilisation().await {
            Ok(utilisation) => Condition::of(utilisation, &self.thresholds),
            Err(_) => Condition::Unreachable,
        };
        self.condition.set(condition);
        self.teller.tell(Event::Looked { condition, rate: self.rate() });
    }

    /// The rate follows what was last seen.
    pub(crate) fn adjust_rate(&self) {
        self.rate.borrow_mut().adjust(self.condition.get().utilisation());
    }

    /// Brings a parcel as far as patience goes.
    pub(crate) async fn deliver(&self, parcel: Parcel) -> Delivery {
        let delivery = self.carry(parcel, self.patience).await;
        if let Some(left) = &delivery.left
            && left.attempts >= self.patience.attempts
        {
            self.tell_failure(&left.parcel.key, Some(ErrorType::Exhausted), &left.error);
        }
        delivery
    }

    /// Tries a parcel once: the queue has a patience of its own.
    pub(crate) async fn try_once(&self, parcel: Parcel) -> Delivery {
        self.carry(parcel, Patience { attempts: 1, ..self.patience }).await
    }

    async fn carry(&self, mut parcel: Parcel, patience: Patience) -> Delivery {
        let (mut delivery, mut attempts, began) = (Delivery::default(), 0, clock::instant());
        loop {
            let permit = match self.permit().await {
                Ok(permit) => permit,
                Err(wait) => {
                    self.tell_rejection(&parcel);
                    let error = "the client's breaker is open".to_owned();
                    let reason = QueueReason::BreakerOpen;
                    delivery.left = Some(Left { parcel, reason, error, wait, attempts });
                    return delivery;
                }
            };
            if attempts == 0 {
                self.budget.borrow_mut().earn();
            }
            attempts += 1;
            let (batch_id, order_count) = (parcel.key.clone(), parcel.orders.len());
            self.teller.tell(Event::Submitting { batch_id: batch_id.clone(), order_count });
            let heard = self.post.send(&parcel).await;
            let verdict = classify(&heard);
            permit.tell(&heard, verdict.class);
            if verdict.class == Class::BreakerOpen {
                self.tell_rejection(&parcel);
            }
            let (verdict, error) = match delivery.hear(&mut parcel, heard, verdict) {
                Step::Taken => {
                    let took = clock::instant().saturating_duration_since(began);
                    self.teller.tell(Event::Submitted { batch_id, order_count, took });
                    return delivery;
                }
                Step::Refused { error } => {
                    self.tell_failure(&batch_id, verdict.class.error_type(), &error);
                    return delivery;
                }
                Step::Again { verdict, error } => (verdict, error),
            };
            self.tell_failure(&batch_id, verdict.class.error_type(), &error);
            match self.next(&patience, attempts, verdict) {
                Next::Again { wait } => {
                    self.tell_retry(&parcel, attempts + 1, &patience, wait);
                    sleep(wait).await;
                }
                Next::Stop { reason, wait } => {
                    delivery.left = Some(Left { parcel, reason, error, wait, attempts });
                    return delivery;
                }
            }
        }
    }

    /// Waits for its turn, and asks the breaker. Who would be refused does not wait for that.
    async fn permit(&self) -> Result<Permit<'_>, Duration> {
        let door = self.breaker.borrow().door();
        if let Glance::Refused { wait } = door.glance(clock::instant()) {
            return Err(wait);
        }
        let evenly = self.condition.get().is_throttled();
        let wait = self.rate.borrow_mut().take(clock::instant(), evenly);
        // The timer rounds up to its next millisecond, also nothing.
        if !wait.is_zero() {
            sleep(wait).await;
        }
        Permit::ask(&self.breaker)
    }

    fn next(&self, patience: &Patience, attempts: u32, verdict: Verdict) -> Next {
        patience.next(attempts, verdict, &mut self.budget.borrow_mut(), fastrand::f64())
    }

    fn tell_rejection(&self, parcel: &Parcel) {
        let (batch_id, order_count) = (parcel.key.clone(), parcel.orders.len());
        self.teller.tell(Event::BreakerRejected { batch_id, order_count });
    }

    fn tell_failure(&self, batch_id: &str, error_type: Option<ErrorType>, error: &str) {
        if let Some(error_type) = error_type {
            let (batch_id, message) = (batch_id.to_owned(), error.to_owned());
            self.teller.tell(Event::Failed { batch_id, error_type, message });
        }
    }

    fn tell_retry(&self, parcel: &Parcel, attempt: u32, patience: &Patience, wait: Duration) {
        let (batch_id, attempts_max) = (parcel.key.clone(), patience.attempts);
        self.teller.tell(Event::Retrying { batch_id, attempt, attempts_max, wait });
    }
}
