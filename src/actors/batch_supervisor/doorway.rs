//! What may be known of the supervisor's door without asking: who was told to come later, and
//! which keys came in lately. A refusal then costs no message and no byte of the body, and who
//! asks again for what came in lately is not refused.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::admission::{Later, Shortage};
use crate::domain::caller::Caller;
use crate::domain::client::ClientId;
use crate::ports::meter::DispatchMeter;

/// Keys that are remembered: those of the last seconds, whatever the load is.
const KEYS_MAX: usize = 20_000;
/// When so many callers are shut out, those are forgotten whose time is over.
const SHUT_TIDY: usize = 1_024;

/// The door as others see it.
#[derive(Clone)]
pub struct Doorway(Arc<Shared>);

struct Shared {
    meter: Arc<dyn DispatchMeter>,
    shut: Mutex<HashMap<Caller, Shut>>,
    /// How many are shut out: in calm, nobody waits for a lock to learn that nobody is.
    count: AtomicUsize,
    keys: Mutex<Keys>,
    hasher: RandomState,
}

#[derive(Clone, Copy, Debug)]
struct Shut {
    until: Instant,
    why: Shortage,
    come_at: Instant,
}

#[derive(Debug, Default)]
struct Keys {
    known: HashSet<u64>,
    order: VecDeque<u64>,
}

impl Doorway {
    #[must_use]
    pub fn new(meter: Arc<dyn DispatchMeter>) -> Self {
        Self(Arc::new(Shared {
            meter,
            shut: Mutex::default(),
            count: AtomicUsize::new(0),
            keys: Mutex::default(),
            hasher: RandomState::new(),
        }))
    }

    /// Nobody was told to come later.
    #[must_use]
    pub fn is_wide_open(&self) -> bool {
        self.0.count.load(Ordering::Relaxed) == 0
    }

    /// How long this caller has to wait, if it was told so a moment ago. One that brings a key
    /// that is known is let through to hear what became of it.
    #[must_use]
    pub fn refusal(
        &self,
        caller: &Caller,
        key: Option<(&ClientId, &str)>,
        now: Instant,
    ) -> Option<Duration> {
        let shut = lock(&self.0.shut).get(caller).copied().filter(|shut| now < shut.until)?;
        if key.is_some_and(|(client, key)| self.knows(client, key)) {
            return None;
        }
        self.0.meter.declined(shut.why.label());
        Some(shut.come_at.saturating_duration_since(now))
    }

    /// This caller was told to come later.
    pub fn shut(&self, caller: Caller, later: Later, now: Instant) {
        self.0.meter.declined(later.why.label());
        let shut = Shut { until: now + later.holds_for, why: later.why, come_at: now + later.wait };
        let mut all = lock(&self.0.shut);
        if all.len() >= SHUT_TIDY {
            all.retain(|_, shut| now < shut.until);
        }
        all.insert(caller, shut);
        self.0.count.store(all.len(), Ordering::Relaxed);
    }

    /// There is room for this caller.
    pub(super) fn open(&self, caller: &Caller) {
        if self.is_wide_open() {
            return;
        }
        let mut all = lock(&self.0.shut);
        all.remove(caller);
        self.0.count.store(all.len(), Ordering::Relaxed);
    }

    /// Was a request under this key accepted lately?
    #[must_use]
    pub fn knows(&self, client: &ClientId, key: &str) -> bool {
        lock(&self.0.keys).known.contains(&self.hash(client, key))
    }

    /// A request under this key was accepted.
    pub fn remember(&self, client: &ClientId, key: &str) {
        let hash = self.hash(client, key);
        let mut keys = lock(&self.0.keys);
        if !keys.known.insert(hash) {
            return;
        }
        keys.order.push_back(hash);
        if keys.order.len() > KEYS_MAX
            && let Some(oldest) = keys.order.pop_front()
        {
            keys.known.remove(&oldest);
        }
    }

    fn hash(&self, client: &ClientId, key: &str) -> u64 {
        self.0.hasher.hash_one((client, key))
    }
}

/// Whoever panicked with it has not left it half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::clock::{Clock, SystemClock};

    const LATER: Later = Later {
        why: Shortage::Line,
        wait: Duration::from_secs(7),
        holds_for: Duration::from_millis(250),
    };

    fn named(name: &str) -> (ClientId, Caller) {
        let client = ClientId::from_header(name.as_bytes()).unwrap();
        (client.clone(), Caller::Named(client))
    }

    #[test]
    fn who_is_shut_out_hears_it_for_as_long_as_it_holds_and_nobody_else_does() {
        let (doorway, now) = (Doorway::new(Arc::new(())), SystemClock.instant());
        let [(_, heavy), (_, light)] = ["heavy", "light"].map(named);
        assert_eq!(doorway.refusal(&heavy, None, now), None);

        doorway.shut(heavy.clone(), LATER, now);

        let soon = now + Duration::from_millis(100);
        assert_eq!(doorway.refusal(&heavy, None, soon), Some(Duration::from_millis(6_900)));
        assert_eq!(doorway.refusal(&light, None, soon), None);
        assert_eq!(doorway.refusal(&heavy, None, now + LATER.holds_for), None);
        doorway.open(&heavy);
        assert_eq!(doorway.refusal(&heavy, None, soon), None);
    }

    #[test]
    fn a_key_that_came_in_is_let_through() {
        let (doorway, now) = (Doorway::new(Arc::new(())), SystemClock.instant());
        let [(client, heavy), (other, _)] = ["heavy", "light"].map(named);
        doorway.remember(&client, "k");
        doorway.shut(heavy.clone(), LATER, now);

        assert_eq!(doorway.refusal(&heavy, Some((&client, "k")), now), None);
        assert!(doorway.refusal(&heavy, Some((&client, "another")), now).is_some());
        assert!(doorway.refusal(&heavy, Some((&other, "k")), now).is_some(), "it is another's");
        for number in 0..KEYS_MAX {
            doorway.remember(&client, &number.to_string());
        }
        assert!(!doorway.knows(&client, "k"), "the oldest is forgotten");
    }

    #[test]
    fn who_is_shut_out_no_more_is_forgotten() {
        let (doorway, now) = (Doorway::new(Arc::new(())), SystemClock.instant());
        for number in 0..2 * SHUT_TIDY {
            let now = now + LATER.holds_for * u32::try_from(number).unwrap();
            doorway.shut(named(&format!("desk-{number}")).1, LATER, now);
        }
        assert!(lock(&doorway.0.shut).len() <= SHUT_TIDY);
    }
}
