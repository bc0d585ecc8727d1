//! Listeners with a line in front of them that holds a rush.
//!
//! The standard library lets 128 connections wait to be accepted. When more come at once, the
//! kernel lets the rest try again after a second, and after two more: answers that are late before
//! anybody has heard the question.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Socket, Type};

use super::AppError;

/// Connections that may wait to be accepted; the kernel has a bound of its own (`somaxconn`).
const LINE: i32 = 4_096;

/// `key` is what the address was set with.
pub(super) fn bind(key: &'static str, address: SocketAddr) -> Result<TcpListener, AppError> {
    open(address).map_err(|source| AppError::Bind { key, address, source })
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(LINE)?;
    Ok(socket.into())
}

pub(super) fn local_address(listener: &TcpListener) -> String {
    listener.local_addr().map(|address| address.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpStream};
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_rush_of_connections_waits_in_line_and_need_not_try_again() {
        let listener = open(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        // Nobody accepts: what does not fit into the line would wait here in vain.
        let connect = |_| TcpStream::connect_timeout(&address, Duration::from_secs(20));

        let waiting: Result<Vec<TcpStream>, io::Error> = (0..200).map(connect).collect();

        assert!(waiting.is_ok(), "{waiting:?}");
    }

    #[test]
    fn an_address_that_is_taken_is_told_with_its_setting() {
        let taken = open(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();

        let refused = bind("server.bind", taken.local_addr().unwrap());

        assert!(matches!(refused, Err(AppError::Bind { key: "server.bind", .. })), "{refused:?}");
    }
}
