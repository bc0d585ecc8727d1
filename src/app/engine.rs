//! The engine: what brings orders to the trade service, on a thread of its own.
//!
//! Ledger, supervisor, workers, mailbox and the connections to the trade service live on one
//! thread: a batch that is under way crosses no other.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, Arbiter, Context};
use resilience::backoff::{Backoff, Jitter};

use uuid::Uuid;

use super::AppError;
use crate::actors::batch_supervisor::{
    BatchSupervisor, Door, Doorway, Drain as DrainLine, Meet, Setup,
};
use crate::actors::batch_worker::Tools;
use crate::actors::circuit_breaker::{BreakerHandle, CircuitBreaker, Protected, Subscribe};
use crate::actors::lease::Lease;
use crate::actors::ledger::{self, Drain as DrainLedger, Ledger, Queue};
use crate::actors::retry_mailbox::{self, Leave, Pace, RetryMailbox};
use crate::domain::admission;
use crate::domain::carriage::Rules;
use crate::outbound::trade_desk::HttpDesk;
use crate::ports::clock::Clock;
use crate::settings::{DatabaseUrl, MailboxSettings, Settings, TradeSettings};
use crate::store::Store;
use crate::telemetry::metrics::Metrics;

const SUPERVISOR: &str = "batch supervisor";
/// Orders over which so many workers died are put aside.
const KILLS_MAX: u8 = 3;
/// How long a request may wait to be recorded: as long as callers wait for a worker by default.
const LEDGER_MAX: Duration = Duration::from_secs(5);
/// Between the two looks that make an absence believed.
const SECOND_LOOK: Duration = Duration::from_millis(1500);

/// The rooms of the engine.
pub(super) struct Engine {
    pub(super) ledger: Addr<Ledger>,
    pub(super) supervisor: Addr<BatchSupervisor>,
    pub(super) mailbox: Addr<RetryMailbox>,
    pub(super) doorway: Doorway,
    pub(super) lease: Lease,
    /// Its name for the other instances.
    pub(super) instance: Arc<str>,
}

/// What the engine is made of.
pub(super) struct Parts {
    pub(super) store: Arc<Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) breaker: BreakerHandle,
    /// Where the trade service is.
    pub(super) trade_base: String,
}

impl Engine {
    pub(super) fn start(parts: Parts, settings: &Settings, thread: &Arbiter) -> Self {
        let Parts { store, clock, metrics, breaker, trade_base } = parts;
        let (queue, doorway) = (Queue::default(), Doorway::new(metrics.clone()));
        let ledger = {
            let queue = queue.clone();
            let (limits, store, clock) = (limits(settings), store.clone(), Arc::clone(&clock));
            let meter = metrics.clone();
            Ledger::start_in_arbiter(&thread.handle(), move |_| {
                Ledger::new(store, clock, meter, limits).telling(queue)
            })
        };
        let (lease, instance) = (Lease::default(), Arc::<str>::from(instance(settings)));
        let rules = rules(&settings.mailbox, &settings.trade);
        let (chunk, bulk_max) = (settings.supervisor.chunk, settings.trade.bulk_max);
        let supervisor = {
            let (ledger, lease, catalogue) = (ledger.clone(), lease.clone(), store.clone());
            let (clock, metrics) = (Arc::clone(&clock), metrics.clone());
            let trade = settings.trade.clone();
            let adapts = settings.supervisor.adapts;
            let door = Door {
                limits: door(settings),
                wait_max: settings.supervisor.wait_max,
                queue,
                doorway: doorway.clone(),
            };
            BatchSupervisor::start_in_arbiter(&thread.handle(), move |_: &mut Context<_>| {
                // The connections stay on the thread that they were made on.
                let desk = HttpDesk::new(&trade_base, &trade, Arc::clone(&clock), metrics.clone());
                let desk = Rc::new(desk);
                let tools = Tools { desk, ledger, breaker, lease, catalogue, clock };
                let (meter, seed) = (metrics, fastrand::u64(..));
                BatchSupervisor::new(Setup {
                    tools,
                    meter,
                    rules,
                    chunk,
                    bulk_max,
                    door,
                    adapts,
                    seed,
                })
            })
        };
        let mailbox = {
            let setup = retry_mailbox::Setup {
                leases: store.clone(),
                board: store.clone(),
                gauge: store,
                ledger: ledger.clone(),
                supervisor: supervisor.clone(),
                lease: lease.clone(),
                clock,
                meter: metrics,
                instance: instance.to_string(),
                pace: pace(settings),
            };
            RetryMailbox::start_in_arbiter(&thread.handle(), move |_| RetryMailbox::new(setup))
        };
        Self { ledger, supervisor, mailbox, doorway, lease, instance }
    }

