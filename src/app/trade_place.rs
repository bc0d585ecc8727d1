//! Where orders go: the trade service that is set, or a simulator in this process when none is.
//!
//! The simulator lets Weir run with nothing installed. It begins before the rooms and ends after
//! them, so that no call of theirs meets a closed door.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::AppError;
use super::listen::bind;
use crate::ports::clock::Clock;
use crate::settings::{DatabaseUrl, Settings};
use crate::trade_sim::{self, Handle, Options};

/// What a book is called, beside the database or alone.
const BOOK_ENDING: &str = "trades";
const BOOK_ALONE: &str = "weir.trades";

/// The trade service of this process.
pub(super) struct TradePlace {
    base: String,
    simulator: Option<Simulator>,
}

struct Simulator {
    handle: Handle,
    task: JoinHandle<Result<(), trade_sim::Error>>,
}

impl TradePlace {
    /// Fails when the simulator's book is in use, or is none.
    pub(super) fn find(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<Self, AppError> {
        if let Some(url) = &settings.trade.url {
            return Ok(Self { base: url.to_string(), simulator: None });
        }
        let book = book(&settings.database.url);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = bind("trade.url", address)?;
        let options = Options { book: Some(book.clone()), ..Options::new(Arc::clone(clock)) };
        let server = trade_sim::serve(listener, options)?;
        let (address, handle) = (server.address(), server.handle());
        log::warn!(
            address:% = address, book:% = book.display();
            "no trade service is set (trade.url): orders go to a simulator in this process"
        );
        let task = actix::spawn(server.run());
        let simulator = Some(Simulator { handle, task });
        Ok(Self { base: format!("http://{address}"), simulator })
    }

    /// The address that the routes of the trade service begin with.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    pub(super) const fn is_simulated(&self) -> bool {
        self.simulator.is_some()
    }

    /// Comes back when the simulator has ended by itself.
    pub(super) async fn lost(&mut self) -> Result<(), AppError> {
        match &mut self.simulator {
            Some(Simulator { task, .. }) => {
                let ended = task.await;
                self.simulator = None;
                ended.unwrap_or(Ok(()))?;
                Err(AppError::Room("trade simulator"))
            }
            None => std::future::pending().await,
        }
    }

    /// Ends the simulator; calls that are with it have a second.
    pub(super) async fn leave(self) {
        let Some(Simulator { handle, task }) = self.simulator else { return };
        handle.stop();
        match task.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => log::error!(reason:% = error; "the trade simulator failed"),
            Err(error) => log::error!(reason:% = error; "the trade simulator was cut off"),
        }
    }
}

/// The simulator's book: beside a file, else in the working directory.
fn book(database: &DatabaseUrl) -> PathBuf {
    match database {
        DatabaseUrl::Sqlite { path } => {
            let beside = path.with_extension(BOOK_ENDING);
            // A database that has this ending itself.
            if beside == *path { path.with_added_extension(BOOK_ENDING) } else { beside }
        }
        DatabaseUrl::Postgres { .. } => PathBuf::from(BOOK_ALONE),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_book_lies_beside_its_database() {
        for (url, path) in [
            ("sqlite://weir.db", "weir.trades"),
            ("sqlite:///var/lib/weir/orders", "/var/lib/weir/orders.trades"),
            ("sqlite://weir.trades", "weir.trades.trades"),
            ("postgres://weir@db/weir", "weir.trades"),
        ] {
            assert_eq!(book(&url.parse().unwrap()), Path::new(path), "{url}");
        }
    }
}
