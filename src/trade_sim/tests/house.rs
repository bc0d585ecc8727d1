//! What these tests stand on: the application without sockets, a simulator with them, orders.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::App;
use actix_web::body::to_bytes;
use actix_web::http::header::HeaderMap;
use actix_web::rt::{self, task::JoinHandle};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::Data;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::server::everything;
use super::super::{self as trade_sim, Handle, Options, Sim, serve};
use crate::ports::clock::SystemClock;

/// Every wait of a test ends here.
pub(super) const DEADLINE: Duration = Duration::from_secs(10);

pub(super) fn options() -> Options {
    Options::new(Arc::new(SystemClock))
}

pub(super) fn sim() -> Arc<Sim> {
    Arc::new(Sim::new(options(), false).unwrap())
}

#[derive(Debug)]
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Told {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// One request through the application, without sockets.
pub(super) async fn ask(sim: &Arc<Sim>, request: TestRequest) -> Told {
    let data = Data::from(Arc::clone(sim));
    let app = init_service(App::new().configure(everything(&data))).await;
    let response = call_service(&app, request.to_request()).await;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = to_bytes(response.into_body()).await.unwrap();
    Told { status, headers, body: serde_json::from_slice(&bytes).unwrap_or_default() }
}

pub(super) async fn get(sim: &Arc<Sim>, path: &str) -> Told {
    ask(sim, TestRequest::get().uri(path)).await
}

pub(super) async fn bulk(sim: &Arc<Sim>, order_ids: &[i32]) -> Told {
    let orders = order_ids.iter().map(|id| order(*id)).collect();
    place(sim, orders).await
}

pub(super) async fn place(sim: &Arc<Sim>, orders: Vec<Value>) -> Told {
    let body = json!({ "orderCount": orders.len(), "tradeOrders": orders });
    ask(sim, TestRequest::post().uri("/api/v1/tradeOrders/bulk").set_json(body)).await
}

/// An order as the order service sends it.
pub(super) fn order(order_id: i32) -> Value {
    json!({
        "orderId": order_id, "portfolioId": "68a1b2c3d4e5f60718293a4b", "orderType": "BUY",
        "securityId": "68ffeeddccbbaa9988776655", "quantity": 5.5, "limitPrice": null,
        "tradeTimestamp": 1_767_623_400.181, "blotterId": 1,
    })
}

/// The same with one member changed.
pub(super) fn changed(order_id: i32, name: &str, value: Value) -> Value {
    let mut order = order(order_id);
    order[name] = value;
    order
}

/// A simulator with its sockets, in a process that goes on.
pub(super) struct Running {
    pub(super) sim: Arc<Sim>,
    pub(super) address: SocketAddr,
    pub(super) control: SocketAddr,
    handle: Handle,
    task: JoinHandle<Result<(), trade_sim::Error>>,
}

impl Running {
    pub(super) fn start() -> Self {
        let bind = || TcpListener::bind("127.0.0.1:0").unwrap();
        let control = bind();
        let control_address = control.local_addr().unwrap();
        let options = Options { control: Some(control), ..options() };
        let server = serve(bind(), options).unwrap();
        Self {
            sim: server.sim(),
            address: server.address(),
            control: control_address,
            handle: server.handle(),
            task: rt::spawn(server.run()),
        }
    }

    pub(super) async fn stop(self) {
        self.handle.stop();
        let ended = tokio::time::timeout(DEADLINE, self.task).await;
        ended.expect("stops in time").unwrap().unwrap();
    }

    pub(super) fn script(&self, steps: &str) {
        self.sim.append_script(serde_json::from_str(steps).unwrap()).unwrap();
    }

    pub(super) fn faults(&self, faults: &str) {
        self.sim.set_faults(serde_json::from_str(faults).unwrap()).unwrap();
    }

    /// A connection with a bulk on its way.
    pub(super) async fn send(&self, order_ids: &[i32]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        send(&mut stream, order_ids).await;
        stream
    }

    /// Waits for something that the simulator does by itself.
    pub(super) async fn until(&self, condition: impl Fn(&Sim) -> bool) {
        let waiting = async {
            while !condition(&self.sim) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(DEADLINE, waiting).await;
        waited.unwrap_or_else(|_| panic!("still {:?}", self.sim.totals()));
    }
}

pub(super) async fn send(stream: &mut TcpStream, order_ids: &[i32]) {
    let orders: Vec<_> = order_ids.iter().map(|id| order(*id)).collect();
    let body = json!({ "tradeOrders": orders }).to_string();
    let head = "POST /api/v1/tradeOrders/bulk HTTP/1.1\r\nHost: sim\r\n\
        Content-Type: application/json\r\n";
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
}

/// One whole answer, by its length.
pub(super) async fn hear_answer(stream: &mut TcpStream) -> String {
    hear_rest(stream, String::new()).await
}

/// The same, when its beginning has been heard.
pub(super) async fn hear_rest(stream: &mut TcpStream, begin: String) -> String {
    let (mut heard, mut piece) = (begin.into_bytes(), [0; 4096]);
    let hearing = async {
        loop {
            let text = String::from_utf8_lossy(&heard);
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let head = head.to_lowercase();
                let (_, length) = head.split_once("content-length: ").unwrap();
                if body.len() >= length.lines().next().unwrap().parse::<usize>().unwrap() {
                    return text.into_owned();
                }
            }
            let length = stream.read(&mut piece).await.unwrap();
            assert!(length > 0, "closed after {text}");
            heard.extend_from_slice(&piece[..length]);
        }
    };
    tokio::time::timeout(DEADLINE, hearing).await.expect("an answer in time")
}

/// What comes until the connection ends or `pause` passes in silence; and how it ended.
pub(super) async fn hear(stream: &mut TcpStream, pause: Duration) -> (String, Ending) {
    let (mut heard, mut piece) = (Vec::new(), [0; 4096]);
    let ending = loop {
        match tokio::time::timeout(pause, stream.read(&mut piece)).await {
            Err(_) => break Ending::Silence,
            Ok(Ok(0)) => break Ending::Closed,
            Ok(Ok(length)) => heard.extend_from_slice(&piece[..length]),
            Ok(Err(error)) => {
                assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
                break Ending::Reset;
            }
        }
    };
    (String::from_utf8(heard).unwrap(), ending)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Silence,
    Closed,
    Reset,
}
