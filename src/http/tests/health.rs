//! Health: what is told to probes and to people.

use std::sync::atomic::Ordering;

use serde_json::json;

use super::house::House;
use crate::domain::pool::PoolSample;
use crate::ports::gauge::DatabaseState;

const PROBES: [&str; 4] =
    ["/health", "/actuator/health", "/actuator/health/readiness", "/actuator/health/startup"];

#[actix::test]
async fn a_serving_house_is_up_everywhere() {
    let house = House::new();
    for uri in PROBES.into_iter().chain(["/actuator/health/liveness"]) {
        let answer = house.get(uri).await;
        assert_eq!((answer.status, &answer.body["status"]), (200, &json!("UP")), "{uri}");
    }
    assert!(house.get("/health").await.body["timestamp"].is_string());
    assert_eq!(house.get("/actuator/health").await.body["components"]["db"]["status"], "UP");
}

#[actix::test]
async fn without_a_database_it_is_alive_and_not_ready() {
    let house = House::new();
    let away = DatabaseState::Away { reason: "password=hunter2".into() };
    for (state, name) in [(DatabaseState::Starting, "STARTING"), (away, "AWAY")] {
        house.state().database = state;
        for (uri, status) in
            PROBES.into_iter().zip(["DOWN", "DOWN", "OUT_OF_SERVICE", "OUT_OF_SERVICE"])
        {
            let answer = house.get(uri).await;
            assert_eq!((answer.status, answer.code()), (503, "DATABASE_UNAVAILABLE"), "{uri}");
            assert_eq!(answer.body["status"], status);
            assert_eq!(answer.body["components"]["db"]["state"], name);
            assert!(!answer.text.contains("hunter2"));
        }
        assert_eq!(house.get("/actuator/health/liveness").await.status, 200);
        let system = house.get("/api/v1/system/health").await;
        assert_eq!((system.status, &system.body["status"]), (200, &json!("UNHEALTHY")));
        assert_eq!(system.body["database"]["state"], name);
    }
}

#[actix::test]
async fn a_closing_house_is_not_ready_and_still_reads() {
    let house = House::new();
    house.doors.draining.store(true, Ordering::Release);

    let ready = house.get("/actuator/health/readiness").await;

    assert_eq!((ready.status, ready.code()), (503, "SERVICE_STOPPING"));
    assert_eq!(ready.body["status"], "OUT_OF_SERVICE");
    assert_eq!(house.get("/health").await.status, 200);
    assert_eq!(house.get("/api/v1/orders").await.status, 200);
}

#[actix::test]
async fn the_pool_is_told_in_three_shapes() {
    let house = House::new();
    house.state().sample = PoolSample { active: 50, idle: 2, waiting: 4, total: 52, max: 60 };

    let system = house.get("/api/v1/system/health").await.body;
    let percent = house.get("/api/v1/system/health/connection-pool").await.body;
    let ratio = house.get("/api/v1/health/connection-pool").await.body;

    let pool = &system["connectionPool"];
    assert_eq!((&pool["utilization"], &pool["threadsWaiting"]), (&json!(83.3), &json!(4)));
    assert_eq!((&pool["status"], &system["status"]), (&json!("CRITICAL"), &json!("UNHEALTHY")));
    assert_eq!((&percent["utilization"], &percent["status"]), (&json!(83.3), &json!("WARNING")));
    assert_eq!((&ratio["utilization"], &ratio["healthy"]), (&json!(0.8333), &json!(false)));
    assert!(percent["timestamp"].is_i64() && system["timestamp"].is_i64());
    assert!(ratio["timestamp"].is_string());
    assert_eq!(percent["recommendations"].as_array().unwrap().len(), 2);
}
