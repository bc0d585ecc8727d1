//! Decides how each call is treated: pure, seeded, and told the time.
//!
//! In turn: the service may be down; a script says what comes next; orders may be marked; the dice
//! are thrown.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use fastrand::Rng;

use super::kind::{Kind, On};
use super::{Down, DownMode, Faults, SCRIPT_MAX, Step};

/// How one call is treated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Plan {
    pub(in super::super) kind: Kind,
    pub(in super::super) latency: Duration,
    /// Store this long after the call has ended for its caller.
    pub(in super::super) late: Option<Duration>,
    pub(in super::super) retry_after: u32,
    pub(in super::super) drip: Duration,
    /// The order that is to blame.
    pub(in super::super) index: usize,
    /// Look-ups answer as of so long ago.
    pub(in super::super) stale: Duration,
}

/// What the decision needs to know about an order.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct OrderFacts<'a> {
    pub(in super::super) order_id: i32,
    pub(in super::super) portfolio_id: &'a str,
}

#[derive(Debug)]
pub(in super::super) struct Chaos {
    faults: Faults,
    /// When `faults` were set.
    since: Instant,
    dice: Rng,
    placing: VecDeque<Step>,
    lookups: VecDeque<Step>,
    struck: BTreeMap<Kind, u64>,
}

impl Chaos {
    pub(in super::super) fn new(faults: Faults, now: Instant) -> Self {
        let dice = Rng::with_seed(faults.seed);
        let (placing, lookups) = (VecDeque::new(), VecDeque::new());
        Self { faults, since: now, dice, placing, lookups, struck: BTreeMap::new() }
    }

    /// Sets other faults; the script stays, and the dice begin again.
    pub(in super::super) fn set(&mut self, faults: Faults, now: Instant) {
        self.dice = Rng::with_seed(faults.seed);
        self.faults = faults;
        self.since = now;
    }

    /// The faults as they are now: what strikes only so often has fewer strikes left.
    pub(in super::super) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// How often each kind befell a call.
    pub(in super::super) fn struck(&self) -> &BTreeMap<Kind, u64> {
        &self.struck
    }

    pub(in super::super) fn script(&self) -> impl Iterator<Item = &Step> {
        self.placing.iter().chain(&self.lookups)
    }

    /// Adds to the script; false when it would become too long.
    pub(in super::super) fn append(&mut self, steps: Vec<Step>) -> bool {
        if self.script().count() + steps.len() > SCRIPT_MAX {
            return false;
        }
        for step in steps {
            match step.on {
                On::Place => self.placing.push_back(step),
                On::Lookup => self.lookups.push_back(step),
            }
        }
        true
    }

    pub(in super::super) fn forget_script(&mut self) {
        self.placing.clear();
        self.lookups.clear();
    }

    /// Is nobody to listen?
    pub(in super::super) fn is_refusing(&self, now: Instant) -> bool {
        self.down(now) == Some(DownMode::Refuse)
    }

    /// When that may change next without being told.
    pub(in super::super) fn next_turn(&self, now: Instant) -> Option<Instant> {
        let Down { from_ms, to_ms, .. } = self.faults.down?;
        let turns = [Some(from_ms), to_ms].into_iter().flatten();
        turns
            .filter_map(|after| self.since.checked_add(Duration::from_millis(after)))
            .find(|turn| *turn > now)
    }

    fn down(&self, now: Instant) -> Option<DownMode> {
        let Down { mode, from_ms, to_ms } = self.faults.down?;
        let passed = now.saturating_duration_since(self.since);
        let began = passed >= Duration::from_millis(from_ms);
        let ended = to_ms.is_some_and(|to_ms| passed >= Duration::from_millis(to_ms));
        (began && !ended).then_some(mode)
    }

