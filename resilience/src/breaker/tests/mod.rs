//! The rule of the breaker by itself: time is a number that the test moves.
//!
//! Calls are written as signs: `+` succeeded, `-` failed, `s` succeeded slowly, `S` failed
//! slowly, `i` ignored, `r` came back without a word.

mod contradictions;
mod history;
mod model;
mod modes;
mod openings;
mod probing;
mod tripping;
mod windows;

use std::time::{Duration, Instant};

use super::*;

const SLOW: Duration = Duration::from_secs(10);
const QUICK: Duration = Duration::from_millis(20);

/// Trips on three failures in a row, one probe, no jitter.
const PLAIN: Config = Config {
    consecutive_failures: Some(3),
    rates: None,
    pool: None,
    opening: Opening { jitter: 0.0, ..Opening::DEFAULT },
    probing: Probing { probes: 1, needed: 1, patience: Duration::from_mins(1) },
};

#[expect(clippy::disallowed_methods, reason = "any moment will do: only spans matter")]
fn some_moment() -> Instant {
    Instant::now()
}

struct Bench {
    breaker: Breaker,
    now: Instant,
}

impl Bench {
    fn new(config: Config) -> Self {
        let now = some_moment();
        Self { breaker: Breaker::new(config.check().unwrap(), now, 7), now }
    }

    /// A breaker of these probes that has just become half-open.
    fn half_open(probes: u32, needed: u32) -> Self {
        let probing = Probing { probes, needed, ..PLAIN.probing };
        let mut bench = Self::new(Config { probing, ..PLAIN });
        bench.calls("---");
        bench.pass(15_000);
        assert!(bench.wake().is_some());
        assert_eq!(bench.state(), StateName::HalfOpen);
        bench
    }

    fn pass(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }

    fn state(&self) -> StateName {
        self.breaker.state()
    }

    fn picture(&self) -> Picture {
        self.breaker.picture(self.now)
    }

    fn ask(&mut self) -> Verdict {
        self.breaker.ask(self.now).verdict
    }

    fn granted(&mut self) -> Ticket {
        match self.ask() {
            Verdict::Granted(ticket) => ticket,
            Verdict::Refused { wait } => panic!("refused for {wait:?}"),
        }
    }

    fn refused(&mut self) -> Duration {
        match self.ask() {
            Verdict::Refused { wait } => wait,
            Verdict::Granted(ticket) => panic!("granted {ticket:?}"),
        }
    }

    fn record(&mut self, ticket: Ticket, sign: char) -> Option<Change> {
        self.breaker.record(ticket, outcome(sign), self.now)
    }

    /// Asks and records one call after the other; the change that the last one made.
    fn calls(&mut self, signs: &str) -> Option<Change> {
        let mut change = None;
        for sign in signs.chars() {
            let ticket = self.granted();
            change = self.record(ticket, sign);
        }
        change
    }

    fn throttle(&mut self, retry_after: Option<Duration>) -> Option<Change> {
        let ticket = self.granted();
        let kind = FailureKind::Throttled { retry_after };
        self.breaker.record(ticket, Outcome::Failed { kind, took: QUICK }, self.now)
    }

    fn sample(&mut self, active: u32, timeouts: u32) -> Option<Change> {
        self.breaker.sample(f64::from(active) / 60.0, timeouts, self.now)
    }

    /// The timer of the present generation.
    fn wake(&mut self) -> Option<Change> {
        self.breaker.tick(self.breaker.generation(), self.now)
    }

    fn command(&mut self, command: Command) -> Change {
        self.breaker.command(command, self.now)
    }
}

fn outcome(sign: char) -> Outcome {
    let kind = FailureKind::TimedOut;
    match sign {
        '+' => Outcome::Succeeded { took: QUICK },
        '-' => Outcome::Failed { kind, took: QUICK },
        's' => Outcome::Succeeded { took: SLOW },
        'S' => Outcome::Failed { kind, took: SLOW },
        'i' => Outcome::Ignored,
        'r' => Outcome::Returned,
        other => panic!("{other} is no sign of a call"),
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
