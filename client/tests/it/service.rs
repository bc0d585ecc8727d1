//! A service that answers as the test says.

use std::net::TcpStream;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::{KeepAlive, StatusCode};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};
use weir_client::wire::{Decimal, Order};
use weir_client::{Backoff, Jitter, OrderClient, Outcome, Settings};

/// What the next call hears; every further one hears success.
#[derive(Clone)]
pub(crate) enum Answer {
    Status(u16, &'static [(&'static str, &'static str)], Value),
    /// Nothing, for so long.
    Silence(Duration),
    /// The connection ends after the head and half of the body.
    HalfABody,
}

/// A call as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) key: String,
    pub(crate) client_id: Option<String>,
    pub(crate) body: Value,
}

#[derive(Clone, Default)]
pub(crate) struct State {
    answers: Arc<Mutex<Vec<Answer>>>,
    calls: Arc<Mutex<Vec<Call>>>,
    utilisation: Arc<Mutex<f64>>,
}

pub(crate) struct Service {
    pub(crate) url: String,
    state: State,
    handle: ServerHandle,
}

impl Service {
    /// Listens on a free port.
    pub(crate) fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::listen("127.0.0.1:0", answers)
    }

    pub(crate) fn listen(at: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        let state = State::default();
        let mut planned: Vec<_> = answers.into_iter().collect();
        planned.reverse();
        *state.answers.lock().unwrap() = planned;
        let data = web::Data::new(state.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .route("/api/v1/orders/batch", web::post().to(batch))
                .route("/api/v1/health/connection-pool", web::get().to(health))
        });
        // A connection that stays would still be served for a moment after the end.
        let server = server.workers(1).keep_alive(KeepAlive::Disabled).disable_signals();
        let server = server.bind(at).unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { url, state, handle }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.state.calls.lock().unwrap().clone()
    }

    pub(crate) fn be_used(&self, utilisation: f64) {
        *self.state.utilisation.lock().unwrap() = utilisation;
    }

    pub(crate) async fn stop(self) {
        self.handle.stop(false).await;
        let address = self.url.trim_start_matches("http://").to_owned();
        wait_for("end of the listener", async || TcpStream::connect(&address).is_err()).await;
    }
}

async fn batch(
    state: web::Data<State>,
    request: HttpRequest,
    body: web::Json<Value>,
) -> HttpResponse {
    let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let count = body.as_array().unwrap().len();
    let call = Call {
        key: header("Idempotency-Key").unwrap(),
        client_id: header("X-Client-Id"),
        body: body.into_inner(),
    };
    state.calls.lock().unwrap().push(call);
    let planned = state.answers.lock().unwrap().pop();
    match planned {
        None => HttpResponse::Ok().json(success(count)),
        Some(Answer::Silence(time)) => {
            actix_web::rt::time::sleep(time).await;
            HttpResponse::Ok().json(success(count))
        }
        Some(Answer::HalfABody) => HttpResponse::Ok()
            .insert_header(("Connection", "close"))
            .no_chunking(100_000)
            .streaming(futures_util::stream::once(async move {
                Ok::<_, actix_web::Error>(web::Bytes::from(success(count).to_string()))
            })),
        Some(Answer::Status(status, headers, body)) => {
            let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap());
            for header in headers {
                response.insert_header(*header);
            }
            response.json(body)
        }
    }
}

async fn health(state: web::Data<State>) -> HttpResponse {
    let utilisation = *state.utilisation.lock().unwrap();
    HttpResponse::Ok().json(json!({"active": 0, "idle": 0, "waiting": 0, "total": 0, "max": 60,
        "utilization": utilisation, "status": "HEALTHY", "healthy": true,
        "timestamp": "2026-01-05T14:30:00Z", "recommendations": []}))
}

/// Every order is submitted.
pub(crate) fn success(count: usize) -> Value {
    let item = |index| {
        json!({"requestIndex": index, "orderId": index + 1, "status": "SUCCESS", "message": "m",
            "tradeOrderId": index + 1, "success": true, "failure": false})
    };
    let results: Vec<_> = (0..count).map(item).collect();
    json!({"status": "SUCCESS", "message": "m", "totalRequested": count, "totalReceived": count,
        "successful": count, "failed": 0, "queued": 0, "success": true, "failure": false,
        "partial": false, "successRate": 1.0, "results": results})
}

/// As by default, and quicker.
pub(crate) fn quick(url: &str, folder: &Path) -> Settings {
    let mut settings = Settings::default();
    settings.queue.path = folder.join("queue");
    settings.connection.base_url = url.to_owned();
    settings.retry.backoff = Backoff {
        base: Duration::from_millis(10),
        cap: Duration::from_millis(50),
        jitter: Jitter::Half,
    };
    settings.rate.start = 1000.0;
    settings.rate.most = 1000.0;
    settings
}

pub(crate) async fn client(settings: Settings) -> OrderClient {
    OrderClient::builder("").settings(settings).open().await.unwrap()
}

pub(crate) fn submitted(outcome: &Outcome) -> usize {
    let Outcome::Submitted { items } = outcome else { panic!("{outcome:?}") };
    items.len()
}

/// Waits for a condition that is bound to come.
pub(crate) async fn wait_for(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            actix_web::rt::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let within = Duration::from_secs(60);
    assert!(actix_web::rt::time::timeout(within, waiting).await.is_ok(), "no {what}");
}

pub(crate) fn orders(count: u32) -> Vec<Order> {
    (1..=count).map(|n| Order::new("p", "s", 1, Decimal::from(n))).collect()
}