    /// How the next placing call is treated.
    pub(in super::super) fn place(&mut self, orders: &[OrderFacts<'_>], now: Instant) -> Plan {
        let plan = self.decide(On::Place, now).unwrap_or_else(|| {
            let reject = &self.faults.reject;
            let mut marked = orders.iter();
            let marked = marked.position(|order| reject.hits(order.order_id, order.portfolio_id));
            match marked {
                Some(index) => Plan { index, ..self.plan(Kind::Reject) },
                None => self.thrown(On::Place, orders.len()),
            }
        });
        self.count(plan)
    }

    /// How the next look-up is treated.
    pub(in super::super) fn look_up(&mut self, now: Instant) -> Plan {
        let plan = self.decide(On::Lookup, now).unwrap_or_else(|| {
            if self.faults.empty_lookups > 0 && self.strike() {
                self.faults.empty_lookups -= 1;
                return self.plan(Kind::Empty);
            }
            let plan = self.thrown(On::Lookup, 0);
            let is_stale = plan.kind == Kind::Ok && !plan.stale.is_zero();
            if is_stale { Plan { kind: Kind::Stale, ..plan } } else { plan }
        });
        self.count(plan)
    }

    /// What comes before orders and dice.
    fn decide(&mut self, on: On, now: Instant) -> Option<Plan> {
        match self.down(now) {
            Some(DownMode::Refuse | DownMode::Reset) => {
                return Some(self.at_once(Kind::ResetBefore));
            }
            Some(DownMode::Unavailable) => return Some(self.at_once(Kind::Unavailable)),
            None => {}
        }
        let step = self.next_step(on)?;
        let plan = self.plan(step.kind);
        let or = |millis: Option<u64>, set: Duration| millis.map_or(set, Duration::from_millis);
        Some(Plan {
            latency: or(step.latency_ms, plan.latency),
            late: step.late_ms.map(Duration::from_millis).or(plan.late),
            retry_after: step.retry_after.unwrap_or(plan.retry_after),
            stale: or(step.stale_ms, plan.stale),
            index: step.index.unwrap_or(plan.index),
            ..plan
        })
    }

    fn next_step(&mut self, on: On) -> Option<Step> {
        let script = match on {
            On::Place => &mut self.placing,
            On::Lookup => &mut self.lookups,
        };
        let step = script.front_mut()?;
        step.times -= 1;
        if step.times > 0 { Some(step.clone()) } else { script.pop_front() }
    }

    /// What the dice say.
    fn thrown(&mut self, on: On, orders: usize) -> Plan {
        let rates = match on {
            On::Place => &self.faults.rates,
            On::Lookup => &self.faults.lookup_rates,
        };
        if rates.is_empty() {
            return self.plan(Kind::Ok);
        }
        let mut thrown = self.dice.f64();
        let mut rates = rates.iter();
        let fallen = rates.find(|(_, share)| {
            thrown -= **share;
            thrown < 0.0
        });
        match fallen.map(|(kind, _)| *kind) {
            Some(kind) if kind != Kind::Ok && self.strike() => {
                let index = if orders > 1 { self.dice.usize(..orders) } else { 0 };
                Plan { index, ..self.plan(kind) }
            }
            Some(_) | None => self.plan(Kind::Ok),
        }
    }

    /// Takes one of the strikes that are left; false when none is.
    fn strike(&mut self) -> bool {
        match &mut self.faults.strikes {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }

    fn plan(&mut self, kind: Kind) -> Plan {
        let spread = self.faults.latency_spread_ms;
        let micros = if spread > 0 { self.dice.u64(..=spread.saturating_mul(1000)) } else { 0 };
        let latency = Duration::from_millis(self.faults.latency_ms);
        Plan { latency: latency + Duration::from_micros(micros), ..self.at_once(kind) }
    }

    fn at_once(&self, kind: Kind) -> Plan {
        Plan {
            kind,
            latency: Duration::ZERO,
            late: (kind == Kind::Late).then_some(Duration::from_millis(self.faults.late_ms)),
            retry_after: self.faults.retry_after,
            drip: Duration::from_millis(self.faults.drip_ms),
            index: 0,
            stale: Duration::from_millis(self.faults.stale_ms),
        }
    }

    fn count(&mut self, plan: Plan) -> Plan {
        if plan.kind != Kind::Ok {
            *self.struck.entry(plan.kind).or_default() += 1;
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::super::Reject;
    use super::*;
    use crate::ports::clock::{Clock, SystemClock};

    fn chaos(faults: &str) -> (Chaos, Instant) {
        let now = SystemClock.instant();
        let faults: Faults = serde_json::from_str(faults).unwrap();
        faults.check().unwrap();
        (Chaos::new(faults, now), now)
    }

    fn kinds(chaos: &mut Chaos, now: Instant, calls: usize) -> Vec<Kind> {
        (0..calls).map(|_| chaos.place(&[], now).kind).collect()
    }

    #[test]
    fn without_faults_every_call_is_treated_well_and_at_once() {
        let (mut chaos, now) = chaos("{}");

        let plan = chaos.place(&[], now);

        assert_eq!((plan.kind, plan.latency, plan.late), (Kind::Ok, Duration::ZERO, None));
        assert_eq!(chaos.look_up(now).kind, Kind::Ok);
        assert!(chaos.struck().is_empty());
    }

    #[test]
    fn the_same_seed_throws_the_same_and_shares_come_out() {
        let faults = r#"{"seed": 7, "rates": {"error_before": 0.2, "reset_after": 0.3}}"#;
        let (mut first, now) = chaos(faults);
        let (mut second, _) = chaos(faults);

        let thrown = kinds(&mut first, now, 10_000);

        assert_eq!(thrown, kinds(&mut second, now, 10_000));
        let share = |kind| thrown.iter().filter(|thrown| **thrown == kind).count();
        assert!((1800..2200).contains(&share(Kind::ErrorBefore)));
        assert!((2800..3200).contains(&share(Kind::ResetAfter)));
        assert_eq!(share(Kind::Ok) + share(Kind::ErrorBefore) + share(Kind::ResetAfter), 10_000);
        let struck = u64::try_from(10_000 - share(Kind::Ok)).unwrap();
        assert_eq!(first.struck().values().sum::<u64>(), struck);
    }

    #[test]
    fn a_script_is_followed_in_order_and_each_sort_of_call_has_its_own() {
        let (mut chaos, now) = chaos(r#"{"rates": {"drip": 1}}"#);
        let steps = r#"[{"kind": "reset_after"}, {"kind": "ok", "times": 2}, {"kind": "empty", "on": "lookup"},
            {"kind": "hang_before", "lateMs": 30, "latencyMs": 5}]"#;
        assert!(chaos.append(serde_json::from_str(steps).unwrap()));

        assert_eq!(chaos.look_up(now).kind, Kind::Empty);
        assert_eq!(chaos.look_up(now).kind, Kind::Ok);
        assert_eq!(kinds(&mut chaos, now, 3), [Kind::ResetAfter, Kind::Ok, Kind::Ok]);
        let late = chaos.place(&[], now);
        assert_eq!((late.kind, late.late), (Kind::HangBefore, Some(Duration::from_millis(30))));
        assert_eq!(late.latency, Duration::from_millis(5));
        assert_eq!(kinds(&mut chaos, now, 1), [Kind::Drip]);
        assert_eq!(chaos.script().count(), 0);
    }

    #[test]
    fn marked_orders_are_refused_each_time_with_their_index() {
        let order = |order_id, portfolio_id| OrderFacts { order_id, portfolio_id };
        let table = [
            (r#"{"orderIds": [5]}"#, 1),
            (r#"{"everyNth": 5}"#, 1),
            (r#"{"portfolioPrefix": "BAD"}"#, 2),
        ];
        for (reject, index) in table {
            let (mut chaos, now) = chaos(&format!(r#"{{"reject": {reject}}}"#));
            for _ in 0..2 {
                let plan = chaos.place(&[order(4, "P"), order(5, "P"), order(6, "BAD1")], now);
                assert_eq!((plan.kind, plan.index), (Kind::Reject, index), "{reject}");
            }
        }
        assert!(!Reject::default().hits(0, ""));
    }

    #[test]
    fn strikes_end_and_then_all_is_well() {
        let (mut chaos, now) =
            chaos(r#"{"rates": {"unavailable": 1}, "emptyLookups": 9, "strikes": 3}"#);

        assert_eq!(kinds(&mut chaos, now, 2), [Kind::Unavailable; 2]);
        assert_eq!(chaos.look_up(now).kind, Kind::Empty);
        assert_eq!(chaos.look_up(now).kind, Kind::Ok);
        assert_eq!(kinds(&mut chaos, now, 2), [Kind::Ok; 2]);
        assert_eq!(chaos.faults().strikes, Some(0));
    }

    #[test]
    fn the_service_is_down_from_to_and_the_script_waits() {
        for (mode, kind) in [("refuse", Kind::ResetBefore), ("unavailable", Kind::Unavailable)] {
            let faults = format!(r#"{{"down": {{"mode": "{mode}", "fromMs": 10, "toMs": 20}}}}"#);
            let (mut chaos, start) = chaos(&faults);
            chaos.append(vec![Step::new(Kind::Drip)]);
            let at = |millis| start + Duration::from_millis(millis);

            assert!(!chaos.is_refusing(at(9)));
            assert_eq!(chaos.next_turn(at(9)), Some(at(10)));
            assert_eq!(chaos.place(&[], at(10)).kind, kind);
            assert_eq!(chaos.look_up(at(19)).kind, kind);
            assert_eq!(chaos.is_refusing(at(19)), mode == "refuse");
            assert_eq!(chaos.next_turn(at(19)), Some(at(20)));
            assert_eq!(chaos.place(&[], at(20)).kind, Kind::Drip);
            assert_eq!(chaos.next_turn(at(20)), None);
        }
    }

    #[test]
    fn latency_is_spread_and_lookups_are_stale_by_setting() {
        let (mut chaos, now) = chaos(
            r#"{"latencyMs": 10, "latencySpreadMs": 5, "staleMs": 9, "lateMs": 8,
                "rates": {"late": 1}}"#,
        );

        let latencies: Vec<_> = (0..1000).map(|_| chaos.place(&[], now).latency).collect();

        let (min, max) = (latencies.iter().min().unwrap(), latencies.iter().max().unwrap());
        assert!(*min >= Duration::from_millis(10) && *max <= Duration::from_millis(15));
        assert!(*max - *min > Duration::from_millis(4));
        let plan = chaos.look_up(now);
        assert_eq!((plan.kind, plan.stale), (Kind::Stale, Duration::from_millis(9)));
        assert_eq!(chaos.place(&[], now).late, Some(Duration::from_millis(8)));
    }
}
