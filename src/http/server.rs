//! The two listeners. Signals are the composition root's: it decides when they end.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{HttpServer, web};

use super::{Doors, routes};

/// How a listener treats its connections.
#[derive(Clone, Copy, Debug)]
pub struct Connections {
    pub workers: usize,
    /// Of one worker; more wait in the kernel's line.
    pub connections_max: usize,
    /// How long an idle connection is kept.
    pub keep_alive: Duration,
    /// How long a request's head may take to arrive.
    pub head_within: Duration,
    /// How long a peer may take to take leave.
    pub leave_within: Duration,
    /// How long answers under way may take once the listener is stopped.
    pub stop_within: Duration,
}

/// One server with its bounds. (A function would have to name types that actix keeps private.)
macro_rules! serve {
    ($listener:expr, $connections:expr, $app:expr) => {{
        let connections: Connections = $connections;
        let workers = connections.workers.max(1);
        let server = HttpServer::new($app)
            .workers(workers)
            .max_connections(connections.connections_max)
            .keep_alive(connections.keep_alive)
            .client_request_timeout(connections.head_within)
            .client_disconnect_timeout(connections.leave_within)
            .shutdown_timeout(connections.stop_within.as_secs().max(1))
            .disable_signals()
            .listen($listener)?;
        Ok(server.run())
    }};
}

/// Serves the public routes on `listener` until the server is stopped.
pub fn public(listener: TcpListener, doors: Doors, connections: Connections) -> io::Result<Server> {
    let doors = web::Data::new(doors);
    serve!(listener, connections, move || routes::public(doors.clone()))
}

/// Serves the admin routes on `listener` until the server is stopped.
pub fn admin(listener: TcpListener, doors: Doors, connections: Connections) -> io::Result<Server> {
    let doors = web::Data::new(doors);
    serve!(listener, connections, move || routes::admin(doors.clone()))
}
