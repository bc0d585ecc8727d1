//! A trade service to test against: the real one's contract, any fault on demand, and a book of
//! effects that is the judge of what was placed how often.
//!
//! | part | what is in it |
//! |---|---|
//! | `wire`, `check`, `answer` | the contract: orders in, rules, bodies out |
//! | `book` | what was placed, and its file |
//! | [`faults`] | what is set to go wrong, and the decision for each call |
//! | `sim` | all of this behind one lock, without sockets |
//! | `conduct` | answers given as their faults want it |
//! | `contract`, `control`, `server` | routes and sockets |
//!
//! `docs/trade-sim.md` is its manual.

mod answer;
mod book;
mod check;
mod conduct;
mod contract;
mod control;
pub mod faults;
mod server;
mod sim;
#[cfg(test)]
mod tests;
mod wire;

use std::io;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;

pub use book::file::BookError;
pub use book::{OrderCount, Rules, Totals};
pub use faults::Faults;
pub use server::{Handle, Server, serve};
pub use sim::Sim;

use crate::ports::clock::Clock;
use faults::Step;

/// The most orders in one call, as the real service has it.
const BULK_MAX: usize = 1000;

/// What a simulator begins with.
pub struct Options {
    pub clock: Arc<dyn Clock>,
    /// Where effects are written down; without it trade ids begin with 1 at each start.
    pub book: Option<PathBuf>,
    pub faults: Faults,
    pub script: Vec<Step>,
    pub rules: Rules,
    /// A second listener, for `/sim` alone, which stays when the service is down.
    pub control: Option<TcpListener>,
}

impl Options {
    /// The real service's behaviour, and nothing kept.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            book: None,
            faults: Faults::default(),
            script: Vec::new(),
            rules: Rules::default(),
            control: None,
        }
    }
}

/// Why a simulator cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Book(#[from] BookError),
    #[error("the faults cannot be set: {0}")]
    Faults(String),
    #[error("the trade simulator cannot listen")]
    Listener(#[source] io::Error),
}
