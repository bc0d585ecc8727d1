//! What can be said behind `weir trade-sim`, and what is made of it.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use weir::ports::clock::SystemClock;
use weir::trade_sim::faults::kind::Kind;
use weir::trade_sim::faults::{Down, DownMode, Reject, Step};
use weir::trade_sim::{Faults, Options, Rules};

pub(super) const EXAMPLES: &str = "\
Kinds for --rate, --lookup-rate and --script; `before` and `after` mean the storing:
  ok  reject  error_before  error_after  reset_before  reset_after  hang_before  hang_after
  late  garbage_before  garbage_after  truncated_before  truncated_after  cut_after  drip
  partial  shuffled  too_many  unavailable;  of look-ups also: empty  stale

Over HTTP, effective before the answer (docs/trade-sim.md):
  GET PUT DELETE       /sim/faults    what goes wrong; DELETE: nothing any more
  GET POST PUT DELETE  /sim/script    what happens to the next calls, one by one
  GET PUT              /sim/rules     honourKeys, allowDuplicates
  GET                  /sim/book      who was placed how often; /sim/book/{orderId} for one

Of the settings only [log] counts; give --config and --set before the command.

Examples:
  weir trade-sim
      the real service's behaviour on 127.0.0.1:8082
  weir trade-sim --book trades.jsonl --latency 20ms --latency-spread 10ms
      remembers across restarts; answers after 20 to 30 ms
  weir trade-sim --rate error_before=0.05 --rate reset_after=0.01 --seed 7
      one call in twenty fails, one in a hundred is stored and its answer lost
  weir trade-sim --down 10s..70s --control 127.0.0.1:8083
      refuses connections for a minute; /sim stays on the second listener
  weir trade-sim --script '[{\"kind\":\"reset_after\"},{\"kind\":\"unavailable\",\"times\":3}]'
      the first call is stored and reset, three hear 503, then all is well
";

/// Where the simulator listens, what it keeps, and what goes wrong.
#[derive(Args)]
pub(crate) struct TradeSim {
    /// Listen for trades here; port 0 takes a free one, which the log names.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8082")]
    pub(super) bind: SocketAddr,
    /// Listen for /sim here as well: stays when the service is down.
    #[arg(long, value_name = "ADDR")]
    pub(super) control: Option<SocketAddr>,
    /// Write each effect to this file as one JSON line, and begin with what it holds.
    #[arg(long, value_name = "FILE")]
    book: Option<PathBuf>,
    /// Answer a repeated Idempotency-Key with what its first call placed; the real one does not.
    #[arg(long)]
    honour_keys: bool,
    /// Give up the unique order id, so that a second placing is a second effect.
    #[arg(long)]
    allow_duplicates: bool,
    /// Begin with these faults, as PUT /sim/faults takes them; other flags change them.
    #[arg(long, value_name = "JSON", value_parser = json::<Faults>, help_heading = "Faults")]
    faults: Option<Faults>,
    /// Treat the first calls so, as POST /sim/script takes it.
    #[arg(long, value_name = "JSON", value_parser = script, help_heading = "Faults")]
    script: Option<Script>,
    #[command(flatten)]
    flags: FaultFlags,
}

/// The faults that have a flag of their own.
#[derive(Args)]
#[command(next_help_heading = "Faults")]
struct FaultFlags {
    /// Let every call take so long, such as 20ms.
    #[arg(long, value_name = "TIME", value_parser = millis)]
    latency: Option<u64>,
    /// And up to so much longer.
    #[arg(long, value_name = "TIME", value_parser = millis)]
    latency_spread: Option<u64>,
    /// Treat this share of placing calls so; may be repeated.
    #[arg(long, value_name = "KIND=SHARE", value_parser = rate)]
    rate: Vec<(Kind, f64)>,
    /// Treat this share of look-ups so; may be repeated.
    #[arg(long, value_name = "KIND=SHARE", value_parser = rate)]
    lookup_rate: Vec<(Kind, f64)>,
    /// Refuse this order, and all that come with it; may be repeated.
    #[arg(long, value_name = "ID")]
    reject_order: Vec<i32>,
    /// Refuse every order whose id N divides.
    #[arg(long, value_name = "N")]
    reject_every: Option<u32>,
    /// Refuse every order whose portfolio begins so.
    #[arg(long, value_name = "PREFIX")]
    reject_portfolio: Option<String>,
    /// Be down from one time after the start to another, such as 5s..65s.
    #[arg(long, value_name = "FROM..TO", value_parser = span)]
    down: Option<(u64, Option<u64>)>,
    /// How a service that is down looks.
    #[arg(long, value_enum, value_name = "MODE", default_value = "refuse")]
    down_mode: Mode,
    /// Let `late` store so long after its call has ended.
    #[arg(long, value_name = "TIME", value_parser = millis)]
    late: Option<u64>,
    /// Pause so long between the pieces of `drip`.
    #[arg(long, value_name = "TIME", value_parser = millis)]
    drip: Option<u64>,
    /// Tell so many seconds in Retry-After.
    #[arg(long, value_name = "SECONDS")]
    retry_after: Option<u32>,
    /// Let look-ups answer as of so long ago.
    #[arg(long, value_name = "TIME", value_parser = millis)]
    stale: Option<u64>,
    /// Let the first N look-ups find nothing.
    #[arg(long, value_name = "N")]
    empty_lookups: Option<u32>,
    /// Let rates and empty look-ups strike so often, and then never again.
    #[arg(long, value_name = "N")]
    strikes: Option<u32>,
    /// Where the dice begin.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Mode {
    /// Nobody listens.
    Refuse,
    /// Calls are reset.
    Reset,
    /// Calls hear 503.
    Unavailable,
}

