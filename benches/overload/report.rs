//! What is printed: one line for each storm, next to its aims.

use std::time::Duration;

use crate::crowd::CLIENTS;
use crate::heard::{Heard, served, sorted_micros};
use crate::plan::{Plan, Weather};
use crate::run::{LATEST, Storm};
use crate::shared::figures::percentile;
use crate::support::Kind;

const GOODPUT: f64 = 0.95;
const LIGHT_SERVED: f64 = 0.85;
const MEMORY_MIB: f64 = 64.0;
const NORMAL: f64 = 0.99;
const NORMAL_WITHIN: f64 = 10.0;
const ADMIN_MS: f64 = 200.0;

pub(crate) fn head(kind: Kind, plan: &Plan) {
    let Plan { calm, storm, latency, length, .. } = plan;
    println!(
        "\n{kind:?}: {:.0} s calm ({calm} of what can be done), {:.0} s at {storm} times, {:.0} s \
         calm; one client brings 90 %, nine the rest; trade service of {latency} ms:\n",
        length.as_secs_f64(),
        length.as_secs_f64(),
        length.as_secs_f64(),
    );
    println!(
        "| | can be done, orders/s | done in the storm | of what can be done | light clients \
         served, least | heavy one served | p50 ms | p99 ms | max ms | turned away: p99 ms | \
         memory +MiB | normal after s | all sent after s | admin p99 ms |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
}

pub(crate) fn line(weather: Weather, storm: &Storm, plan: &Plan) {
    println!("| {} | {} |", weather.name(), Line::of(storm, plan).cells());
}

pub(crate) fn verdicts(storms: &[(Weather, Storm)], plan: &Plan) {
    println!("\n| | aim | found | |\n|---|---|---|---|");
    for (weather, storm) in storms {
        Line::of(storm, plan).judge(*weather);
    }
}

/// The figures of a storm.
struct Line<'a> {
    storm: &'a Storm,
    light: f64,
    heavy: f64,
    /// In microseconds, sorted.
    answers: Vec<u32>,
    turned_away: Vec<u32>,
    normal_after: f64,
}

impl<'a> Line<'a> {
    fn of(storm: &'a Storm, plan: &Plan) -> Self {
        let in_storm = |one: &&Heard| (plan.length..2 * plan.length).contains(&one.due);
        let of = |client: usize| {
            served(storm.heard.iter().filter(in_storm).filter(move |one| one.client == client))
        };
        let stormy = || storm.heard.iter().filter(in_storm);
        let took = |is: fn(&&Heard) -> bool| sorted_micros(stormy().filter(is).map(|one| one.took));
        Self {
            storm,
            light: (1..CLIENTS).map(of).fold(1.0, f64::min),
            heavy: of(0),
            answers: took(|one| one.is_served()),
            turned_away: took(|one| !one.is_served()),
            normal_after: normal_after(&storm.heard, 2 * plan.length, 3 * plan.length),
        }
    }

    fn goodput(&self) -> f64 {
        self.storm.goodput / self.storm.calm_maximum
    }

    fn latest(&self) -> Duration {
        self.storm.heard.iter().map(|one| one.took).max().unwrap_or_default()
    }

    fn cells(&self) -> String {
        let Storm { calm_maximum, goodput, memory, drained, admin_p99, .. } = self.storm;
        let cells = [
            format!("{calm_maximum:.0}"),
            format!("{goodput:.0}"),
            format!("{:.2}", self.goodput()),
            format!("{:.2}", self.light),
            format!("{:.2}", self.heavy),
            format!("{:.0}", percentile(&self.answers, 0.5)),
            format!("{:.0}", percentile(&self.answers, 0.99)),
            format!("{:.0}", self.latest().as_secs_f64() * 1e3),
            format!("{:.1}", percentile(&self.turned_away, 0.99)),
            format!("{memory:.0}"),
            format!("{:.0}", self.normal_after),
            format!("{:.0}", drained.as_secs_f64()),
            format!("{admin_p99:.0}"),
        ];
        cells.join(" | ")
    }

    fn judge(&self, weather: Weather) {
        let line = |aim: String, found: String, is_met: bool| {
            let verdict = if is_met { "met" } else { "missed" };
            println!("| {} | {aim} | {found} | {verdict} |", weather.name());
        };
        // While something else is broken, less can be done.
        if matches!(weather, Weather::Plain | Weather::Retries | Weather::Budget) {
            let share = self.goodput();
            let aim = format!("done, of what can be done: at least {GOODPUT}");
            line(aim, format!("{share:.2}"), share >= GOODPUT);
            let aim = format!("each light client served: at least {LIGHT_SERVED}");
            line(aim, format!("{:.2}", self.light), self.light >= LIGHT_SERVED);
        }
        let aim = format!("no answer later than {:.2} s", LATEST.as_secs_f64());
        let latest = self.latest();
        line(aim, format!("{:.2} s", latest.as_secs_f64()), latest <= LATEST);
        let aim = format!("memory grows by at most {MEMORY_MIB} MiB");
        let memory = self.storm.memory;
        line(aim, format!("{memory:.0} MiB"), memory <= MEMORY_MIB);
        let aim = format!("{NORMAL} served again within {NORMAL_WITHIN} s");
        line(aim, format!("{:.0} s", self.normal_after), self.normal_after <= NORMAL_WITHIN);
        let aim = format!("admin listener, p99: at most {ADMIN_MS} ms");
        let admin = self.storm.admin_p99;
        line(aim, format!("{admin:.0} ms"), admin <= ADMIN_MS);
    }
}

/// After how many seconds everybody is served again, and stays so.
fn normal_after(heard: &[Heard], from: Duration, until: Duration) -> f64 {
    let second = Duration::from_secs(1);
    let mut normal_at = from;
    let mut at = from;
    while at < until {
        let now = heard.iter().filter(|one| (at..at + second).contains(&one.due));
        if served(now) < NORMAL {
            normal_at = at + second;
        }
        at += second;
    }
    (normal_at - from).as_secs_f64()
}
