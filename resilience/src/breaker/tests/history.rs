//! Long random histories, held step by step against the model, and the promises that must hold
//! in each of them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::model::{At, Model};
use super::*;

/// 256 histories of 400 steps: more than 100,000.
const HISTORIES: u32 = 256;
const STEPS: usize = 400;

#[derive(Clone, Debug)]
enum Step {
    Ask,
    /// One of the calls under way ends.
    End(Index, char),
    Throttle(Index, Option<u64>),
    Pass(u64),
    Tick,
    /// A timer that was set so many changes ago.
    OldTick(u64),
    Sample(u32, u32),
    Command(Command),
}

fn step() -> impl Strategy<Value = Step> {
    let signs = vec!['+', '+', '-', '-', 's', 'S', 'i', 'r'];
    prop_oneof![
        40 => Just(Step::Ask),
        40 => (any::<Index>(), select(signs)).prop_map(|(index, sign)| Step::End(index, sign)),
        1 => (any::<Index>(), proptest::option::of(0_u64..600))
            .prop_map(|(index, wait)| Step::Throttle(index, wait)),
        12 => (1_u64..2_000).prop_map(Step::Pass),
        6 => (2_000_u64..70_000).prop_map(Step::Pass),
        1 => (70_000_u64..2_000_000).prop_map(Step::Pass),
        8 => Just(Step::Tick),
        4 => (1_u64..5).prop_map(Step::OldTick),
        8 => (0_u32..=60, 0_u32..5).prop_map(|(active, row)| Step::Sample(active, row)),
        1 => select(&Command::ALL[..]).prop_map(Step::Command),
        1 => Just(Step::Command(Command::Reset)),
    ]
}

fn config() -> impl Strategy<Value = Config> {
    let span = prop_oneof![
        (1_u32..30).prop_map(Span::Calls),
        (1_u64..60).prop_map(|tenths| Span::Time(Duration::from_secs(tenths))),
    ];
    let slow = proptest::option::of((0.05..1.0).prop_map(|rate| Slow { after: SLOW, rate }));
    let rates = (span, 1_u32..30, 0.05..1.0, slow);
    let rates = rates.prop_map(|(window, calls_min, failure_rate, slow)| {
        let calls_min = match window {
            Span::Calls(calls) => calls_min.min(calls),
            Span::Time(_) => calls_min,
        };
        Rates { window, calls_min, failure_rate: Some(failure_rate), slow }
    });
    let rules = (1_u32..6, proptest::option::of(rates), any::<bool>());
    let probing = (1_u32..6, 1_u32..6, 15_u64..90);
    (rules, probing, 1.0..3.0).prop_map(
        |((row, rates, pool), (probes, needed, patience), growth)| {
            let patience = Duration::from_secs(patience);
            Config {
                consecutive_failures: Some(row),
                rates,
                pool: if pool { Config::pool().pool } else { None },
                opening: Opening { growth, ..Opening::DEFAULT },
                probing: Probing { probes, needed: needed.min(probes), patience },
            }
        },
    )
}

/// The breaker and the model side by side, and the calls under way with their eras.
struct Pair {
    bench: Bench,
    model: Model,
    held: Vec<(Ticket, u64)>,
}

impl Pair {
    fn new(config: Config, seed: u64) -> Self {
        let now = some_moment();
        let breaker = Breaker::new(config.check().unwrap(), now, seed);
        let model = Model::new(config, now);
        Self { bench: Bench { breaker, now }, model, held: Vec::new() }
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let now = self.bench.now;
        match step {
            Step::Ask => self.ask()?,
            Step::End(index, sign) => self.end(index, outcome(*sign)),
            Step::Throttle(index, wait) => {
                let kind = FailureKind::Throttled { retry_after: wait.map(seconds) };
                self.end(index, Outcome::Failed { kind, took: QUICK });
            }
            Step::Pass(millis) => self.bench.pass(*millis),
            Step::Tick => {
                self.bench.wake();
                self.model.pass(now);
            }
            Step::OldTick(back) => {
                let generation = self.bench.breaker.generation().saturating_sub(*back);
                prop_assert_eq!(self.bench.breaker.tick(generation, now), None);
            }
            Step::Sample(active, timeouts) => {
                self.bench.sample(*active, *timeouts);
                self.model.sample(*active, *timeouts, now);
            }
            Step::Command(command) => {
                self.bench.command(*command);
                self.model.command(*command, now);
            }
        }
        self.compare(step)
    }

    fn ask(&mut self) -> Result<(), TestCaseError> {
        let expected = self.model.ask(self.bench.now);
        let remaining = self.bench.breaker.wake_at();
        match self.bench.ask() {
            Verdict::Granted(ticket) => {
                prop_assert!(expected, "granted too much");
                self.held.push((ticket, self.model.era));
            }
            Verdict::Refused { wait } => {
                prop_assert!(!expected, "refused too much");
                prop_assert!(!wait.is_zero());
                if let (At::Open { .. }, Some(until)) = (&self.model.at, remaining) {
                    let silent = self.bench.breaker.wake_at() != Some(until);
                    prop_assert!(silent || wait <= until - self.bench.now);
                }
            }
        }
        Ok(())
    }

    fn end(&mut self, index: &Index, outcome: Outcome) {
        if self.held.is_empty() {
            return;
        }
        let (ticket, era) = self.held.swap_remove(index.index(self.held.len()));
        self.bench.breaker.record(ticket, outcome, self.bench.now);
        self.model.end(era, outcome, self.bench.now);
    }

    fn compare(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let (picture, now) = (self.bench.picture(), self.bench.now);
        prop_assert_eq!(picture.state, self.model.name(), "{:?}", step);
        prop_assert_eq!(picture.generation, self.model.era + 1);
        prop_assert!(self.model.learn(self.bench.breaker.wake_at()), "opens for a wrong time");
        prop_assert_eq!(picture.probes_out, self.model.out());
        prop_assert_eq!(picture.totals.would_trip, self.model.would_trip());
        prop_assert_eq!(picture.tally, self.model.tally(now));
        if matches!(step, Step::Command(_)) {
            prop_assert_eq!(picture.probes_out, 0);
        }
        Ok(())
    }

    /// The dependency is well from now on, but the calls under way never come back.
    fn heals(&mut self) -> Result<(), TestCaseError> {
        if matches!(self.model.at, At::Mode(_)) {
            self.take(&Step::Command(Command::Reset))?;
        }
        for _ in 0..500 {
            if self.bench.state() == StateName::Closed {
                return Ok(());
            }
            match self.bench.ask() {
                Verdict::Granted(ticket) => drop(self.bench.record(ticket, '+')),
                Verdict::Refused { wait } => self.bench.now += wait,
            }
        }
        Err(TestCaseError::fail(format!("stuck: {:?}", self.bench.picture())))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: HISTORIES, ..ProptestConfig::default() })]

    #[test]
    fn the_breaker_is_the_model_at_every_step_and_never_stuck(
        config in config(),
        seed in any::<u64>(),
        steps in vec(step(), STEPS),
    ) {
        let mut pair = Pair::new(config, seed);
        for step in &steps {
            pair.take(step)?;
        }
        pair.heals()?;
    }
}
