//! Is the house well? One word for whoever was woken, and a sentence for each reason.

use std::time::Duration;

use resilience::breaker::StateName;

use super::line::WORKERS;
use super::pause::Pause;
use super::pool::{PoolColour, PoolSample, WAITING_UNHEALTHY};

/// A letter that has waited for so long is no short trouble of the trade service any more.
const LETTER_IS_OLD: Duration = Duration::from_mins(10);

/// The one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    Well,
    /// Orders are taken, and somebody should look.
    Degraded,
    /// No orders are taken.
    Down,
}

/// What the word is made of.
#[derive(Clone, Debug, Default)]
pub struct Signs<'a> {
    /// Why it is not ready, if it is not.
    pub unready: Option<&'a str>,
    pub pool: PoolSample,
    pub breakers: Vec<BreakerSign<'a>>,
    /// Children that may carry a load at once, if that is known.
    pub children: Option<usize>,
    /// Without a lease nothing is sent.
    pub has_lease: bool,
    pub dead_letters: u64,
    pub oldest_letter: Duration,
    /// What operators have paused.
    pub pauses: &'a [Pause],
    /// Submissions per second that are told to come later.
    pub declined: f64,
    /// Actors that did not answer.
    pub silent: Vec<&'a str>,
}

/// How one breaker stands.
#[derive(Clone, Debug)]
pub struct BreakerSign<'a> {
    pub name: &'a str,
    pub state: StateName,
    pub why: Option<&'a str>,
    /// Without what it protects, no order is taken.
    pub is_vital: bool,
}

/// The verdict and its reasons, the gravest first.
#[must_use]
pub fn judge(signs: &Signs<'_>) -> (Verdict, Vec<String>) {
    let mut reasons: Vec<(Verdict, String)> = Vec::new();
    if let Some(reason) = signs.unready {
        reasons.push((Verdict::Down, reason.to_owned()));
    }
    reasons.extend(signs.breakers.iter().filter_map(BreakerSign::judge));
    let degraded = [
        (!signs.has_lease).then(|| "There is no lease: nothing is sent".to_owned()),
        about_pool(&signs.pool),
        about_children(signs.children),
        (signs.dead_letters > 0).then(|| format!("{} letters are dead", signs.dead_letters)),
        about_age(signs.oldest_letter),
        about_declined(signs.declined),
    ];
    let pauses = signs.pauses.iter().map(|pause| Some(pause.tell()));
    let silent = signs.silent.iter().map(|name| Some(format!("Actor {name} does not answer")));
    let degraded = degraded.into_iter().chain(pauses).chain(silent).flatten();
    reasons.extend(degraded.map(|reason| (Verdict::Degraded, reason)));
    reasons.sort_by_key(|(verdict, _)| std::cmp::Reverse(*verdict));
    let verdict = reasons.first().map_or(Verdict::Well, |(verdict, _)| *verdict);
    (verdict, reasons.into_iter().map(|(_, reason)| reason).collect())
}

impl BreakerSign<'_> {
    fn judge(&self) -> Option<(Verdict, String)> {
        let does = match self.state {
            StateName::Closed => return None,
            StateName::Open => "is open",
            StateName::HalfOpen => "tries whether it is over",
            StateName::ForcedOpen => "is forced open",
            StateName::ForcedClosed => "is forced closed: it protects nothing",
            StateName::Disabled => "is disabled: it protects nothing",
            StateName::MetricsOnly => "only tells what it would do: it protects nothing",
        };
        let refuses = matches!(self.state, StateName::Open | StateName::ForcedOpen);
        let verdict = if refuses && self.is_vital { Verdict::Down } else { Verdict::Degraded };
        let why = self.why.map(|why| format!(" ({why})")).unwrap_or_default();
        Some((verdict, format!("The {} breaker {does}{why}", self.name)))
    }
}

fn about_pool(pool: &PoolSample) -> Option<String> {
    let PoolSample { active, waiting, max, .. } = pool;
    let text = match pool.colour() {
        PoolColour::Critical => format!("The pool is nearly used up: {active} of {max} are in use"),
        PoolColour::Warning => format!("The pool is much used: {active} of {max} are in use"),
        PoolColour::Healthy if *waiting >= WAITING_UNHEALTHY => {
            format!("{waiting} wait for a database connection")
        }
        PoolColour::Healthy => return None,
    };
    Some(text)
}

