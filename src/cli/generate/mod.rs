//! What can be said behind `weir generate`, and what is made of it.

mod batches;
mod file;
mod progress;
mod recipe;
mod run;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::service::Service;

pub(super) const EXAMPLES: &str = "\
What cannot be sent at once waits in the queue file, and is sent from there until --drain-within
is over. Ctrl-C ends it at any time; the same command with the same --seed goes on, and sends
nothing twice. Exit code 0: every order is with the service, or safe in the queue.

A file is a JSON array of orders, or CSV with the names of their fields in its first line
(portfolioId,securityId,orderTypeId,quantity,limitPrice,clientOrderId,...). The same file again,
within a day, is the same orders: give another --seed to send them once more.

Examples:
  weir generate
      100 batches of 25 orders, as fast as the service's health allows
  weir generate --url http://order-service:8080 --rate 5 --duration 10m --json
      five batches a second for ten minutes, a summary in JSON
  weir generate --orders orders.csv --size 100
      the orders of a file, 100 at a time
";

/// How many orders, what they are made of, and how fast they go.
#[derive(Args)]
pub(crate) struct Generate {
    /// Send so many batches; 100, or until --duration is over.
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// Put so many orders into each batch.
    #[arg(long, value_name = "N", default_value = "25")]
    size: NonZeroU32,
    /// Spread the orders over so many portfolios.
    #[arg(long, value_name = "N", default_value = "10")]
    portfolios: NonZeroU32,
    /// Spread the orders over so many securities.
    #[arg(long, value_name = "N", default_value = "100")]
    securities: NonZeroU32,
    /// Make the same orders again, under the same keys. A new seed is printed at the end.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Begin with so many calls a second, and make no more; health still lowers it.
    #[arg(long, value_name = "N", value_parser = rate)]
    rate: Option<f64>,
    /// Begin no batch after so long, such as 90s or 10m.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    duration: Option<Duration>,
    /// Send the orders of this file instead.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["portfolios", "securities"])]
    orders: Option<PathBuf>,
    /// Send what waits in the queue until it is empty, or until so long has passed.
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = humantime::parse_duration)]
    drain_within: Duration,
    /// Print the summary as one JSON object, and no progress.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) service: Service,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "expected a number, such as 2.5")?;
    if rate.is_finite() && rate > 0.0 { Ok(rate) } else { Err("must be above 0".to_owned()) }
}