    /// The supervisor has to know whom to wake, and to hear of the breaker's changes.
    pub(super) fn introduce(&self, breaker: &Addr<CircuitBreaker>) -> Result<(), AppError> {
        let meet = Meet(self.mailbox.clone().recipient());
        self.supervisor.try_send(meet).map_err(|_| AppError::Room(SUPERVISOR))?;
        let subscribe = Subscribe(self.supervisor.clone().recipient());
        breaker.try_send(subscribe).map_err(|_| AppError::Room(Protected::Trade.room()))
    }

    /// Takes nothing more; what is on its way has so long.
    pub(super) async fn drain(&self, within: Duration) {
        if let Err(error) = self.supervisor.send(DrainLine { within }).await {
            log::error!(reason:% = error; "supervisor was not drained");
        }
    }

    /// Ends the lease and writes what was taken.
    pub(super) async fn close(&self, within: Duration) {
        if let Err(error) = self.mailbox.send(Leave).timeout(within).await {
            log::error!(reason:% = error; "mailbox did not leave");
        }
        if let Err(error) = self.ledger.send(DrainLedger).timeout(within).await {
            log::error!(reason:% = error; "ledger was not drained");
        }
    }
}

fn rules(mailbox: &MailboxSettings, trade: &TradeSettings) -> Rules {
    Rules {
        backoff: Backoff { base: mailbox.retry_base, cap: mailbox.retry_cap, jitter: Jitter::Full },
        quiet_after: trade.answer_timeout + mailbox.quiet_margin,
        second_look: SECOND_LOOK,
        attempts_max: mailbox.attempts_max,
        kills_max: KILLS_MAX,
    }
}

/// Who comes in.
fn door(settings: &Settings) -> admission::Limits {
    admission::Limits {
        line_max: settings.supervisor.line_max,
        drain_max: settings.mailbox.drain_max,
        ledger_max: LEDGER_MAX,
        letters_max: settings.mailbox.letters_max,
        pace_at_first: settings.supervisor.pace_at_first,
    }
}

fn pace(settings: &Settings) -> Pace {
    let Settings { mailbox, trade, ledger, idempotency, .. } = settings;
    Pace {
        lease: mailbox.lease,
        renew_every: mailbox.renew_every,
        sweep_every: mailbox.sweep_every,
        quiet_after: trade.answer_timeout + mailbox.quiet_margin,
        // One time for all: only the oldest are looked at, and a key that stands longer than what
        // came after it would stand in its way.
        batches_kept: ledger.batches_kept.max(idempotency.kept),
    }
}

/// What bounds the ledger. SQLite has one writer, whatever is set.
fn limits(settings: &Settings) -> ledger::Limits {
    let lanes = match settings.database.url {
        DatabaseUrl::Sqlite { .. } => 1,
        DatabaseUrl::Postgres { .. } => settings.ledger.lanes,
    };
    ledger::Limits {
        lanes: u16::try_from(lanes).unwrap_or(u16::MAX),
        group_max: settings.ledger.group_max,
        line_max: settings.ledger.line_max,
        ids_block: u32::try_from(settings.ledger.ids_block).unwrap_or(u32::MAX),
    }
}

/// The same over restarts, and never that of a process beside us: two that took each other for
/// their own past would take each other's letters. A process whose port is any is nobody's.
fn instance(settings: &Settings) -> String {
    if let Some(name) = &settings.mailbox.instance {
        return name.clone();
    }
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match settings.server.bind.port() {
        0 => Uuid::now_v7().to_string(),
        port => format!("{}:{port}", host.trim()),
    }
}
