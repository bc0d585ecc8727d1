//! What of the pool is worth a line in the log, and when: once for each change, and not once
//! for each sample.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::pool::{Hold, PoolColour, PoolSample};

/// How long nothing more is said about those who hold a connection for the same work.
const HOLD_REMINDER: Duration = Duration::from_secs(30);

/// What changed about the pool's utilisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    High,
    Critical,
    /// Back to normal after either.
    Recovered,
}

/// Remembers what was said already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolWatch {
    hold_warning: Duration,
    colour: PoolColour,
    /// When the holders at each work were last told of. An entry lives as long as it silences.
    told: BTreeMap<&'static str, Instant>,
}

impl PoolWatch {
    #[must_use]
    pub const fn new(hold_warning: Duration) -> Self {
        Self { hold_warning, colour: PoolColour::Healthy, told: BTreeMap::new() }
    }

    /// What to say about the utilisation, if anything.
    pub fn note_sample(&mut self, sample: &PoolSample) -> Option<Turn> {
        let before = std::mem::replace(&mut self.colour, sample.colour());
        match (before, self.colour) {
            (PoolColour::Healthy, PoolColour::Warning) => Some(Turn::High),
            (PoolColour::Healthy | PoolColour::Warning, PoolColour::Critical) => {
                Some(Turn::Critical)
            }
            (PoolColour::Warning | PoolColour::Critical, PoolColour::Healthy) => {
                Some(Turn::Recovered)
            }
            // It eased, but it never left: the warning still stands.
            (PoolColour::Critical, PoolColour::Warning)
            | (PoolColour::Healthy, PoolColour::Healthy)
            | (PoolColour::Warning, PoolColour::Warning)
            | (PoolColour::Critical, PoolColour::Critical) => None,
        }
    }

    /// Which of the holds to tell of. Holds have no names of their own, so that those at the
    /// same work are told together and then left alone for a while; those at another work do
    /// not have to wait for them.
    pub fn note_holds(&mut self, holds: &[Hold], now: Instant) -> Vec<Hold> {
        self.told.retain(|_, at| now.duration_since(*at) < HOLD_REMINDER);
        let due =
            |hold: &&Hold| hold.held >= self.hold_warning && !self.told.contains_key(hold.doing);
        let due: Vec<Hold> = holds.iter().filter(due).copied().collect();
        self.told.extend(due.iter().map(|hold| (hold.doing, now)));
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLD_WARNING: Duration = Duration::from_secs(10);

    fn watch() -> PoolWatch {
        PoolWatch::new(HOLD_WARNING)
    }

    fn used(active: u32) -> PoolSample {
        PoolSample { active, idle: 0, waiting: 0, total: active, max: 100 }
    }

    fn hold(doing: &'static str, seconds: u64) -> Hold {
        Hold { doing, held: Duration::from_secs(seconds) }
    }

    fn doings(holds: &[Hold]) -> Vec<&'static str> {
        holds.iter().map(|hold| hold.doing).collect()
    }

    /// Some moment, and so many seconds after it.
    fn moments() -> impl Fn(u64) -> Instant {
        #[expect(clippy::disallowed_methods, reason = "any moment will do: only spans matter")]
        let start = Instant::now();
        move |seconds| start + Duration::from_secs(seconds)
    }

    #[test]
    fn each_turn_of_the_utilisation_is_told_once() {
        use Turn::{Critical, High, Recovered};
        let tables: [&[(u32, Option<Turn>)]; 7] = [
            &[(0, None), (74, None), (0, None)],
            &[(75, Some(High)), (75, None), (89, None), (74, Some(Recovered)), (74, None)],
            &[(75, Some(High)), (74, Some(Recovered)), (75, Some(High))],
            &[(90, Some(Critical)), (100, None), (0, Some(Recovered)), (90, Some(Critical))],
            &[(80, Some(High)), (90, Some(Critical)), (95, None)],
            &[(95, Some(Critical)), (80, None), (75, None), (10, Some(Recovered))],
            &[(95, Some(Critical)), (89, None), (90, Some(Critical))],
        ];
        for table in tables {
            let mut watch = watch();
            for (step, (active, turn)) in table.iter().enumerate() {
                assert_eq!(watch.note_sample(&used(*active)), *turn, "step {step} of {table:?}");
            }
        }
    }

    #[test]
    fn a_hold_is_told_when_it_is_as_long_as_the_warning() {
        let (mut watch, at) = (watch(), moments());

        assert_eq!(watch.note_holds(&[hold("a", 9)], at(0)), []);
        assert_eq!(watch.note_holds(&[hold("a", 10)], at(1)), [hold("a", 10)]);
    }

    #[test]
    fn the_same_hold_is_told_again_only_after_the_reminder() {
        let (mut watch, at) = (watch(), moments());

        let told: Vec<u64> = (0..=70)
            .step_by(5)
            .filter(|now| !watch.note_holds(&[hold("a", 10 + now)], at(*now)).is_empty())
            .collect();

        assert_eq!(told, [0, 30, 60]);
    }

    #[test]
    fn all_holders_at_one_work_are_told_together() {
        let (mut watch, at) = (watch(), moments());
        let holds = [hold("a", 30), hold("b", 20), hold("a", 15), hold("a", 5)];

        assert_eq!(doings(&watch.note_holds(&holds, at(0))), ["a", "b", "a"]);
        assert_eq!(watch.note_holds(&holds, at(5)), []);
    }

    #[test]
    fn another_work_does_not_wait_for_the_reminder_of_the_first() {
        let (mut watch, at) = (watch(), moments());

        assert_eq!(doings(&watch.note_holds(&[hold("a", 10)], at(0))), ["a"]);
        assert_eq!(doings(&watch.note_holds(&[hold("a", 15), hold("b", 10)], at(5))), ["b"]);
        assert_eq!(doings(&watch.note_holds(&[hold("a", 40), hold("b", 35)], at(30))), ["a"]);
        assert_eq!(doings(&watch.note_holds(&[hold("a", 45), hold("b", 40)], at(35))), ["b"]);
    }

    #[test]
    fn what_was_told_long_ago_is_forgotten() {
        let (mut watch, at) = (watch(), moments());
        watch.note_holds(&[hold("a", 10)], at(0));

        watch.note_holds(&[], at(30));

        assert_eq!(watch, self::watch());
    }
}
