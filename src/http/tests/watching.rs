//! The house at one glance, and those who watch it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix::{Actor, Addr, Context, Handler, MessageResult, Recipient};
use actix_web::body::{BodySize, MessageBody, to_bytes};
use actix_web::test::{TestRequest, init_service, try_call_service};
use actix_web::web;
use resilience::breaker::Command;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::error::TryRecvError;

use super::super::admin::status::PRINTER;
use super::super::{routes, server};
use super::house::House;
use super::sockets::CONNECTIONS;
use super::world::World;
use crate::actors::batch_supervisor::{ClientShare, LinePicture, ObserveLine};
use crate::actors::circuit_breaker::{CircuitBreaker, Protected, Subscribe};
use crate::actors::lease::Lease;
use crate::actors::lookout::{About, Close, Lookout, News, NoPlace, Places, Tell, Watch};
use crate::domain::client::ClientId;
use crate::domain::moment::Moment;
use crate::domain::pause::{Pause, Paused};
use crate::ports::clock::{Clock, SystemClock};
use crate::ports::figures::{Figures, LetterCounts, Reading};

/// A line in which one client waits, with the pauses of this world.
struct Line(Arc<World>);

impl Actor for Line {
    type Context = Context<Self>;
}

impl Handler<ObserveLine> for Line {
    type Result = MessageResult<ObserveLine>;

    fn handle(&mut self, _: ObserveLine, _: &mut Self::Context) -> Self::Result {
        let client = ClientId::from_header(b"desk-7").unwrap();
        let clients = vec![ClientShare { client, loads: 2, orders: 30 }];
        let (children_busy, children_in_use) = (3, 15);
        let (loads, orders) = (2, 30);
        let pauses = self.0.state().pauses.clone();
        MessageResult(LinePicture {
            children_busy,
            children_in_use,
            loads,
            orders,
            clients,
            pauses,
        })
    }
}

impl Figures for World {
    fn read(&self) -> Reading {
        let letters = LetterCounts {
            waiting: 1,
            held: 2,
            reconcile: 3,
            dead: self.state().dead_letters,
            oldest: Duration::from_secs(61),
        };
        Reading { letters, orders_per_second: 12.34, ..Reading::default() }
    }
}

/// The lookout of a house. Its database has no lease, since nobody asks for one.
pub(super) fn lookout(
    world: &Arc<World>,
    draining: &Arc<std::sync::atomic::AtomicBool>,
    breakers: &[(Protected, Addr<CircuitBreaker>)],
) -> Addr<Lookout> {
    let asked = breakers.iter().map(|(it, room)| (*it, room.clone().recipient()));
    let line: Recipient<ObserveLine> = Line(world.clone()).start().recipient();
    let places = Places {
        gauge: world.clone(),
        figures: world.clone(),
        clock: Arc::new(SystemClock),
        lease: Lease::default(),
        draining: Arc::clone(draining),
        breakers: asked.collect(),
        line,
        rooms: Vec::new(),
    };
    let about = About {
        version: "1.2.3",
        instance: "here:8080".to_owned(),
        started_at: SystemClock.utc(),
        trades_are_simulated: true,
    };
    let lookout = Lookout::new(places, about, PRINTER).start();
    for (_, room) in breakers {
        room.try_send(Subscribe(lookout.clone().recipient())).unwrap();
    }
    lookout
}