fn about_children(in_use: Option<usize>) -> Option<String> {
    let in_use = in_use.filter(|in_use| *in_use < WORKERS)?;
    Some(format!("The trade service is slow: {in_use} of {WORKERS} children are in use"))
}

fn about_age(oldest: Duration) -> Option<String> {
    let minutes = oldest.as_secs() / 60;
    (oldest >= LETTER_IS_OLD).then(|| format!("The oldest letter has waited for {minutes} minutes"))
}

fn about_declined(per_second: f64) -> Option<String> {
    (per_second > 0.0)
        .then(|| format!("{per_second:.1} submissions a second are told to come later"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::moment::Moment;
    use crate::domain::pause::Paused;

    fn well() -> Signs<'static> {
        let pool = PoolSample { active: 1, idle: 4, waiting: 0, total: 5, max: 60 };
        Signs { pool, has_lease: true, children: Some(WORKERS), ..Signs::default() }
    }

    fn breaker(state: StateName, is_vital: bool) -> BreakerSign<'static> {
        BreakerSign { name: "trade", state, why: Some("5 calls failed"), is_vital }
    }

    #[test]
    fn a_calm_house_is_well_and_has_nothing_to_say() {
        let calm = Signs { breakers: vec![breaker(StateName::Closed, true)], ..well() };

        assert_eq!(judge(&calm), (Verdict::Well, Vec::new()));
    }

    #[test]
    fn each_sign_alone_is_a_reason() {
        let pool = |active, waiting| PoolSample { active, waiting, ..well().pool };
        let pauses = [Pause {
            paused: Paused::Destination,
            since: Moment::from_micros(0),
            operator: "ann".to_owned(),
            reason: "their release".to_owned(),
        }];
        let table = [
            (Signs { unready: Some("It is stopping"), ..well() }, Verdict::Down, "It is stopping"),
            (Signs { pool: pool(54, 0), ..well() }, Verdict::Degraded, "54 of 60"),
            (Signs { pool: pool(45, 0), ..well() }, Verdict::Degraded, "45 of 60"),
            (Signs { pool: pool(1, 3), ..well() }, Verdict::Degraded, "3 wait"),
            (Signs { has_lease: false, ..well() }, Verdict::Degraded, "no lease"),
            (Signs { children: Some(7), ..well() }, Verdict::Degraded, "7 of 15"),
            (Signs { dead_letters: 2, ..well() }, Verdict::Degraded, "2 letters are dead"),
            (Signs { oldest_letter: LETTER_IS_OLD, ..well() }, Verdict::Degraded, "10 minutes"),
            (Signs { declined: 0.5, ..well() }, Verdict::Degraded, "0.5 submissions"),
            (Signs { pauses: &pauses, ..well() }, Verdict::Degraded, "their release"),
            (Signs { silent: vec!["ledger"], ..well() }, Verdict::Degraded, "ledger"),
        ];
        for (signs, verdict, told) in table {
            let (judged, reasons) = judge(&signs);
            assert_eq!((judged, reasons.len()), (verdict, 1), "{told}: {reasons:?}");
            assert!(reasons[0].contains(told), "{told}: {reasons:?}");
        }
    }

    #[test]
    fn a_breaker_that_is_not_closed_is_told_with_its_reason() {
        for state in StateName::ALL.into_iter().filter(|state| *state != StateName::Closed) {
            let refuses = matches!(state, StateName::Open | StateName::ForcedOpen);
            for is_vital in [false, true] {
                let signs = Signs { breakers: vec![breaker(state, is_vital)], ..well() };
                let (verdict, reasons) = judge(&signs);
                let down = refuses && is_vital;
                let expected = if down { Verdict::Down } else { Verdict::Degraded };
                assert_eq!(verdict, expected, "{state:?}");
                assert!(reasons[0].starts_with("The trade breaker "), "{reasons:?}");
                assert!(reasons[0].ends_with("(5 calls failed)"), "{reasons:?}");
            }
        }
    }

    #[test]
    fn the_gravest_reason_stands_first() {
        let breakers = vec![breaker(StateName::HalfOpen, false), breaker(StateName::Open, true)];

        let (verdict, reasons) = judge(&Signs { breakers, dead_letters: 1, ..well() });

        assert_eq!((verdict, reasons.len()), (Verdict::Down, 3));
        assert!(reasons[0].contains("is open"), "{reasons:?}");
    }
}
