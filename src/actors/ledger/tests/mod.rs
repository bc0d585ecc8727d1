//! The ledger through its address, on paused time, with a journal that fails as planned.
//!
//! Requests are written as words: `a b !c` is a batch of two orders, of the portfolios `a` and
//! `b`, and of an item that its check found at fault. Answers are read the same way.

mod bounds;
mod failing;
mod fake;
mod grouping;
mod ids;
mod losing;
mod resting;
mod slow;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, MailboxError};
use tokio::task::JoinHandle;

use self::fake::FakeJournal;
use super::*;
use crate::domain::amount::Amount;
use crate::domain::batch::Item;
use crate::domain::client::ClientId;
use crate::domain::order::{Fault, Terms};
use crate::ports::clock::SystemClock;
use crate::ports::journal::Change;

const ONE_LANE: Limits = Limits { lanes: 1, group_max: 100, line_max: 1_000, ids_block: 1_000 };

/// A ledger and its journal. When it goes, the promises that hold in every test are checked.
struct House {
    ledger: Addr<Ledger>,
    journal: Arc<FakeJournal>,
    lanes: usize,
}

/// A request under way.
struct Asked {
    words: String,
    answer: JoinHandle<Result<Recorded, Refused>>,
}

impl House {
    fn open(limits: Limits) -> Self {
        Self::with(FakeJournal::open(), limits)
    }

    /// Commits wait until the journal releases them.
    fn gated(limits: Limits) -> Self {
        Self::with(FakeJournal::gated(), limits)
    }

    fn with(journal: FakeJournal, limits: Limits) -> Self {
        tokio::time::pause();
        let journal = Arc::new(journal);
        let port: Arc<dyn Books> = journal.clone();
        let ledger = Ledger::new(port, Arc::new(SystemClock), Arc::new(()), limits).start();
        Self { ledger, journal, lanes: usize::from(limits.lanes) }
    }

    /// Sends a batch; it is in the mailbox when this returns.
    fn ask(&self, words: &str) -> Asked {
        let send = self.ledger.send(record(words));
        let answer = actix::spawn(async {
            answered(send).await.map(|entry| match entry {
                Entry::New(recorded) => recorded,
                Entry::Known(known) => panic!("nothing was known, but {known:?}"),
            })
        });
        Asked { words: words.to_owned(), answer }
    }

    fn remove(&self, id: i64, version: i32) -> JoinHandle<Result<Changed, Refused>> {
        let send = self.ledger.send(Apply(Change::RemoveOrder { id, version }));
        actix::spawn(answered(send))
    }

    fn drain(&self) -> JoinHandle<()> {
        actix::spawn(answered(self.ledger.send(Drain)))
    }

    /// The answer in words; what it says is compared with what is on the disk.
    async fn hear(&self, asked: Asked) -> String {
        let outcome = asked.answer.await.unwrap();
        match &outcome {
            Ok(recorded) => self.check_recorded(&asked.words, recorded),
            Err(Refused::Unknown(_)) => {}
            Err(_) => self.check_absent(&asked.words),
        }
        told(&outcome)
    }

    async fn ask_and_hear(&self, words: &str) -> String {
        self.hear(self.ask(words)).await
    }

    async fn observe(&self) -> Snapshot {
        self.ledger.send(Observe).await.unwrap()
    }

    fn check_recorded(&self, words: &str, recorded: &Recorded) {
        assert_eq!(recorded.items.len(), words.split(' ').count(), "one item each");
        for order in recorded.items.iter().flatten() {
            let portfolio = &order.terms.portfolio_id;
            assert_eq!(self.journal.portfolio(order.id).as_ref(), Some(portfolio), "as told");
            assert_eq!(self.journal.copies(portfolio), 1, "{portfolio} is on the disk once");
        }
        assert!(self.journal.has_batch(recorded.batch_id), "the batch is on the disk");
    }

    fn check_absent(&self, words: &str) {
        for portfolio in words.split(' ') {
            assert_eq!(self.journal.copies(portfolio), 0, "{portfolio} is not on the disk");
        }
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        assert_eq!(self.journal.violations(), Vec::<String>::new());
        assert!(self.journal.under_way_max() <= self.lanes, "a commit for each lane at most");
    }
}

/// What the ledger answers, however long that takes within reason: a lost answer is a failed
/// test and no endless one.
async fn answered<T>(send: impl Future<Output = Result<T, MailboxError>>) -> T {
    let patience = Duration::from_hours(2);
    tokio::time::timeout(patience, send).await.expect("the ledger never answered").unwrap()
}

/// Lets everything happen that can happen without more than a moment passing: paused time
/// moves on only when nobody has anything left to do.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

fn record(words: &str) -> Record {
    let item = |word: &str| match word.strip_prefix('!') {
        Some(field) => Err(Fault::missing("", field)),
        None => Ok(terms(word)),
    };
    Record {
        client: ClientId::default(),
        route: "orders",
        key: None,
        letters: None,
        items: words.split(' ').map(item).collect(),
    }
}

fn terms(portfolio: &str) -> Terms {
    Terms {
        blotter_id: 1,
        status_id: 1,
        order_type_id: 1,
        portfolio_id: portfolio.to_owned(),
        security_id: "security".to_owned(),
        quantity: Amount::from_scaled(1),
        limit_price: None,
        ordered_at: Moment::from_micros(0),
        client_order_id: None,
    }
}

/// `a b !c:Missing`, or the refusal and its reason.
fn told(outcome: &Result<Recorded, Refused>) -> String {
    let recorded = match outcome {
        Ok(recorded) => recorded,
        Err(Refused::Failed(failure)) => return format!("failed {}", failure.label()),
        Err(Refused::Unknown(failure)) => return format!("unknown {}", failure.label()),
        Err(refused) => return refused.label().to_owned(),
    };
    let word = |item: &Item| match item {
        Ok(order) => order.terms.portfolio_id.clone(),
        Err(fault) => format!("!{:?}", fault.kind),
    };
    recorded.items.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn counters(snapshot: &Snapshot) -> BTreeMap<&'static str, u64> {
    snapshot.counters.clone()
}

fn away() -> Failure {
    Failure::Away { reason: "planned".to_owned() }
}

fn lost() -> Failure {
    Failure::Lost { reason: "planned".to_owned() }
}

fn full() -> Failure {
    Failure::Full { reason: "planned".to_owned() }
}

fn collision() -> Failure {
    Failure::Collision { reason: "planned".to_owned() }
}
