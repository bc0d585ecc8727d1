//! The monitor through its address, on paused time, with a gauge that shows what it is told.

mod breaker;

use std::sync::{Mutex, MutexGuard};

use actix::Addr;
use async_trait::async_trait;
use resilience::breaker::Config;
use tokio::time::sleep;

use super::*;
use crate::actors::circuit_breaker::{CircuitBreaker, Protected, Setup, Subscribe};
use crate::ports::clock::SystemClock;

const PACE: Pace =
    Pace { sample_every: Duration::from_secs(5), hold_warning: Duration::from_secs(10) };

/// What the next probes do.
#[derive(Clone, Copy, Debug, Default)]
enum Probe {
    #[default]
    FindNothing,
    FindTheDatabase,
    Hang,
    Panic,
}

#[derive(Default)]
struct Panel {
    sample: PoolSample,
    holds: Vec<Hold>,
    away: bool,
    starting: bool,
    timeouts_in_a_row: u32,
    probe: Probe,
    probe_takes: Duration,
    probes: u64,
    probes_under_way: u64,
    probes_under_way_max: u64,
}

#[derive(Default)]
struct FakeGauge(Mutex<Panel>);

impl FakeGauge {
    fn panel(&self) -> MutexGuard<'_, Panel> {
        self.0.lock().unwrap()
    }
}

#[async_trait]
impl PoolGauge for FakeGauge {
    fn sample(&self) -> PoolSample {
        self.panel().sample
    }

    fn state(&self) -> DatabaseState {
        let panel = self.panel();
        match (panel.starting, panel.away) {
            (true, _) => DatabaseState::Starting,
            (false, true) => DatabaseState::Away { reason: "planned".to_owned() },
            (false, false) => DatabaseState::Serving,
        }
    }

    fn holds(&self) -> Vec<Hold> {
        self.panel().holds.clone()
    }

    fn timeouts(&self) -> u64 {
        7
    }

    fn timeouts_in_a_row(&self) -> u32 {
        self.panel().timeouts_in_a_row
    }

    async fn probe(&self) -> DatabaseState {
        let _under_way = UnderWay::enter(self);
        let takes = self.panel().probe_takes;
        if !takes.is_zero() {
            sleep(takes).await;
        }
        let probe = self.panel().probe;
        match probe {
            Probe::FindNothing => {}
            Probe::FindTheDatabase => self.panel().away = false,
            Probe::Hang => std::future::pending().await,
            Probe::Panic => panic!("planned"),
        }
        self.state()
    }
}

/// One probe under way, as long as it lives.
struct UnderWay<'a>(&'a FakeGauge);

impl<'a> UnderWay<'a> {
    fn enter(gauge: &'a FakeGauge) -> Self {
        let mut panel = gauge.panel();
        panel.probes += 1;
        panel.probes_under_way += 1;
        panel.probes_under_way_max = panel.probes_under_way_max.max(panel.probes_under_way);
        Self(gauge)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.panel().probes_under_way -= 1;
    }
}

struct House {
    monitor: Addr<PoolMonitor>,
    breaker: Addr<CircuitBreaker>,
    gauge: Arc<FakeGauge>,
}

impl House {
    fn new(pace: Pace) -> Self {
        tokio::time::pause();
        let gauge = Arc::new(FakeGauge::default());
        gauge.panel().sample = used(10);
        let port: Arc<dyn PoolGauge> = gauge.clone();
        let clock = Arc::new(SystemClock);
        let rules = Config::pool().check().unwrap();
        let setup = Setup { protects: Protected::Pool, rules, permits_max: 9, seed: 7 };
        let (breaker, _) = CircuitBreaker::new(&setup, clock.clone(), Arc::new(()));
        let breaker = breaker.start();
        let told = breaker.clone().recipient();
        let monitor = PoolMonitor::new(port, clock, pace, told).start();
        breaker.try_send(Subscribe(monitor.clone().recipient())).unwrap();
        Self { monitor, breaker, gauge }
    }

