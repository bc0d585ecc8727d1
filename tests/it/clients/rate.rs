//! The rate follows how full the service's connection pool is.

use std::time::Duration;

use weir_client::{Outcome, QueueReason, RateLimits};

use super::{BATCH, DEADLINE, House, open, orders};
use crate::support::{Kind, wait_for};

#[actix_web::test]
async fn a_service_that_fills_up_is_left_alone_and_called_more_when_it_has_room() {
    let house = House::open(Kind::Sqlite).await;
    let mut settings = house.settings();
    settings.rate = RateLimits::default();
    settings.rate_every = Duration::from_millis(50);
    house.proxy.tell_utilisation(0.60);
    let client = open(settings).await;
    assert!((client.rate() - 10.0).abs() < 1e-9, "{}", client.rate());

    house.proxy.tell_utilisation(0.80);
    wait_for("the rate to fall", DEADLINE, async || client.rate() < 5.0).await;
    let outcome = client.submit(orders("p")).await.unwrap();

    assert_eq!(outcome, Outcome::Queued { count: BATCH, reason: QueueReason::Unhealthy });
    assert!(house.proxy.calls().is_empty(), "nobody called");
    house.proxy.tell_utilisation(0.40);
    wait_for("the rate to rise", DEADLINE, async || client.rate() > 10.0).await;
    house.expect_each_once(BATCH).await;
}
