//! A TCP proxy before the service that breaks connections as a test says.
//!
//! It knows as much HTTP as it needs to tell calls apart: each fault hits one call that carries
//! orders, and looks at the health get through.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet, spawn_local};

use super::raw;

const BACKLOG: u32 = 1024;
const HEALTH: &[u8] = b"GET /api/v1/health/connection-pool ";

/// What happens to one call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// The service gets so many bytes of it, and both connections end.
    CutCall(usize),
    /// The service carries it out, and nobody hears of it.
    Swallow,
    /// The service carries it out, and the connection ends after so many bytes of the answer.
    CutAnswer(usize),
    /// The same, and the connection is reset.
    ResetAnswer(usize),
    /// The answer comes so much later.
    Delay(Duration),
}

/// A call that carried orders, as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) at: Instant,
    pub(crate) key: String,
}

pub(crate) struct Proxy {
    pub(crate) url: String,
    state: Rc<State>,
    /// Keeps the port while nobody listens at it.
    port: TcpSocket,
    door: Option<JoinHandle<()>>,
}

struct State {
    upstream: Cell<SocketAddr>,
    faults: RefCell<VecDeque<Fault>>,
    calls: RefCell<Vec<Call>>,
    utilisation: Cell<Option<f64>>,
}

impl Proxy {
    /// Stands before the service at `url`.
    pub(crate) fn before(url: &str) -> Self {
        let port = at("127.0.0.1:0".parse().unwrap());
        let state = Rc::new(State {
            upstream: Cell::new(address(url)),
            faults: RefCell::default(),
            calls: RefCell::default(),
            utilisation: Cell::new(None),
        });
        let url = format!("http://{}", port.local_addr().unwrap());
        let mut proxy = Self { url, state, port, door: None };
        proxy.listen();
        proxy
    }

    /// From now on the service is there; it restarts on another port.
    pub(crate) fn turn_to(&self, url: &str) {
        self.state.upstream.set(address(url));
    }

    /// What happens to the next calls that carry orders, one fault each.
    pub(crate) fn break_next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state.faults.borrow_mut().extend(faults);
    }

    /// Faults that no call has met yet.
    pub(crate) fn faults_left(&self) -> usize {
        self.state.faults.borrow().len()
    }

    /// What looks at the health are told instead of the truth.
    pub(crate) fn tell_utilisation(&self, utilisation: f64) {
        self.state.utilisation.set(Some(utilisation));
    }

    /// The calls that carried orders, oldest first.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.state.calls.borrow().clone()
    }

    /// Ends all connections, and refuses others.
    pub(crate) async fn refuse(&mut self) {
        if let Some(door) = self.door.take() {
            door.abort();
            door.await.unwrap_err();
        }
    }

    /// Takes connections again.
    pub(crate) fn listen(&mut self) {
        let listener = at(self.port.local_addr().unwrap()).listen(BACKLOG).unwrap();
        self.door = Some(spawn_local(serve(listener, Rc::clone(&self.state))));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.door.iter().for_each(JoinHandle::abort);
    }
}

/// A socket at this address, beside others as long as none of those listens.
fn at(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

fn address(url: &str) -> SocketAddr {
    url.trim_start_matches("http://").parse().unwrap()
}

/// The connections end with the listener.
async fn serve(listener: TcpListener, state: Rc<State>) {
    let mut carried = JoinSet::new();
    while let Ok((from, _)) = listener.accept().await {
        carried.spawn_local(carry(from, Rc::clone(&state)));
    }
}

/// Carries one call after the other until somebody hangs up. An end here ends both connections.
async fn carry(mut from: TcpStream, state: Rc<State>) -> io::Result<()> {
    let mut to = TcpStream::connect(state.upstream.get()).await?;
    let mut unasked = [0];
    loop {
        let call = tokio::select! {
            call = message(&mut from, whole_call) => call?,
            // Unasked, the service says only that it has gone.
            _ = to.peek(&mut unasked) => return Ok(()),
        };
        if let Some(utilisation) = state.utilisation.get().filter(|_| call.starts_with(HEALTH)) {
            from.write_all(health(utilisation).as_bytes()).await?;
            continue;
        }
        let fault = state.note(&call);
        if let Some(Fault::CutCall(bytes)) = fault {
            return to.write_all(&call[..bytes.min(call.len())]).await;
        }
        to.write_all(&call).await?;
        let answer = message(&mut to, raw::whole_answer).await?;
        match fault {
            None | Some(Fault::CutCall(_)) => {}
            Some(Fault::Delay(time)) => tokio::time::sleep(time).await,
            Some(Fault::CutAnswer(bytes)) => {
                return from.write_all(&answer[..bytes.min(answer.len())]).await;
            }
            Some(Fault::ResetAnswer(bytes)) => {
                from.write_all(&answer[..bytes.min(answer.len())]).await?;
                return from.set_zero_linger();
            }
            Some(Fault::Swallow) => return from.read_u8().await.map(drop),
        }
        from.write_all(&answer).await?;
    }
}

impl State {
    /// Writes down a call that carries orders, and says what is to happen to it.
    fn note(&self, call: &[u8]) -> Option<Fault> {
        if !call.starts_with(b"POST ") {
            return None;
        }
        let key = header(call, "idempotency-key").unwrap_or_default();
        self.calls.borrow_mut().push(Call { at: Instant::now(), key });
        self.faults.borrow_mut().pop_front()
    }
}

/// One whole message.
async fn message(stream: &mut TcpStream, whole: fn(&[u8]) -> Option<usize>) -> io::Result<Vec<u8>> {
    let mut heard = Vec::new();
    while whole(&heard).is_none() {
        if stream.read_buf(&mut heard).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(heard)
}

/// How many bytes the call takes, once all of it is here. Nobody asks before the last answer.
fn whole_call(heard: &[u8]) -> Option<usize> {
    let head = heard.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let body = header(heard, "content-length").map_or(0, |length| length.parse().unwrap());
    (heard.len() >= head + body).then_some(head + body)
}

fn header(message: &[u8], wanted: &str) -> Option<String> {
    let text = String::from_utf8_lossy(message);
    let lines = text.lines().take_while(|line| !line.is_empty());
    let mut headers = lines.filter_map(|line| line.split_once(':'));
    let found = headers.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    found.map(|(_, value)| value.trim().to_owned())
}

fn health(utilisation: f64) -> String {
    let body = json!({"active": 0, "idle": 0, "waiting": 0, "total": 0, "max": 0,
        "utilization": utilisation, "status": "HEALTHY", "healthy": true,
        "timestamp": "2026-01-05T14:30:00Z", "recommendations": []})
    .to_string();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}