impl House {
    async fn status(&self) -> Value {
        let answer = self.call_admin(TestRequest::get().uri("/admin/status")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    async fn watch(&self) -> tokio::sync::mpsc::Receiver<News> {
        self.doors.lookout.send(Watch).await.unwrap().unwrap()
    }
}

#[actix::test]
async fn the_status_says_at_one_glance_how_the_house_is() {
    let house = House::new();

    let status = house.status().await;

    assert_eq!((&status["version"], &status["instance"]), (&json!("1.2.3"), &json!("here:8080")));
    assert_eq!((&status["readiness"], &status["verdict"]), (&json!("UP"), &json!("DEGRADED")));
    assert_eq!(status["reasons"], json!(["There is no lease: nothing is sent"]));
    assert!(status["at"].is_string() && status["startedAt"].is_string());
    assert!(status["uptimeSeconds"].is_u64() && status["epoch"].is_null());
    let pool = json!({"active": 15, "idle": 5, "waiting": 0, "total": 20, "max": 60,
        "utilization": 0.25, "status": "HEALTHY"});
    assert_eq!(status["pool"], pool);
    for (breaker, name) in status["breakers"].as_array().unwrap().iter().zip(["pool", "trade"]) {
        assert_eq!((&breaker["name"], &breaker["state"]), (&json!(name), &json!("CLOSED")));
        assert!(breaker["since"].is_string() && breaker["reason"].is_null(), "{breaker}");
    }
    assert_eq!(status["children"], json!({"inUse": 15, "busy": 3, "max": 15}));
    let clients = json!([{"client": "desk-7", "loads": 2, "orders": 30}]);
    assert_eq!(status["line"], json!({"loads": 2, "orders": 30, "byClient": clients}));
    assert_eq!(status["pauses"], json!([]));
    let letters = json!({"waiting": 1, "held": 2, "reconcile": 3, "dead": 0, "oldestSeconds": 61});
    assert_eq!(status["letters"], letters);
    assert_eq!(status["pace"], json!({"ordersPerSecond": 12.3, "waitMs": 0}));
    let rates = json!({"acceptedPerSecond": 0.0, "sentPerSecond": 0.0, "rejectedPerSecond": 0.0,
        "queuedPerSecond": 0.0});
    assert_eq!((&status["rates"], &status["latency"]), (&rates, &Value::Null));
    assert_eq!(status["simulatedTradeService"], true);
}

#[actix::test]
async fn a_pause_is_seen_and_is_a_reason() {
    let house = House::new();
    house.state().pauses.push(Pause {
        paused: Paused::of("client", "desk-7").unwrap(),
        since: Moment::from_micros(0),
        operator: "ann".to_owned(),
        reason: "it sends nonsense".to_owned(),
    });

    let status = house.status().await;

    let pause = json!({"kind": "client", "name": "desk-7", "since": "1970-01-01T00:00:00Z",
        "operator": "ann", "reason": "it sends nonsense"});
    assert_eq!(status["pauses"], json!([pause]));
    let reason = "Client desk-7 is paused since 1970-01-01T00:00:00Z, by ann: it sends nonsense";
    assert!(status["reasons"].as_array().unwrap().contains(&json!(reason)), "{status}");
    assert_eq!(status["verdict"], "DEGRADED");
}

#[actix::test]
async fn a_change_is_seen_at_once_and_told_with_its_reason() {
    let house = House::new();
    house.status().await;
    let mut news = house.watch().await;
    assert_eq!(news.recv().await.unwrap().kind, "status");

    house.operate(Command::ForceOpen).await;

    let change = news.recv().await.unwrap();
    let text: Value = serde_json::from_str(&change.text).unwrap();
    assert_eq!((change.kind, &text["kind"]), ("change", &json!("breaker")));
    let told = "pool: closed to forced_open: an operator ordered force_open: drill";
    assert_eq!(text["text"], told);
    let status: Value = serde_json::from_str(&news.recv().await.unwrap().text).unwrap();
    assert_eq!((&status["verdict"], &status["readiness"]), (&json!("DOWN"), &json!("UP")));
    assert_eq!(status["breakers"][0]["state"], "FORCED_OPEN");
    assert_eq!(status["breakers"][0]["reason"], "an operator ordered force_open: drill");
    assert_eq!(house.status().await, status);
}

#[actix::test]
async fn a_house_that_closes_is_out_of_service() {
    let house = House::new();
    house.doors.draining.store(true, Ordering::Release);

    let status = house.status().await;

    let told = (&status["readiness"], &status["verdict"], &status["reasons"][0]);
    let stopping = json!("The service is stopping");
    assert_eq!(told, (&json!("OUT_OF_SERVICE"), &json!("DOWN"), &stopping));
}

#[actix::test]
async fn a_breaker_that_does_not_answer_is_a_gap_and_a_reason() {
    let house = House::new();
    house.breaker_stops().await;

    let status = house.status().await;

    let gap = json!({"name": "pool", "state": null, "since": null, "reason": null,
        "retryInMs": null});
    assert_eq!(status["breakers"][0], gap);
    let reasons = status["reasons"].as_array().unwrap();
    assert!(reasons.contains(&json!("Actor pool_breaker does not answer")), "{reasons:?}");
}

#[actix::test]
async fn a_stream_brings_the_status_again_and_again_until_the_house_closes() {
    tokio::time::pause();
    let house = House::new();
    let app = init_service(routes::admin(web::Data::new(house.doors.clone()))).await;
    let request = TestRequest::get().uri("/admin/events").to_request();
    let answer = try_call_service(&app, request).await.unwrap();
    assert_eq!(answer.headers().get("content-type").unwrap(), "text/event-stream");
    assert_eq!(answer.headers().get("cache-control").unwrap(), "no-store");
    assert_eq!(answer.response().body().size(), BodySize::Stream);
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let told = Tell { kind: "operator", text: "looked\naround".to_owned() };
    house.doors.lookout.send(told).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await;
    house.doors.lookout.send(Close).await.unwrap();

    let text = to_bytes(answer.into_body()).await.unwrap();

    let text = std::str::from_utf8(&text).unwrap();
    let mut events = text.split("\n\n");
    assert_eq!(events.next(), Some("retry: 1000"));
    let events: Vec<_> = events.filter(|event| !event.is_empty()).collect();
    let kinds: Vec<_> = events.iter().map(|event| event.lines().next().unwrap()).collect();
    let status = "event: status";
    assert_eq!(kinds, [status, status, status, "event: change", status]);
    for event in events {
        let data = event.lines().nth(1).unwrap().strip_prefix("data: ").unwrap();
        assert!(serde_json::from_str::<Value>(data).unwrap().is_object(), "{event}");
        assert_eq!(event.lines().count(), 2, "{event}");
    }
    let late = house.doors.lookout.send(Watch).await.unwrap();
    assert_eq!(late.err(), Some(NoPlace::Closing));
    let late = house.call_admin(TestRequest::get().uri("/admin/events")).await;
    assert_eq!(late.code(), "SERVICE_STOPPING");
}

#[actix::test]
async fn as_many_watch_as_may_and_whoever_leaves_makes_room() {
    let house = House::new();
    let mut watching = Vec::new();
    for _ in 0..32 {
        watching.push(house.watch().await);
    }

    let full = house.doors.lookout.send(Watch).await.unwrap();
    assert_eq!(full.err(), Some(NoPlace::Full));
    let full = house.call_admin(TestRequest::get().uri("/admin/events")).await;
    watching.pop();
    let room = house.doors.lookout.send(Watch).await.unwrap();

    assert_eq!((full.status, full.code()), (503, "SERVICE_OVERLOADED"));
    assert!(room.is_ok());
}

#[actix::test]
async fn whoever_reads_too_slowly_is_let_go_and_the_others_are_not() {
    tokio::time::pause();
    let house = House::new();
    let mut slow = house.watch().await;
    let mut quick = house.watch().await;

    for _ in 0..100 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(quick.recv().await.is_some());
    }

    let mut unread = 0;
    while slow.try_recv().is_ok() {
        unread += 1;
    }
    assert_eq!((unread, slow.try_recv()), (64, Err(TryRecvError::Disconnected)));
    assert!(!quick.is_closed());
    let told = house.call_admin(TestRequest::get().uri("/debug/actors/lookout")).await.body;
    assert_eq!(told["counters"]["watchers_too_slow"], 1);
    assert_eq!(told["counters"]["watchers"], 1);
}

/// Over a real connection, since only that has buffers.
#[actix::test]
async fn a_console_that_hangs_up_gives_its_place_back() {
    let house = House::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    actix::spawn(server::admin(listener, house.doors.clone(), CONNECTIONS).unwrap());
    let mut console = TcpStream::connect(address).await.unwrap();
    let request = "GET /admin/events HTTP/1.1\r\nHost: weir\r\n\r\n";
    console.write_all(request.as_bytes()).await.unwrap();
    let mut heard = String::new();
    while !heard.contains("event: status") {
        let mut bytes = [0; 4096];
        let reading = console.read(&mut bytes);
        let count = tokio::time::timeout(Duration::from_secs(10), reading).await.unwrap().unwrap();
        heard.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
    }
    assert!(heard.contains("transfer-encoding: chunked"), "{heard}");

    drop(console);

    let watchers = async || {
        let told = house.call_admin(TestRequest::get().uri("/debug/actors/lookout")).await.body;
        told["counters"]["watchers"].as_u64().unwrap()
    };
    let left = async {
        while watchers().await > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), left).await.expect("the place is given back");
}
