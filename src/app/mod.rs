//! The composition root: the one place that knows every room.
//!
//! Start: logs, the file's lock, the trade simulator if orders go to one, the rooms, the listeners,
//! and then the database, so that health and metrics answer from the first moment, also while the
//! database is away.
//! Stop: readiness goes, the listeners close, requests that are here end, the ledger writes what
//! it took, the connections say goodbye, the simulator ends.

mod breakers;
mod engine;
mod listen;
mod quota;
mod rooms;
mod tokens;
mod trade_place;

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::{Actor, Addr, Arbiter};
use actix_web::dev::{Server, ServerHandle};
use resilience::breaker::ConfigFault;
use tokio::signal::unix::{SignalKind, signal};

use crate::actors::circuit_breaker::{CircuitBreaker, Protected, Subscribe};
use crate::actors::lookout::{Close, Lookout};
use crate::actors::pool_monitor::{Pace, PoolMonitor};
use crate::http::problem::Code;
use crate::http::server::Connections;
use crate::http::{self, Doors};
use crate::outbound::readiness;
use crate::ports::catalogue::Catalogue;
use crate::ports::clock::{Clock, SystemClock};
use crate::ports::gauge::PoolGauge;
use crate::ports::meter::BreakerMeter;
use crate::settings::{Effective, LogSettings, ServerSettings, Settings, Shown};
use crate::store::{self, MigrationState, OpenError, PrepareError, Store};
use crate::telemetry::{logging, metrics::Metrics};
use crate::trade_sim;
use breakers::Breakers;
use engine::{Engine, Parts};
use listen::{bind, local_address};
use rooms::{Rooms, of_lookout};
use trade_place::TradePlace;

/// The first pause before the database is asked again; it doubles up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(250);
/// Short enough that service is back within five seconds of the database.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// How old the reference data at hand may become.
const RENEW_EVERY: Duration = Duration::from_secs(5);
/// How long the operators' listener waits for its answers at the end: by then the house is drained,
/// and a console that does not read must not hold up the rest.
const OPERATORS_WAIT: Duration = Duration::from_secs(5);
/// How long a peer may take to close its side of a connection.
const LEAVE_WITHIN: Duration = Duration::from_secs(1);

