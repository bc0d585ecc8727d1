//! A service that fails is called more and more rarely.

use std::time::Duration;

use weir_client::{Backoff, Jitter, Outcome, QueueReason};

use super::{BATCH, House, open, orders};
use crate::support::{Fault, Kind};

const BASE: Duration = Duration::from_millis(100);

#[actix_web::test]
async fn each_wait_for_a_failing_service_is_twice_the_last_and_then_the_queue_takes_over() {
    let house = House::open(Kind::Sqlite).await;
    let mut settings = house.settings();
    settings.retry.attempts = 4;
    let cap = Duration::from_secs(10);
    settings.retry.backoff = Backoff { base: BASE, cap, jitter: Jitter::OnTop };
    let client = open(settings).await;
    house.proxy.break_next([Fault::CutCall(0); 4]);

    let outcome = client.submit(orders("p")).await.unwrap();

    assert_eq!(outcome, Outcome::Queued { count: BATCH, reason: QueueReason::Connection });
    house.expect_each_once(BATCH).await;
    let calls = house.proxy.calls();
    assert!(calls.iter().all(|call| call.key == calls[0].key), "{calls:?}");
    let waits: Vec<_> =
        calls.windows(2).map(|pair| pair[1].at.duration_since(pair[0].at)).collect();
    // The fourth is that of the queue.
    assert!(waits.len() >= 4, "{waits:?}");
    for (wait, doublings) in waits.iter().zip([0, 1, 2, 3]) {
        assert!(*wait >= BASE * (1 << doublings), "{waits:?}");
    }
}
