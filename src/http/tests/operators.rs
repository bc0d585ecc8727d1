//! What operators see of the actors, and what they order the breakers.

use actix::{Actor, AsyncContext, Context, Handler, MessageResult, WrapFuture};
use actix_web::test::TestRequest;
use resilience::breaker::StateName;
use serde_json::{Value, json};

use super::house::{Answer, House, json};
use crate::actors::observe::{Observe, Snapshot};

const POOL: &str = "/admin/breakers/pool";

impl House {
    async fn look(&self, uri: &str) -> Answer {
        self.call_admin(TestRequest::get().uri(uri)).await
    }

    pub(super) async fn order(&self, uri: &str, body: Value) -> Answer {
        self.call_admin(json(TestRequest::post().uri(uri), body)).await
    }
}

/// An actor that hears and does not answer.
struct Deaf;

impl Actor for Deaf {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.wait(std::future::pending::<()>().into_actor(self));
    }
}

impl Handler<Observe> for Deaf {
    type Result = MessageResult<Observe>;

    fn handle(&mut self, _: Observe, _: &mut Self::Context) -> Self::Result {
        unreachable!("it is deaf")
    }
}

fn names(body: &Value, list: &str) -> Vec<(String, String)> {
    let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    let items = body[list].as_array().unwrap().iter();
    items.map(|item| (text(item, "name"), text(item, "state"))).collect()
}

#[actix::test]
async fn an_order_is_in_effect_when_it_is_answered() {
    let house = House::new();
    for (word, state, name) in [
        ("FORCE_OPEN", StateName::ForcedOpen, "FORCED_OPEN"),
        ("FORCE_CLOSED", StateName::ForcedClosed, "FORCED_CLOSED"),
        ("DISABLED", StateName::Disabled, "DISABLED"),
        ("METRICS_ONLY", StateName::MetricsOnly, "METRICS_ONLY"),
        ("RESET", StateName::Closed, "CLOSED"),
    ] {
        let answer = house.order(POOL, json!({"state": word, "reason": " a drill "})).await;

        assert_eq!(house.doors.pool_breaker.view().state(), state);
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.body["to"], name);
        assert_eq!(
            (&answer.body["name"], &answer.body["note"]),
            (&json!("pool"), &json!("a drill"))
        );
        assert_eq!(house.look(POOL).await.body["state"], name);
    }
    let events = house.look(POOL).await.body["events"].take();
    assert_eq!(events.as_array().unwrap().len(), 5);
    assert_eq!((&events[0]["from"], &events[0]["to"]), (&json!("CLOSED"), &json!("FORCED_OPEN")));
}

#[actix::test]
async fn orders_that_nobody_can_follow_change_nothing_and_say_why() {
    let house = House::new();
    let long = "x".repeat(201);
    for (body, status, code, field) in [
        (json!({"state": "OPEN", "reason": "r"}), 400, "INVALID_FIELD_VALUE", "state"),
        (json!({"state": "reset", "reason": "r"}), 400, "INVALID_FIELD_VALUE", "state"),
        (json!({"reason": "r"}), 400, "MISSING_REQUIRED_FIELD", "state"),
        (json!({"state": "RESET"}), 400, "MISSING_REQUIRED_FIELD", "reason"),
        (json!({"state": "RESET", "reason": "  "}), 400, "MISSING_REQUIRED_FIELD", "reason"),
        (json!({"state": "RESET", "reason": long}), 400, "INVALID_FIELD_VALUE", "reason"),
        (json!({"state": "RESET", "reason": "a\nb"}), 400, "INVALID_FIELD_VALUE", "reason"),
    ] {
        let answer = house.order(POOL, body.clone()).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{body}");
        assert_eq!(answer.body["details"], json!({"field": field}), "{body}");
    }
    assert_eq!(house.order(POOL, json!([])).await.code(), "INVALID_REQUEST_FORMAT");
    let bare = TestRequest::post().uri(POOL).set_payload("{}");
    assert_eq!(house.call_admin(bare).await.status, 415);
    let reset = json!({"state": "RESET", "reason": "r"});
    for uri in ["/admin/breakers/nobody", "/admin/breakers/pool_breaker"] {
        assert_eq!(house.order(uri, reset.clone()).await.code(), "NOT_FOUND", "{uri}");
        assert_eq!(house.look(uri).await.code(), "NOT_FOUND", "{uri}");
    }
    let wrong = house.call_admin(TestRequest::put().uri(POOL)).await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("GET, HEAD, POST")));
    assert_eq!(house.look(POOL).await.body["events"], json!([]));
}

