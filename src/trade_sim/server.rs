//! The sockets of a simulator: a listener for trades that can go away, and one for control that
//! stays.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server as Listening, ServerHandle};
use actix_web::rt::{self, net::TcpStream, task::JoinHandle};
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use tokio::sync::watch;

use super::control::ControlListener;
use super::sim::Sim;
use super::{Error, Options, conduct, contract, control};

/// Longer than the idle connections of any caller live.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// What running calls are left when the simulator ends or goes down; whole seconds.
const STOP_WITHIN: u64 = 1;
/// Between two looks whether the door has closed, or the port is free again.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A simulator that listens as soon as it is run.
pub struct Server {
    sim: Arc<Sim>,
    address: SocketAddr,
    listener: TcpListener,
    control: Option<TcpListener>,
    stop: watch::Sender<bool>,
}

/// Ends a [`Server`].
#[derive(Clone)]
pub struct Handle(watch::Sender<bool>);

impl Handle {
    /// Running calls have a second to end; [`Server::run`] returns then.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

/// Makes a simulator of a listener. Must be called in an actix runtime.
pub fn serve(listener: TcpListener, mut options: Options) -> Result<Server, Error> {
    options.faults.check().map_err(Error::Faults)?;
    for step in &options.script {
        step.check().map_err(Error::Faults)?;
    }
    let address = listener.local_addr().map_err(Error::Listener)?;
    let control = options.control.take();
    let sim = Arc::new(Sim::new(options, control.is_some())?);
    Ok(Server { sim, address, listener, control, stop: watch::Sender::new(false) })
}

impl Server {
    /// Where it listens for trades.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it does, to be changed and asked without HTTP.
    #[must_use]
    pub fn sim(&self) -> Arc<Sim> {
        Arc::clone(&self.sim)
    }

    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle(self.stop.clone())
    }

    /// Listens until it is stopped.
    pub async fn run(self) -> Result<(), Error> {
        let Self { sim, address, listener, control, stop } = self;
        let control = match control {
            Some(listener) => Some(Running::begin(control_server(listener, &sim))?),
            None => None,
        };
        let ended = trade(&sim, address, listener, &stop).await;
        if let Some(control) = control {
            control.end().await;
        }
        ended
    }
}

/// The trade listener's life: it comes and goes as the faults want it.
async fn trade(
    sim: &Arc<Sim>,
    address: SocketAddr,
    listener: TcpListener,
    stop: &watch::Sender<bool>,
) -> Result<(), Error> {
    let mut stopped = stop.subscribe();
    let mut listener = listener;
    loop {
        let mut running = Running::begin(trade_server(listener, sim))?;
        sim.door.send_replace(true);
        let ends = tokio::select! {
            () = turn(sim, true) => false,
            _ = stopped.wait_for(|stopped| *stopped) => true,
            ended = &mut running.task => return ended.unwrap_or(Ok(())).map_err(Error::Listener),
        };
        if ends {
            running.end().await;
            return Ok(());
        }
        // Not awaited: running calls, such as the one that wanted this, have their second.
        rt::spawn(running.end());
        closed(address).await;
        sim.door.send_replace(false);
        tokio::select! {
            () = turn(sim, false) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return Ok(()),
        }
        listener = open_again(address).await;
    }
}

/// Waits until the faults want the door as said.
async fn turn(sim: &Sim, refusing: bool) {
    while sim.is_refusing() != refusing {
        let next_turn = async {
            match sim.next_turn() {
                Some(turn) => tokio::time::sleep_until(turn.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = sim.changed.notified() => {}
            () = next_turn => {}
        }
    }
}

/// Waits until connections are refused.
async fn closed(address: SocketAddr) {
    while TcpStream::connect(address).await.is_ok() {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn open_again(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address) {
            Ok(listener) => return listener,
            Err(error) => log::debug!(reason:% = error; "the port is not free again yet"),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

struct Running {
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    fn begin(server: io::Result<Listening>) -> Result<Self, Error> {
        let server = server.map_err(Error::Listener)?;
        Ok(Self { handle: server.handle(), task: rt::spawn(server) })
    }

    async fn end(self) {
        self.handle.stop(true).await;
        drop(self.task.await);
    }
}

fn trade_server(listener: TcpListener, sim: &Arc<Sim>) -> io::Result<Listening> {
    let sim = Data::from(Arc::clone(sim));
    let app = move || App::new().configure(everything(&sim));
    let server = HttpServer::new(app)
        .workers(1)
        .keep_alive(KEEP_ALIVE)
        // A caller who hangs up is gone: a call that never answers would stay for ever.
        .h1_allow_half_closed(false)
        .on_connect(conduct::remember)
        .shutdown_timeout(STOP_WITHIN)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

fn control_server(listener: TcpListener, sim: &Arc<Sim>) -> io::Result<Listening> {
    let sim = Data::from(Arc::clone(sim));
    let app = move || {
        let app = App::new().app_data(sim.clone()).app_data(ControlListener);
        app.configure(control::routes).default_service(web::to(contract::unmatched))
    };
    let server = HttpServer::new(app)
        .workers(1)
        .shutdown_timeout(STOP_WITHIN)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

/// All routes; those that load comes to are tried first.
pub(super) fn everything(sim: &Data<Sim>) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
    let sim = sim.clone();
    move |config| {
        config
            .app_data(sim)
            .configure(contract::routes)
            .configure(control::routes)
            .default_service(web::to(contract::unmatched));
    }
}
