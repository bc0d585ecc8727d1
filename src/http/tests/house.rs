//! A house to knock at: the real application and a real ledger over one fake that stands
//! behind every port. Each answer is held against the document and the rules of all answers.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use actix::{Actor, ActorContext, Addr, Handler, Message};
use actix_web::body::to_bytes;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, init_service, try_call_service};
use actix_web::web;
use resilience::breaker::{Command, Config, Opening};
use serde_json::Value;

use super::super::admin::tokens::Tokens;
use super::super::{Doors, Limits, routes};
use super::clerk::Clerk;
use super::told::{Log, Numbers, monitor};
use super::watching::lookout;
use super::world::{State, World};
use crate::actors::batch_supervisor::Doorway;
use crate::actors::circuit_breaker::{
    BreakerHandle, BreakerPicture, CircuitBreaker, ObserveBreaker, Operate, Protected, Setup,
};
use crate::actors::ledger::{self, Ledger};
use crate::ports::clock::SystemClock;

pub(super) const TOKEN: &str = "open-sesame";

/// The application with a fake world behind it.
pub(super) struct House {
    pub(super) doors: Doors,
    pub(super) breaker: Addr<CircuitBreaker>,
    pub(super) clerk: Addr<Clerk>,
    pub(super) world: Arc<World>,
}

/// Command to a breaker: be gone.
#[derive(Message)]
#[rtype(result = "()")]
struct Stop;

impl Handler<Stop> for CircuitBreaker {
    type Result = ();

    fn handle(&mut self, _: Stop, context: &mut Self::Context) {
        context.stop();
    }
}

/// What a caller hears.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
    pub(super) body: Value,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(super) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

impl House {
    pub(super) fn new() -> Self {
        Self::with_line(100)
    }

    /// The ledger's line holds so many requests.
    pub(super) fn with_line(line_max: usize) -> Self {
        let world = Arc::new(World::new());
        let limits = ledger::Limits { lanes: 1, group_max: 100, line_max, ids_block: 100 };
        let ledger = Ledger::new(world.clone(), Arc::new(SystemClock), Arc::new(()), limits);
        let ledger = ledger.start();
        let clerk = Clerk(world.clone()).start();
        let (breaker, pool_breaker) = breaker(Protected::Pool, Config::pool());
        let (trade, trade_breaker) = self::breaker(Protected::Trade, Config::trade());
        let draining = Arc::new(AtomicBool::new(false));
        let breakers = [(Protected::Pool, breaker.clone()), (Protected::Trade, trade.clone())];
        let lookout = lookout(&world, &draining, &breakers);
        let doors = Doors {
            ledger: ledger.clone(),
            recorder: ledger.clone().recipient(),
            freezer: clerk.clone().recipient(),
            supervisor: clerk.clone().recipient(),
            submitter: clerk.clone().recipient(),
            mailbox: clerk.clone().recipient(),
            pauses: clerk.clone().recipient(),
            doorway: Doorway::new(Arc::new(())),
            quotas: None,
            times: clerk.clone().recipient(),
            pool_breaker,
            trade_breaker,
            breakers: breakers.into(),
            rooms: vec![
                ("ledger", ledger.recipient()),
                ("pool_breaker", breaker.clone().recipient()),
                ("trade_breaker", trade.recipient()),
                ("lookout", lookout.clone().recipient()),
            ],
            lookout,
            monitor: monitor(&world),
            settings: Arc::new([]),
            log_filter: Arc::new(Log::default()),
            families: Arc::new(Numbers),
            library: world.clone(),
            catalogue: world.clone(),
            board: world.clone(),
            gauge: world.clone(),
            clock: Arc::new(SystemClock),
            meter: world.clone(),
            exposition: Arc::new(|| Ok("weir_up 1\n".to_owned())),
            draining,
            admin_tokens: Tokens::new([]),
            instance: "here:8080".into(),
            limits: Limits::new(Duration::from_secs(5), 64 * 1024, Duration::from_millis(50)),
        };
        Self { doors, breaker, clerk, world }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.world.state()
    }

    pub(super) async fn call(&self, request: TestRequest) -> Answer {
        let app = init_service(routes::public(web::Data::new(self.doors.clone()))).await;
        let document = TestRequest::get().uri("/openapi.json").to_request();
        let document = try_call_service(&app, document).await.unwrap().into_body();
        let document: Value = serde_json::from_slice(&to_bytes(document).await.unwrap()).unwrap();
        self.state().answered.clear();
        let request = request.to_request();
        let method = request.method().clone();
        let response = try_call_service(&app, request).await;
        let answer = hear(response).await;
        let (_, route, _) = self.state().answered.last().cloned().unwrap();
        check_documented(&document, &route, &method, &answer);
        assert_eq!(self.state().in_flight, 0, "every visit ends");
        answer
    }

