//! Every connection for reading is stuck behind a lock: reads end in time, and come back.

use std::time::Duration;

use futures_util::future::join_all;

use super::{Lock, expect_refusal, metric};
use crate::support::{Kind, Weir, wait_for};

const DEADLINE: Duration = Duration::from_secs(20);

#[actix_web::test]
async fn reads_that_are_stuck_end_in_time_are_counted_and_come_back() {
    if !Kind::Postgres.is_available() {
        return;
    }
    let weir = Weir::on(Kind::Postgres).set("pool.max", 15).set("pool.reserve", 0);
    let weir = weir.set("pool.min_idle", 4).set("pool.acquire_timeout", "2s");
    let weir =
        weir.set("pool.validation_timeout", "1s").set("pool_breaker.open_for", "1s").start().await;
    let lock = Lock::readers_out(&weir.database).await;

    let read = async |number: usize| {
        let request = weir.request("GET", "/api/v1/orders");
        request.header("x-request-id", format!("stuck-{number}")).send().await
    };
    let reads = join_all((0..40).map(read));
    let looks = async {
        wait_for("some to wait for a connection", DEADLINE, async || {
            metric(&weir, "db_pool_waiting").await >= Some(1.0)
        })
        .await;
        weir.get("/actuator/health/liveness").await.expect(200);
        weir.get("/actuator/health/readiness").await.expect(200);
        let pool = weir.get("/api/v1/health/connection-pool").await.expect(200);
        wait_for("waits to end in vain", DEADLINE, async || {
            metric(&weir, "db_connection_acquisition_failures_total").await >= Some(1.0)
        })
        .await;
        pool
    };
    let (answers, pool) = tokio::join!(reads, looks);

    let code = |answer: &crate::support::Answer| answer.body["code"].as_str().unwrap().to_owned();
    for (number, answer) in answers.iter().enumerate() {
        let code = code(answer);
        assert!(["DATABASE_TIMEOUT", "SERVICE_OVERLOADED"].contains(&&*code), "{}", answer.text);
        expect_refusal(answer, &code);
        let id = format!("stuck-{number}");
        assert_eq!(answer.body["requestId"], id);
        wait_for("its line in the log", DEADLINE, async || {
            weir.logs().iter().any(|line| line.contains(&format!(r#""request_id":"{id}""#)))
        })
        .await;
    }
    assert!(answers.iter().any(|answer| code(answer) == "SERVICE_OVERLOADED"));
    assert!(pool.body["waiting"].as_u64() >= Some(1), "{}", pool.text);
    assert_eq!(pool.body["max"], 15, "{}", pool.text);
    lock.release().await;
    wait_for("all reads to succeed", DEADLINE, async || {
        let answers = join_all((0..20).map(|_| weir.get("/api/v1/orders"))).await;
        answers.iter().all(|answer| answer.status == 200)
    })
    .await;
    assert_eq!(metric(&weir, "db_pool_waiting").await, Some(0.0));
}