    /// Loses the database; from now on probes do as told.
    fn lose(&self, probe: Probe) {
        let mut panel = self.gauge.panel();
        (panel.away, panel.probe) = (true, probe);
    }

    async fn picture(&self) -> PoolPicture {
        self.monitor.send(ObservePool).await.unwrap()
    }

    async fn observe(&self) -> Snapshot {
        self.monitor.send(Observe).await.unwrap()
    }

    async fn counter(&self, name: &str) -> u64 {
        self.observe().await.counters[name]
    }

    fn probes(&self) -> u64 {
        self.gauge.panel().probes
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.gauge.panel().probes_under_way_max <= 1, "two probes at once");
        }
    }
}

fn used(active: u32) -> PoolSample {
    PoolSample { active, idle: 0, waiting: 2, total: active, max: 100 }
}

/// So many ticks of the monitor, and a little more.
async fn ticks(count: u32) {
    sleep(PACE.sample_every * count + Duration::from_millis(5)).await;
}

#[actix::test]
async fn each_tick_adds_a_sample_to_the_history() {
    let house = House::new(PACE);
    assert_eq!(house.picture().await.history, []);

    for active in [10, 20, 30] {
        house.gauge.panel().sample = used(active);
        ticks(1).await;
    }

    let history = house.picture().await.history;
    let samples: Vec<PoolSample> = history.iter().map(|(_, sample)| *sample).collect();
    assert_eq!(samples, [used(10), used(20), used(30)]);
    assert!(history.is_sorted_by_key(|(at, _)| *at));
    assert_eq!(house.counter("samples").await, 3);
}

#[actix::test]
async fn the_history_is_ten_minutes_long_and_the_oldest_goes_first() {
    let house = House::new(PACE);
    ticks(1).await;
    house.gauge.panel().sample = used(20);

    ticks(118).await;
    assert_eq!(house.picture().await.history.len(), 119);
    ticks(1).await;
    let history = house.picture().await.history;
    assert_eq!((history.len(), history[0].1), (120, used(10)));

    ticks(1).await;
    let history = house.picture().await.history;
    assert_eq!((history.len(), history[0].1), (120, used(20)));
    ticks(500).await;
    assert_eq!(house.picture().await.history.len(), 120);
}

#[actix::test]
async fn the_history_is_bounded_at_any_pace() {
    let house = House::new(Pace { sample_every: Duration::from_millis(50), ..PACE });

    sleep(Duration::from_millis(360_025)).await;

    assert_eq!(house.counter("samples").await, 7_200);
    assert_eq!(house.picture().await.history.len(), HISTORY_SAMPLES_MAX);
}

#[actix::test]
async fn the_picture_shows_the_pool_as_it_is_and_not_as_it_was_at_the_last_tick() {
    let house = House::new(PACE);
    ticks(1).await;
    let hold = Hold { doing: "orders.list", held: Duration::from_secs(1) };
    {
        let mut panel = house.gauge.panel();
        (panel.sample, panel.holds) = (used(99), vec![hold]);
    }

    let picture = house.picture().await;

    assert_eq!((picture.sample, picture.history[0].1), (used(99), used(10)));
    assert_eq!((picture.holds, picture.timeouts), (vec![hold], 7));
    assert_eq!(picture.state, DatabaseState::Serving);
}

#[actix::test]
async fn a_pool_that_stays_full_is_warned_of_once_for_each_turn() {
    let house = House::new(PACE);

    for (active, warnings) in [(80, 1), (80, 1), (95, 2), (80, 2), (10, 2), (80, 3)] {
        house.gauge.panel().sample = used(active);
        ticks(1).await;
        assert_eq!(house.counter("warnings").await, warnings, "at {active}");
    }
}