/// Why the service could not start, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("logging could not be set up: {0}")]
    Logging(String),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("cannot listen on {address} ({key}): {source}")]
    Bind { key: &'static str, address: SocketAddr, source: io::Error },
    #[error("a listener failed")]
    Listener(#[source] io::Error),
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    #[error("the metrics could not be set up: {0}")]
    Metrics(String),
    #[error("the breaker {0} cannot be set up: {1}")]
    Breaker(&'static str, ConfigFault),
    #[error("the signals could not be heard")]
    Signals(#[source] io::Error),
    #[error("the {0} is gone: ending, so that a fresh start can recover")]
    Room(&'static str),
    #[error(transparent)]
    TradeSim(#[from] trade_sim::Error),
}

/// Runs the service until it is told to stop.
pub fn serve(effective: &Effective) -> Result<(), AppError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let log = logging::start(&effective.settings.log, Arc::clone(&clock))
        .map_err(|error| AppError::Logging(error.to_string()))?;
    let system = actix::System::new();
    system.block_on(async { House::build(effective, clock, log)?.run(&effective.settings).await })
}

/// Brings the schema up to date and ends.
pub fn migrate(settings: &Settings) -> Result<(), AppError> {
    actix::System::new().block_on(async { Ok(offline(settings)?.migrate().await?) })
}

/// Tells which steps of the schema's history the database has taken.
pub fn migrations(settings: &Settings) -> Result<Vec<MigrationState>, AppError> {
    actix::System::new().block_on(async { Ok(offline(settings)?.migrations().await?) })
}

/// Finds what the settings alone could not: an address that the driver would not take.
pub fn check(settings: &Settings) -> Result<(), AppError> {
    Ok(store::check_url(&settings.database.url)?)
}

/// Asks a running service whether it is ready.
pub fn health(settings: &Settings) -> Result<(), readiness::NotReady> {
    actix::System::new().block_on(readiness::ask(settings.server.bind))
}

/// Where a trade simulator listens.
#[derive(Clone, Copy, Debug)]
pub struct TradeSimAt {
    pub trade: SocketAddr,
    pub control: Option<SocketAddr>,
}

/// Runs a trade simulator until it is told to stop.
pub fn trade_sim(
    log: &LogSettings,
    at: TradeSimAt,
    options: impl FnOnce(Option<TcpListener>) -> trade_sim::Options,
) -> Result<(), AppError> {
    logging::start(log, Arc::new(SystemClock))
        .map_err(|error| AppError::Logging(error.to_string()))?;
    let trade = bind("--bind", at.trade)?;
    let control = at.control.map(|address| bind("--control", address)).transpose()?;
    let control_address = control.as_ref().map(local_address).unwrap_or_default();
    actix::System::new().block_on(async {
        let server = trade_sim::serve(trade, options(control))?;
        log::info!(trade = server.address().to_string(), control = control_address; "listening");
        let handle = server.handle();
        let running = server.run();
        tokio::pin!(running);
        tokio::select! {
            ended = &mut running => return Ok(ended?),
            told = told_to_stop() => told?,
        }
        handle.stop();
        running.await?;
        log::info!("stopped");
        Ok(())
    })
}

/// The store without the service around it.
fn offline(settings: &Settings) -> Result<Store, AppError> {
    Ok(Store::open(settings, Arc::new(SystemClock), Arc::new(()))?)
}

/// Everything that lives as long as the service.
struct House {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    draining: Arc<AtomicBool>,
    log: logging::Switch,
    shown: Arc<[Shown]>,
}

impl House {
    fn build(
        effective: &Effective,
        clock: Arc<dyn Clock>,
        log: logging::Switch,
    ) -> Result<Self, AppError> {
        let (settings, shown) = (&effective.settings, effective.shown().collect());
        let metrics = Metrics::new().map_err(|error| AppError::Metrics(error.to_string()))?;
        let metrics = Arc::new(metrics);
        let store = Store::open(settings, Arc::clone(&clock), metrics.clone())?;
        let store = Arc::new(store);
        metrics.watch_pool(store.clone());
        for code in Code::ALL {
            metrics.foresee_problem(code.name(), code.status().as_u16());
        }
        Ok(Self { store, clock, metrics, draining: Arc::default(), log, shown })
    }

    async fn run(self, settings: &Settings) -> Result<(), AppError> {
        let mut trade_place = TradePlace::find(settings, &self.clock)?;
        if trade_place.is_simulated() {
            self.metrics.trades_are_simulated();
        }
        let meter: Arc<dyn BreakerMeter> = self.metrics.clone();
        let breakers = Breakers::start(settings, &self.clock, &meter)?;
        let monitor = self.start_monitor(settings, &breakers.pool.room)?;
        let thread = Arbiter::new();
        let parts = Parts {
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            metrics: self.metrics.clone(),
            breaker: breakers.trade.permits.clone(),
            trade_base: trade_place.base().to_owned(),
        };
        let engine = Engine::start(parts, settings, &thread);
        engine.introduce(&breakers.trade.room)?;
        let rooms = Rooms { engine, monitor, breakers };
        let lookout = rooms.start_lookout(&self, trade_place.is_simulated())?;
        let doors = self.doors(settings, &rooms, lookout.clone());
        let (listeners, public, admin) = open(settings, &doors, &trade_place)?;
        // A task of its own: a server whose future is dropped cuts off what it is answering.
        let serving = actix::spawn(listening(public, admin));
        let ended = tokio::select! {
            ended = self.prepare() => ended,
            ended = serving => ended.map_err(io::Error::other).map_err(AppError::Listener).flatten(),
            ended = told_to_stop() => ended,
            ended = rooms.missing() => ended,
            ended = trade_place.lost() => ended,
            never = self.renew_references() => match never {},
            never = tokens::follow(&settings.admin, &doors.admin_tokens) => match never {},
        };
        self.draining.store(true, Ordering::Release);
        let within = settings.server.drain_within;
        // Readiness says no and writes are refused from here on; the listeners still answer.
        rooms.engine.drain(within).await;
        // A stream has no end of its own, and would be waited for.
        if let Err(error) = lookout.send(Close).await {
            log::error!(reason:% = error; "lookout was not closed");
        }
        let [public, admin] = listeners;
        tokio::join!(public.stop(true), admin.stop(true));
        rooms.engine.close(within).await;
        self.store.close().await;
        thread.stop();
        trade_place.leave().await;
        log::info!("stopped");
        ended
    }

    /// Another instance may have renamed or removed a row that this one has at hand.
    async fn renew_references(&self) -> Infallible {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            if self.store.state().is_serving()
                && let Err(failure) = self.store.refresh().await
            {
                log::debug!(reason:% = failure; "reference data could not be read again");
            }
        }
    }

    fn start_monitor(
        &self,
        settings: &Settings,
        breaker: &Addr<CircuitBreaker>,
    ) -> Result<Addr<PoolMonitor>, AppError> {
        let pace = Pace {
            sample_every: settings.pool.sample_every,
            hold_warning: settings.pool.hold_warning,
        };
        let (store, clock) = (self.store.clone(), Arc::clone(&self.clock));
        let monitor = PoolMonitor::new(store, clock, pace, breaker.clone().recipient()).start();
        let subscribed = breaker.try_send(Subscribe(monitor.clone().recipient()));
        subscribed.map_err(|_| AppError::Room(Protected::Pool.room()))?;
        Ok(monitor)
    }

    fn doors(&self, settings: &Settings, rooms: &Rooms, lookout: Addr<Lookout>) -> Doors {
        let metrics = self.metrics.clone();
        let exposition = move || metrics.render().map_err(|error| error.to_string());
        Doors {
            ledger: rooms.engine.ledger.clone(),
            recorder: rooms.engine.ledger.clone().recipient(),
            freezer: rooms.engine.ledger.clone().recipient(),
            supervisor: rooms.engine.supervisor.clone().recipient(),
            submitter: rooms.engine.supervisor.clone().recipient(),
            mailbox: rooms.engine.mailbox.clone().recipient(),
            pauses: rooms.engine.mailbox.clone().recipient(),
            doorway: rooms.engine.doorway.clone(),
            quotas: quota::quotas(&settings.quota, self.metrics.clone(), &*self.clock),
            times: rooms.engine.supervisor.clone().recipient(),
            pool_breaker: rooms.breakers.pool.permits.clone(),
            trade_breaker: rooms.breakers.trade.permits.clone(),
            breakers: rooms.breakers.rooms().map(|(it, room)| (it, room.clone())).into(),
            rooms: rooms.observed().into_iter().chain([of_lookout(&lookout)]).collect(),
            lookout,
            monitor: rooms.monitor.clone().recipient(),
            settings: Arc::clone(&self.shown),
            log_filter: Arc::new(self.log.clone()),
            families: self.metrics.clone(),
            library: self.store.clone(),
            catalogue: self.store.clone(),
            board: self.store.clone(),
            gauge: self.store.clone(),
            clock: Arc::clone(&self.clock),
            meter: self.metrics.clone(),
            exposition: Arc::new(exposition),
            draining: Arc::clone(&self.draining),
            admin_tokens: tokens::of(&settings.admin),
            instance: Arc::clone(&rooms.engine.instance),
            limits: http::Limits {
                answer_within: settings.server.answer_within,
                body_max: settings.server.body_max,
                body_within: settings.server.body_within,
                wait_max: settings.supervisor.wait_max,
                key_kept: settings.idempotency.kept,
                body_key_kept: settings.idempotency.body_within,
            },
        }
    }

    /// Waits for the database and opens the house. Comes back only with what waiting cannot
    /// mend.
    async fn prepare(&self) -> Result<(), AppError> {
        let mut pause = PAUSE_MIN;
        loop {
            match self.store.prepare().await {
                Ok(()) => return std::future::pending().await,
                Err(PrepareError::Away(failure)) => {
                    let wait_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                    log::warn!(reason:% = failure, wait_ms; "database is away, waiting for it");
                }
                Err(error) => return Err(error.into()),
            }
            tokio::time::sleep(pause).await;
            pause = PAUSE_MAX.min(pause * 2);
        }
    }
}

/// Opens both listeners and says where they are.
fn open(
    settings: &Settings,
    doors: &Doors,
    trade_place: &TradePlace,
) -> Result<([ServerHandle; 2], Server, Server), AppError> {
    let public = bind("server.bind", settings.server.bind)?;
    let admin_listener = bind("admin.bind", settings.admin.bind)?;
    log::info!(
        public = local_address(&public), admin = local_address(&admin_listener),
        database:% = settings.database.url, trade = trade_place.base();
        "listening"
    );
    let connections = connections(&settings.server);
    let public = http::server::public(public, doors.clone(), connections);
    let public = public.map_err(AppError::Listener)?;
    // The operators' listener has its own worker, which no load of callers can take.
    let stop_within = connections.stop_within.min(OPERATORS_WAIT);
    let admin = Connections { workers: 1, stop_within, ..connections };
    let admin = http::server::admin(admin_listener, doors.clone(), admin);
    let admin = admin.map_err(AppError::Listener)?;
    Ok(([public.handle(), admin.handle()], public, admin))
}

fn connections(server: &ServerSettings) -> Connections {
    let cores = || std::thread::available_parallelism().map_or(1, NonZero::get);
    Connections {
        workers: if server.workers == 0 { cores() } else { server.workers },
        connections_max: server.connections_max,
        keep_alive: server.keep_alive,
        head_within: server.header_within,
        leave_within: LEAVE_WITHIN,
        stop_within: server.drain_within,
    }
}

async fn listening(public: Server, admin: Server) -> Result<(), AppError> {
    tokio::try_join!(public, admin).map(drop).map_err(AppError::Listener)
}

async fn told_to_stop() -> Result<(), AppError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(AppError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(AppError::Signals)?;
    let name = tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    };
    log::info!(signal = name; "stopping: taking nothing more, finishing what is here");
    Ok(())
}