    /// Only sends and hears: also while others are under way.
    pub(super) async fn knock(&self, request: TestRequest) -> Answer {
        let app = init_service(routes::public(web::Data::new(self.doors.clone()))).await;
        hear(try_call_service(&app, request.to_request()).await).await
    }

    pub(super) async fn operate(&self, command: Command) {
        self.breaker.send(Operate { command, reason: "drill".to_owned() }).await.unwrap();
    }

    pub(super) async fn observe_breaker(&self) -> BreakerPicture {
        self.breaker.send(ObserveBreaker).await.unwrap()
    }

    /// The breaker is gone from now on.
    pub(super) async fn breaker_stops(&self) {
        self.breaker.send(Stop).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(!self.breaker.connected());
    }

    pub(super) async fn call_admin(&self, request: TestRequest) -> Answer {
        let app = init_service(routes::admin(web::Data::new(self.doors.clone()))).await;
        hear(try_call_service(&app, request.to_request()).await).await
    }

    pub(super) async fn get(&self, uri: &str) -> Answer {
        self.call(TestRequest::get().uri(uri)).await
    }

    pub(super) async fn delete(&self, uri: &str) -> Answer {
        self.call(TestRequest::delete().uri(uri)).await
    }

    pub(super) async fn post(&self, uri: &str, body: impl ToString) -> Answer {
        self.call(json(TestRequest::post().uri(uri), body)).await
    }

    pub(super) async fn put(&self, uri: &str, body: impl ToString) -> Answer {
        self.call(json(TestRequest::put().uri(uri), body)).await
    }
}

/// A breaker that opens for a short time only.
fn breaker(protects: Protected, config: Config) -> (Addr<CircuitBreaker>, BreakerHandle) {
    let opening = Opening { time: Duration::from_millis(1200), jitter: 0.0, ..Opening::DEFAULT };
    let rules = Config { opening, ..config }.check().unwrap();
    let setup = Setup { protects, rules, permits_max: 8, seed: 7 };
    let (room, view) = CircuitBreaker::new(&setup, Arc::new(SystemClock), Arc::new(()));
    let room = room.start();
    let handle = BreakerHandle::new(view, room.clone().recipient());
    (room, handle)
}

pub(super) fn json(request: TestRequest, body: impl ToString) -> TestRequest {
    request.insert_header((CONTENT_TYPE, "application/json")).set_payload(body.to_string())
}

async fn hear(response: Result<actix_web::dev::ServiceResponse, actix_web::Error>) -> Answer {
    let response = match response {
        Ok(response) => response.into_parts().1,
        Err(error) => error.error_response(),
    };
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = to_bytes(response.into_body()).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    let answer = Answer { status, headers, text, body };
    check_shape(&answer);
    answer
}

/// What is true of every answer.
fn check_shape(answer: &Answer) {
    let id = answer.header("x-request-id").expect("every answer has a request id");
    if answer.status < 400 {
        return;
    }
    let body = &answer.body;
    assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:?}");
    assert_eq!(body["requestId"], id);
    for member in ["code", "message", "timestamp"] {
        assert!(body[member].is_string(), "{member} in {body}");
    }
    let retry_after = body.get("retryAfter").map(ToString::to_string);
    assert_eq!(answer.header("retry-after").map(str::to_owned), retry_after);
    let later = [429, 503, 507].map(|status| StatusCode::from_u16(status).unwrap());
    let status = StatusCode::from_u16(answer.status).unwrap();
    // Whoever cannot know what became of a write is not told to send it again.
    let unknown = ["OUTCOME_UNKNOWN", "ANSWER_TIMEOUT"].contains(&answer.code());
    assert_eq!(retry_after.is_some(), later.contains(&status) && !unknown, "{body}");
}

/// Whatever a route answers stands in the document, code and all.
fn check_documented(document: &Value, route: &str, method: &Method, answer: &Answer) {
    let operation = &document["paths"][route][method.as_str().to_lowercase()];
    if operation.is_null() {
        let outside = ["/unknown", "/docs", "/docs/{_:.*}", "/openapi.json"].contains(&route);
        assert!(outside || answer.status == 405 || *method == Method::HEAD, "{route} {method}");
        return;
    }
    let response = &operation["responses"][answer.status.to_string()];
    assert!(response.is_object(), "{method} {route}: {} is not documented", answer.status);
    if answer.status >= 400 {
        let description = response["description"].as_str().unwrap();
        assert!(
            description.contains(&format!("`{}`", answer.code())),
            "{method} {route}: {} is not documented",
            answer.code()
        );
    }
}