#[actix::test]
async fn a_long_hold_is_warned_of_each_half_minute_and_not_each_tick() {
    let house = House::new(PACE);
    let long = Hold { doing: "orders.list", held: Duration::from_secs(11) };
    let short = Hold { doing: "orders.get", held: Duration::from_secs(9) };
    house.gauge.panel().holds = vec![long, short];

    ticks(1).await;
    assert_eq!(house.counter("warnings").await, 1);
    ticks(5).await;
    assert_eq!(house.counter("warnings").await, 1);
    ticks(1).await;
    assert_eq!(house.counter("warnings").await, 2);
}

#[actix::test]
async fn a_database_that_is_there_or_not_yet_known_is_not_probed() {
    let house = House::new(PACE);
    sleep(Duration::from_mins(1)).await;
    house.gauge.panel().starting = true;
    sleep(Duration::from_mins(1)).await;

    assert_eq!(house.probes(), 0);
}

#[actix::test]
async fn a_lost_database_is_looked_for_four_times_a_second_until_it_is_back() {
    let house = House::new(PACE);
    house.lose(Probe::FindNothing);

    sleep(Duration::from_millis(10_100)).await;
    assert_eq!(house.probes(), 40);

    house.gauge.panel().probe = Probe::FindTheDatabase;
    sleep(Duration::from_mins(1)).await;
    assert_eq!(house.probes(), 41);
    assert_eq!(house.picture().await.state, DatabaseState::Serving);
    assert_eq!(house.counter("probes").await, 41);

    house.lose(Probe::FindTheDatabase);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(house.probes(), 42);
}

#[actix::test]
async fn a_slow_probe_is_not_overlapped_by_the_next() {
    let house = House::new(PACE);
    house.gauge.panel().probe_takes = Duration::from_millis(900);
    house.lose(Probe::FindNothing);

    sleep(Duration::from_millis(10_100)).await;

    assert_eq!(house.probes(), 10);
    assert_eq!(house.counter("probes_failed").await, 0);
}

#[actix::test]
async fn while_a_probe_hangs_the_monitor_answers_and_measures_and_later_probes_go_on() {
    let house = House::new(PACE);
    house.lose(Probe::Hang);
    sleep(Duration::from_secs(1)).await;

    assert_eq!(house.gauge.panel().probes_under_way, 1);
    let asked = SystemClock.instant();
    assert_eq!(house.observe().await.state, "away");
    assert_eq!(SystemClock.instant(), asked);

    sleep(Duration::from_secs(20)).await;
    assert!((4..=5).contains(&house.probes()), "{}", house.probes());
    assert_eq!(house.counter("samples").await, 4);
    house.gauge.panel().probe = Probe::FindTheDatabase;
    sleep(Duration::from_secs(6)).await;
    let snapshot = house.observe().await;
    assert_eq!(snapshot.state, "healthy");
    assert!(snapshot.counters["probes_failed"] >= 4);
    assert_eq!(snapshot.last_error.unwrap(), "probe of the database did not end in time");
}

#[actix::test]
async fn a_probe_that_panics_does_not_stop_the_next() {
    let house = House::new(PACE);
    house.lose(Probe::Panic);
    sleep(Duration::from_millis(600)).await;
    assert_eq!(house.counter("probes_failed").await, 2);

    house.gauge.panel().probe = Probe::FindTheDatabase;
    sleep(Duration::from_millis(250)).await;

    assert_eq!(house.picture().await.state, DatabaseState::Serving);
    let snapshot = house.observe().await;
    assert_eq!(snapshot.counters["probes"], 3);
    assert!(snapshot.last_error.unwrap().contains("unexpectedly"));
}

#[actix::test]
async fn the_snapshot_names_the_database_before_the_colour() {
    let house = House::new(PACE);
    for (active, name) in [(10, "healthy"), (75, "warning"), (90, "critical")] {
        house.gauge.panel().sample = used(active);
        let snapshot = house.observe().await;
        assert_eq!((snapshot.name, snapshot.state, snapshot.depth), ("pool_monitor", name, 2));
    }

    house.lose(Probe::FindNothing);
    assert_eq!(house.observe().await.state, "away");
    house.gauge.panel().starting = true;
    assert_eq!(house.observe().await.state, "starting");
}
