//! The breakers through Resilience4j's endpoints.

use actix_web::test::TestRequest;
use resilience::breaker::StateName;
use serde_json::{Value, json};

use super::house::House;

const BREAKERS: &str = "/actuator/circuitbreakers";
const POOL: &str = "/actuator/circuitbreakers/pool";

impl House {
    async fn actuator(&self, uri: &str) -> Value {
        let answer = self.call_admin(TestRequest::get().uri(uri)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }
}

#[actix::test]
async fn the_breakers_are_told_by_name() {
    let house = House::new();
    house.breaker_stops().await;

    let told = house.actuator(BREAKERS).await;

    let trade = json!({"state": "CLOSED", "failureRate": "-1.0%", "slowCallRate": "-1.0%",
        "bufferedCalls": 0, "failedCalls": 0, "slowCalls": 0, "notPermittedCalls": 0});
    let breakers = json!({"pool": {"state": "GONE"}, "trade": trade});
    assert_eq!(told, json!({"circuitBreakers": breakers}));
}

#[actix::test]
async fn rates_are_shares_of_the_calls_in_the_window() {
    let house = House::new();
    for outcome in [true, true, true, false] {
        let permit = house.doors.trade_breaker.permit().await.unwrap();
        let took = std::time::Duration::from_millis(1);
        if outcome {
            permit.succeeded(took);
        } else {
            permit.failed(resilience::breaker::FailureKind::Faulty, took);
        }
    }
    let heard = async {
        loop {
            let told = house.actuator(BREAKERS).await["circuitBreakers"]["trade"].take();
            if told["bufferedCalls"] == 4 {
                return told;
            }
            tokio::task::yield_now().await;
        }
    };

    let told = tokio::time::timeout(std::time::Duration::from_secs(10), heard).await.unwrap();

    assert_eq!((&told["failureRate"], &told["failedCalls"]), (&json!("25.0%"), &json!(1)));
    assert_eq!((&told["slowCallRate"], &told["slowCalls"]), (&json!("0.0%"), &json!(0)));
}

#[actix::test]
async fn orders_are_taken_in_all_the_words_that_operators_know() {
    let house = House::new();
    for (body, state, name) in [
        (json!({"updateState": "FORCE_OPEN"}), StateName::ForcedOpen, "FORCED_OPEN"),
        (json!({"updateState": "CLOSE"}), StateName::Closed, "CLOSED"),
        (json!({"updateState": "DISABLE"}), StateName::Disabled, "DISABLED"),
        (json!({"state": "OPEN"}), StateName::ForcedOpen, "FORCED_OPEN"),
        (json!({"state": "CLOSED"}), StateName::Closed, "CLOSED"),
        (json!({"state": "FORCED_OPEN"}), StateName::ForcedOpen, "FORCED_OPEN"),
        (json!({"state": "DISABLED"}), StateName::Disabled, "DISABLED"),
        (json!({"state": "METRICS_ONLY"}), StateName::MetricsOnly, "METRICS_ONLY"),
        (json!({"state": "FORCED_CLOSED"}), StateName::ForcedClosed, "FORCED_CLOSED"),
        (json!({"state": "RESET", "reason": "it is over"}), StateName::Closed, "CLOSED"),
    ] {
        let answer = house.order(POOL, body.clone()).await;

        assert_eq!(house.doors.pool_breaker.view().state(), state, "{body}");
        let expected = json!({"circuitBreakerName": "pool", "currentState": name,
            "message": format!("pool is {name}")});
        assert_eq!((answer.status, &answer.body), (200, &expected), "{body}");
    }
    let events = house.actuator("/actuator/circuitbreakerevents/pool").await;
    let events = events["circuitBreakerEvents"].as_array().unwrap();
    assert_eq!(events.len(), 10);
    assert_eq!(
        (&events[0]["note"], &events[9]["note"]),
        (&json!("through the actuator"), &json!("it is over"))
    );
}

#[actix::test]
async fn orders_that_nobody_can_follow_change_nothing() {
    let house = House::new();
    for (body, code, field) in [
        (json!({}), "MISSING_REQUIRED_FIELD", "updateState"),
        (json!({"updateState": "open"}), "INVALID_FIELD_VALUE", "updateState"),
        (json!({"state": "HALF_OPEN"}), "INVALID_FIELD_VALUE", "state"),
        (json!({"state": "CLOSED", "reason": "a\nb"}), "INVALID_FIELD_VALUE", "reason"),
    ] {
        let answer = house.order(POOL, body.clone()).await;
        assert_eq!((answer.status, answer.code()), (400, code), "{body}");
        assert_eq!(answer.body["details"], json!({"field": field}), "{body}");
    }
    let unknown = house.order("/actuator/circuitbreakers/nobody", json!({"state": "OPEN"})).await;
    assert_eq!((unknown.status, unknown.code()), (404, "NOT_FOUND"));
    let events = house.actuator("/actuator/circuitbreakerevents").await;
    assert_eq!(events, json!({"circuitBreakerEvents": []}));
}

#[actix::test]
async fn changes_of_all_breakers_are_told_in_the_order_in_which_they_happened() {
    let house = House::new();
    for (name, state) in [("trade", "OPEN"), ("pool", "OPEN"), ("trade", "CLOSED")] {
        house.order(&format!("{BREAKERS}/{name}"), json!({"state": state})).await;
    }

    let all = house.actuator("/actuator/circuitbreakerevents").await;
    let pool = house.actuator("/actuator/circuitbreakerevents/pool").await;

    let told = |events: &Value| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let events = events["circuitBreakerEvents"].as_array().unwrap().iter();
        events
            .inspect(|event| assert_eq!(event["type"], "STATE_TRANSITION"))
            .map(|event| (text(&event["circuitBreakerName"]), text(&event["stateTransition"])))
            .collect()
    };
    let event = |name: &str, change: &str| (name.to_owned(), change.to_owned());
    let opened = event("pool", "CLOSED_TO_FORCED_OPEN");
    let expected = [
        event("trade", "CLOSED_TO_FORCED_OPEN"),
        opened.clone(),
        event("trade", "FORCED_OPEN_TO_CLOSED"),
    ];
    assert_eq!(told(&all), expected);
    assert_eq!(told(&pool), [opened]);
}
