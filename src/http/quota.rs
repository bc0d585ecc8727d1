//! What each client may bring, as HTTP tells it: 429, and where it is wanted how much is left.
//!
//! Whoever has nothing left is refused by its request's head alone; who brings more than is left,
//! when its orders are counted. A request that came in before costs nothing, and what did not come
//! in is given back. All threads ask the same buckets: for a moment one waits for another.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};

use super::Doors;
use super::client::Asker;
use super::problem::{Code, Problem};
use crate::actors::batch_supervisor::Submission;
use crate::actors::ledger::Refused;
use crate::domain::admission::Shortage;
use crate::domain::batch::Key;
use crate::domain::caller::Caller;
use crate::domain::quota::{Quota, Rate, Spent, Standing};
use crate::ports::meter::DispatchMeter;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The buckets of all clients.
#[derive(Clone)]
pub struct Quotas(Arc<Shared>);

struct Shared {
    quota: Mutex<Quota>,
    rate: Rate,
    /// Answers tell how much is left.
    tells: bool,
    meter: Arc<dyn DispatchMeter>,
}

/// Two headers of an answer.
type Told = [(HeaderName, HeaderValue); 2];

/// A request whose orders are counted, by whom: its answer tells how much is left.
struct Counted(Caller);

impl Quotas {
    #[must_use]
    pub fn new(rate: Rate, tells: bool, meter: Arc<dyn DispatchMeter>, now: Instant) -> Self {
        let quota = Mutex::new(Quota::new(rate, now));
        Self(Arc::new(Shared { quota, rate, tells, meter }))
    }

    /// Turns away who has nothing left.
    pub(super) fn look(&self, caller: &Caller, now: Instant) -> Result<(), Problem> {
        let looked = self.quota().look(caller, now);
        looked.map_err(|spent| self.refuse(caller, spent))
    }

    fn take(&self, caller: &Caller, orders: usize, now: Instant) -> Result<(), Problem> {
        let taken = self.quota().take(caller, orders, now);
        taken.map_err(|spent| self.refuse(caller, spent))
    }

    fn refuse(&self, caller: &Caller, spent: Spent) -> Problem {
        self.0.meter.declined(Shortage::Quota.label());
        if spent.begins {
            let wait_s = spent.wait.as_secs_f64();
            log::warn!(client:% = caller, wait_s; "a client brings more than its quota: it is told to come later");
        }
        let message = "This client has brought as many orders as its quota allows for now - please \
                       retry after the time that Retry-After tells";
        Problem::new(Code::QuotaExceeded, message).wait(spent.wait)
    }

    /// The answer to this request will tell how much is left, where it is wanted.
    pub(super) fn count(&self, request: &HttpRequest, caller: &Caller) {
        if self.0.tells {
            request.extensions_mut().insert(Counted(caller.clone()));
        }
    }

    /// Whoever panicked with it has not left it half done.
    fn quota(&self) -> MutexGuard<'_, Quota> {
        self.0.quota.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Orders that were taken out of a bucket. Where nobody hears what became of them, they are not
/// given back: they may stand.
#[must_use]
pub(super) struct Charge<'a>(Option<(&'a Quotas, Caller, usize)>);

/// Takes so many orders out of the client's bucket, unless they came in before.
pub(super) fn charge<'a>(
    doors: &'a Doors,
    asker: &Asker,
    key: Option<&Key>,
    orders: usize,
) -> Result<Charge<'a>, Problem> {
    let Some(quotas) = &doors.quotas else { return Ok(Charge(None)) };
    if key.is_some_and(|key| doors.doorway.knows(&asker.client, &key.text)) {
        return Ok(Charge(None));
    }
    quotas.take(&asker.caller, orders, doors.clock.instant())?;
    Ok(Charge(Some((quotas, asker.caller.clone(), orders))))
}

impl Charge<'_> {
    /// Gives back what surely did not come in, or came in before.
    pub(super) fn settle(self, answer: Result<Submission, Refused>) -> Result<Submission, Refused> {
        let came_in = match &answer {
            Ok(Submission::Accepted(_)) | Err(Refused::Unknown(_)) => true,
            Ok(Submission::Known(..)) => false,
            Err(
                Refused::Busy { .. } | Refused::Stopping | Refused::Change(_) | Refused::Failed(_),
            ) => false,
        };
        if let (false, Some((quotas, caller, orders))) = (came_in, self.0) {
            quotas.quota().give_back(&caller, orders);
        }
        answer
    }
}

/// What the answer to this request tells of its client's bucket, if anything.
pub(super) fn told(doors: &Doors, request: &HttpRequest) -> Option<Told> {
    let Counted(caller) = request.extensions_mut().remove()?;
    let quotas = doors.quotas.as_ref()?;
    let Standing { left, full_in } = quotas.quota().standing(&caller, doors.clock.instant());
    let Rate { burst, .. } = quotas.0.rate;
    let (window, full_in) = (seconds(quotas.0.rate.window()), seconds(full_in));
    let policy = HeaderValue::try_from(format!("\"orders\";q={burst};w={window}")).ok()?;
    let limit = HeaderValue::try_from(format!("\"orders\";r={left};t={full_in}")).ok()?;
    Some([(POLICY, policy), (LIMIT, limit)])
}

/// Whole, and never too few.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