/// A script as clap can carry it: a bare list would be a repeated flag.
#[derive(Clone)]
struct Script(Vec<Step>);

impl TradeSim {
    /// What the simulator begins with.
    pub(super) fn options(self, control: Option<TcpListener>) -> Options {
        let mut faults = self.faults.unwrap_or_default();
        self.flags.lay_over(&mut faults);
        Options {
            clock: Arc::new(SystemClock),
            book: self.book,
            faults,
            script: self.script.map(|script| script.0).unwrap_or_default(),
            rules: Rules { allow_duplicates: self.allow_duplicates, honour_keys: self.honour_keys },
            control,
        }
    }
}

impl FaultFlags {
    fn lay_over(self, faults: &mut Faults) {
        faults.rates.extend(self.rate);
        faults.lookup_rates.extend(self.lookup_rate);
        let Reject { order_ids, every_nth, portfolio_prefix } = &mut faults.reject;
        order_ids.extend(self.reject_order);
        set(every_nth, self.reject_every);
        set(portfolio_prefix, self.reject_portfolio);
        if let Some((from_ms, to_ms)) = self.down {
            let mode = match self.down_mode {
                Mode::Refuse => DownMode::Refuse,
                Mode::Reset => DownMode::Reset,
                Mode::Unavailable => DownMode::Unavailable,
            };
            faults.down = Some(Down { mode, from_ms, to_ms });
        }
        set(&mut faults.latency_ms, self.latency);
        set(&mut faults.latency_spread_ms, self.latency_spread);
        set(&mut faults.late_ms, self.late);
        set(&mut faults.drip_ms, self.drip);
        set(&mut faults.retry_after, self.retry_after);
        set(&mut faults.stale_ms, self.stale);
        set(&mut faults.empty_lookups, self.empty_lookups);
        set(&mut faults.seed, self.seed);
        faults.strikes = self.strikes.or(faults.strikes);
    }
}

fn set<T>(target: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *target = given;
    }
}

fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn script(text: &str) -> Result<Script, String> {
    json(text).map(Script)
}

fn millis(text: &str) -> Result<u64, String> {
    let time: Duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    u64::try_from(time.as_millis()).map_err(|error| error.to_string())
}

fn rate(text: &str) -> Result<(Kind, f64), String> {
    let (kind, share) = text.split_once('=').ok_or("expected KIND=SHARE, such as drip=0.1")?;
    let share = share.parse().map_err(|_| format!("{share} is no share, such as 0.1"))?;
    Ok((Kind::parse(kind)?, share))
}

fn span(text: &str) -> Result<(u64, Option<u64>), String> {
    let (from, to) = text.split_once("..").ok_or("expected FROM..TO, such as 5s..65s or 0s..")?;
    let to = (!to.is_empty()).then(|| millis(to)).transpose()?;
    Ok((millis(from)?, to))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::Cli;
    use super::super::arguments::Command;
    use super::*;

    fn options(arguments: &[&str]) -> Options {
        let cli = Cli::try_parse_from([&["weir", "trade-sim"], arguments].concat()).unwrap();
        match cli.command {
            Some(Command::TradeSim(arguments)) => arguments.options(None),
            _ => panic!("another command"),
        }
    }

    #[test]
    fn flags_say_the_same_as_the_json_and_are_laid_over_it() {
        let json = r#"{"latencyMs": 1, "rates": {"drip": 0.5}, "reject": {"everyNth": 7}}"#;
        let flags = "--latency 20ms --rate reset_after=0.25 --reject-order 5 --down 5s..65s \
            --down-mode unavailable --strikes 3 --stale 1s --honour-keys";
        let given: Vec<_> = ["--faults", json].into_iter().chain(flags.split(' ')).collect();
        let given: Vec<_> = given.into_iter().filter(|word| !word.is_empty()).collect();

        let options = options(&given);

        let expected = r#"{"latencyMs": 20, "rates": {"drip": 0.5, "reset_after": 0.25},
            "reject": {"everyNth": 7, "orderIds": [5]}, "strikes": 3, "staleMs": 1000,
            "down": {"mode": "unavailable", "fromMs": 5000, "toMs": 65000}}"#;
        assert_eq!(options.faults, serde_json::from_str(expected).unwrap());
        assert!(options.rules.honour_keys && !options.rules.allow_duplicates);
    }

    #[test]
    fn a_script_is_one_argument_and_nonsense_is_refused() {
        let script = options(&["--script", r#"[{"kind":"reset_after"},{"kind":"ok"}]"#]).script;
        assert_eq!(script, [Step::new(Kind::ResetAfter), Step::new(Kind::Ok)]);

        for nonsense in
            ["--rate=drip", "--rate=explode=1", "--down=5s", "--latency=5", "--script={}"]
        {
            let parsed = Cli::try_parse_from(["weir", "trade-sim", nonsense]);
            assert!(parsed.is_err(), "{nonsense}");
        }
    }
}
