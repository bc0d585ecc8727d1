//! Connections that break under a call: nobody knows then what became of it, and the same call
//! again finds out.

use std::time::Duration;

use super::{BATCH, House, expect_submitted, open, orders};
use crate::support::{Fault, Kind};

#[actix_web::test]
async fn an_answer_that_never_came_is_asked_for_again_and_doubles_nothing() {
    let house = House::open(Kind::Sqlite).await;
    let mut settings = house.settings();
    settings.connection.read_timeout = Duration::from_secs(2);
    let client = open(settings).await;
    house.proxy.break_next([Fault::Swallow]);

    let outcome = client.submit(orders("p")).await.unwrap();

    expect_submitted(&outcome);
    let calls = house.proxy.calls();
    assert!(calls.len() >= 2, "{calls:?}");
    assert!(calls.iter().all(|call| call.key == calls[0].key), "{calls:?}");
    house.expect_each_once(BATCH).await;
}

#[actix_web::test]
async fn wherever_a_connection_breaks_the_same_call_again_brings_each_order_once() {
    let house = House::open(Kind::Sqlite).await;
    // Every other call fails here, which would open it.
    let mut settings = house.settings();
    settings.breaker.rates = None;
    let client = open(settings).await;
    let faults = [
        (Fault::CutCall(0), 2),
        (Fault::CutCall(50), 2),
        (Fault::CutCall(2000), 2),
        (Fault::CutAnswer(0), 2),
        (Fault::CutAnswer(50), 2),
        (Fault::CutAnswer(2000), 2),
        (Fault::ResetAnswer(0), 2),
        (Fault::ResetAnswer(2000), 2),
        (Fault::Delay(Duration::from_millis(500)), 1),
    ];

    for (number, (fault, expected)) in faults.into_iter().enumerate() {
        let before = house.proxy.calls().len();
        house.proxy.break_next([fault]);

        let outcome = client.submit(orders(&format!("p{number}"))).await.unwrap();

        expect_submitted(&outcome);
        let calls = house.proxy.calls().split_off(before);
        assert_eq!(calls.len(), expected, "{fault:?}");
        assert!(calls.iter().all(|call| call.key == calls[0].key), "{fault:?}: {calls:?}");
    }

    house.expect_each_once(faults.len() * BATCH).await;
}