#[actix::test]
async fn breakers_are_listed_with_all_that_is_known_of_them() {
    let house = House::new();

    let list = house.look("/admin/breakers").await.body;

    let closed = |name: &str| (name.to_owned(), "CLOSED".to_owned());
    assert_eq!(names(&list, "breakers"), [closed("pool"), closed("trade")]);
    let breaker = &list["breakers"][0];
    assert!(breaker["since"].is_string() && breaker["retryInMs"].is_null());
    assert_eq!((&breaker["permitsOut"], &breaker["totals"]["trips"]), (&json!(0), &json!(0)));
    assert_eq!(*breaker, house.look(POOL).await.body);
}

#[actix::test]
async fn actors_tell_of_themselves() {
    let house = House::new();

    let list = house.look("/debug/actors").await.body;
    let one = house.look("/debug/actors/pool_breaker").await.body;

    let told: Vec<_> = names(&list, "actors").into_iter().map(|(name, _)| name).collect();
    assert_eq!(told, ["ledger", "pool_breaker", "trade_breaker", "lookout"]);
    assert_eq!((&one["name"], &one["state"]), (&json!("pool_breaker"), &json!("closed")));
    assert_eq!((&one["depth"], &one["counters"]["refused"]), (&json!(0), &json!(0)));
    assert!(one["since"].is_string() && one["lastError"].is_null());
    assert_eq!(house.look("/debug/actors/nobody").await.code(), "NOT_FOUND");
}

#[actix::test]
async fn an_actor_that_does_not_answer_holds_nobody_up() {
    tokio::time::pause();
    let mut house = House::new();
    let gone = House::new();
    gone.breaker_stops().await;
    house.doors.rooms.insert(0, ("deaf", Deaf.start().recipient()));
    house.doors.rooms.insert(1, ("deaf_too", Deaf.start().recipient()));
    house.doors.rooms.push(("gone", gone.breaker.clone().recipient()));
    let asked = house.doors.clock.instant();

    let list = house.look("/debug/actors").await.body;

    let took = house.doors.clock.instant().duration_since(asked);
    assert!(took.as_millis() <= 252, "{took:?}");
    let states: Vec<_> = names(&list, "actors").into_iter().map(|(_, state)| state).collect();
    let expected =
        ["unresponsive", "unresponsive", "idle", "closed", "closed", "unwatched", "gone"];
    assert_eq!(states, expected);
    assert_eq!(list["actors"][0], json!({"name": "deaf", "state": "unresponsive"}));
    let one = house.look("/debug/actors/deaf").await.body;
    assert_eq!(one, json!({"name": "deaf", "state": "unresponsive"}));
}

#[actix::test]
async fn a_breaker_that_is_gone_is_told_as_gone() {
    let house = House::new();
    house.breaker_stops().await;

    assert_eq!(house.look(POOL).await.body, json!({"name": "pool", "state": "GONE"}));
    let answer = house.order(POOL, json!({"state": "RESET", "reason": "r"})).await;
    assert_eq!((answer.status, answer.code()), (500, "INTERNAL_ERROR"));
}

#[actix::test]
async fn the_snapshot_is_the_actors_own() {
    let house = House::new();
    let snapshot: Snapshot = house.doors.ledger.send(Observe).await.unwrap();

    let told = house.look("/debug/actors/ledger").await.body;

    assert_eq!((&told["state"], &told["depth"]), (&json!(snapshot.state), &json!(snapshot.depth)));
    let counters = told["counters"].as_object().unwrap();
    assert_eq!(counters.len(), snapshot.counters.len());
}
