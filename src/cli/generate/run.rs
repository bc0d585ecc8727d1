//! Sends the batches, a few at a time, and then what waits in the queue.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tokio::sync::broadcast::Receiver;
use tokio::time::{interval, sleep};
use weir::ports::clock::{Clock, SystemClock};
use weir_client::{
    Connection, Error, Event, OrderClient, QueueError, RateLimits, Settings, SettingsError,
};

use super::batches::{self, Batch};
use super::file::FileError;
use super::progress::{Progress, Summary};
use super::recipe::Recipe;
use super::{Generate, file};

/// Batches, if neither a number nor an end is given.
const COUNT: u64 = 100;
/// How often the line is drawn.
const DRAW_EVERY: Duration = Duration::from_millis(250);
/// Between two rounds of the queue.
const DRAIN_PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, thiserror::Error)]
pub(crate) enum GenerateError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the client cannot be opened")]
    Client(#[from] Error),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("the queue cannot be used")]
    Queue(#[from] QueueError),
    #[error("Ctrl-C cannot be heard")]
    Signal(#[from] std::io::Error),
}

/// What is to be sent.
struct Plan {
    batches: Box<dyn Iterator<Item = Batch>>,
    /// How many orders that is, if it is known.
    orders: Option<u64>,
    seed: u64,
}

/// What was counted, and where it is shown.
struct Board {
    events: Receiver<Event>,
    progress: Progress,
    expected: Option<u64>,
    draws: bool,
}

impl Generate {
    /// Sends everything, and says what became of it.
    pub(crate) async fn send(&self) -> Result<Summary, GenerateError> {
        let settings = self.settings()?;
        let Connection { max_connections, max_connections_per_route, .. } = settings.connection;
        // Who has no connection to wait for would go into the queue.
        let most = max_connections.min(max_connections_per_route);
        let plan = self.plan()?;
        let (clock, seed) = (SystemClock, plan.seed);
        let began = clock.instant();
        let client = OrderClient::builder("").settings(settings).open().await?;
        let mut board = Board {
            events: client.events(),
            progress: Progress::default(),
            expected: plan.orders,
            draws: !self.json && std::io::stderr().is_terminal(),
        };
        let until = self.duration.map(|duration| began + duration);
        let batches =
            plan.batches.take_while(|_| until.is_none_or(|until| SystemClock.instant() < until));
        let interrupted = tokio::select! {
            () = board.send(&client, batches, most) => false,
            pressed = tokio::signal::ctrl_c() => pressed.map(|()| true)?,
        };
        if !interrupted {
            tokio::select! {
                drained = board.drain(&client, self.drain_within) => drained?,
                pressed = tokio::signal::ctrl_c() => pressed?,
            }
        }
        board.draw(&client);
        board.end();
        let depth = client.depth().await?;
        let took = clock.instant().saturating_duration_since(began);
        Ok(Summary::new(board.progress, depth, interrupted, took, seed))
    }

    fn settings(&self) -> Result<Settings, SettingsError> {
        let mut settings = self.service.settings()?;
        if let Some(rate) = self.rate {
            let least = settings.rate.least.min(rate);
            settings.rate = RateLimits { start: rate, least, most: rate };
        }
        Ok(settings)
    }

    fn plan(&self) -> Result<Plan, GenerateError> {
        let Self { size, portfolios, securities, .. } = *self;
        let in_each = u64::from(size.get());
        let Some(path) = &self.orders else {
            let seed = self.seed.unwrap_or_else(|| u64::from(fastrand::u32(..)));
            let count = self.count.or(self.duration.is_none().then_some(COUNT));
            let recipe = Recipe { size, portfolios, securities, seed };
            let batches = Box::new(batches::made(recipe, count.unwrap_or(u64::MAX)));
            return Ok(Plan { batches, orders: count.map(|count| count * in_each), seed });
        };
        let (orders, content) = file::read(path)?;
        // The orders of a file are the same ones every time.
        let seed = self.seed.unwrap_or_default();
        let count = self.count.unwrap_or(u64::MAX);
        let all = u64::try_from(orders.len()).unwrap_or(u64::MAX);
        let size = usize::try_from(in_each).unwrap_or(usize::MAX);
        let most = usize::try_from(count).unwrap_or(usize::MAX);
        let batches = Box::new(batches::cut(orders, content, seed, size).take(most));
        Ok(Plan { batches, orders: Some(all.min(count.saturating_mul(in_each))), seed })
    }
}

impl Board {
    async fn send(
        &mut self,
        client: &OrderClient,
        batches: impl Iterator<Item = Batch>,
        most: usize,
    ) {
        let submit = |batch: Batch| async move {
            let count = u64::try_from(batch.orders.len()).unwrap_or(u64::MAX);
            (count, client.submit_with_key(&batch.key, batch.orders).await)
        };
        let mut outcomes = std::pin::pin!(stream::iter(batches).map(submit).buffer_unordered(most));
        let mut ticks = interval(DRAW_EVERY);
        loop {
            tokio::select! {
                outcome = outcomes.next() => match outcome {
                    Some((count, outcome)) => self.progress.note(count, &outcome),
                    None => break,
                },
                _ = ticks.tick() => self.draw(client),
            }
        }
    }

    /// Brings what waits, until nothing does or the time is over.
    async fn drain(&mut self, client: &OrderClient, within: Duration) -> Result<(), QueueError> {
        let clock = SystemClock;
        let until = clock.instant() + within;
        while client.depth().await?.waiting > 0 && clock.instant() < until {
            client.drain().await?;
            self.draw(client);
            sleep(DRAIN_PAUSE).await;
        }
        Ok(())
    }

    /// Counts what was told since, and draws over the line of before.
    fn draw(&mut self, client: &OrderClient) {
        while let Ok(event) = self.events.try_recv() {
            self.progress.hear(&event);
        }
        if self.draws {
            let used = client.condition().utilisation();
            let line = self.progress.line(self.expected, client.rate(), used);
            // Who does not look does not miss it.
            let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
        }
    }

    fn end(&self) {
        if self.draws {
            let _ = writeln!(std::io::stderr());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::path::Path;

    use clap::Parser;

    use super::*;
    use crate::cli::Cli;
    use crate::cli::arguments::Command;

    fn parsed(arguments: &[&str]) -> Box<Generate> {
        let cli = Cli::try_parse_from([&["weir", "generate"], arguments].concat()).unwrap();
        let Some(Command::Generate(wanted)) = cli.command else { panic!("{arguments:?}") };
        wanted
    }

    #[test]
    fn without_a_word_it_is_a_hundred_batches_of_the_guide_at_the_clients_own_rate() {
        let wanted = parsed(&[]);

        let Generate { size, portfolios, securities, .. } = *wanted;
        assert_eq!([size, portfolios, securities].map(NonZeroU32::get), [25, 10, 100]);
        assert_eq!((wanted.duration, wanted.drain_within), (None, Duration::from_mins(1)));
        assert_eq!(wanted.service.file.path, Path::new("weir-client.queue"));
        let plan = wanted.plan().unwrap();
        assert_eq!((plan.batches.count(), plan.orders), (100, Some(2500)));
        assert_eq!(wanted.settings().unwrap().rate, RateLimits::default());
    }

    #[test]
    fn a_time_without_a_number_has_no_other_end() {
        let plan = parsed(&["--duration", "10m"]).plan().unwrap();

        assert_eq!((plan.batches.take(101).count(), plan.orders), (101, None));
    }

    #[test]
    fn a_rate_is_where_to_begin_and_the_most() {
        for (text, rate, least) in [("5", 5.0, 0.5), ("0.1", 0.1, 0.1)] {
            let settings = parsed(&["--rate", text]).settings().unwrap();

            assert_eq!(settings.rate, RateLimits { start: rate, least, most: rate });
        }
    }
}
