//! Asks a running Weir whether it is ready: what `weir health` does, so that a container image
//! needs no other program to check itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use awc::Client;
use awc::http::StatusCode;

/// How long the answer may take; a process that cannot say so in time is not ready.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Why a Weir is not ready.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    #[error("nothing answers at {url}: {reason}")]
    NoAnswer { url: String, reason: String },
    #[error("{url} answered {status}")]
    Refused { url: String, status: StatusCode },
}

/// Asks the public listener that is bound to `bind`.
pub async fn ask(bind: SocketAddr) -> Result<(), NotReady> {
    let url = format!("http://{}/actuator/health/readiness", reachable(bind));
    let client = Client::builder().timeout(ANSWER_WITHIN).finish();
    let answer = client.get(&url).send().await;
    let answer = answer
        .map_err(|error| NotReady::NoAnswer { url: url.clone(), reason: error.to_string() })?;
    let status = answer.status();
    if status.is_success() { Ok(()) } else { Err(NotReady::Refused { url, status }) }
}

/// A listener that is bound to every address is reached by the loopback one.
pub(super) fn reachable(bind: SocketAddr) -> SocketAddr {
    let ip = match bind.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, bind.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unspecified_address_is_asked_on_loopback() {
        let table = [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:8080", "[::1]:8080"),
            ("10.1.2.3:80", "10.1.2.3:80"),
        ];
        for (bind, asked) in table {
            assert_eq!(reachable(bind.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
