//! A hundred submitters at once, and the service dies under them.

use futures_util::future::join_all;
use weir_client::{Event, Outcome};

use super::{BATCH, House, open, orders};
use crate::support::{Kind, on_both};

on_both! {
    a_hundred_submitters_lose_and_double_nothing_when_the_service_is_killed,
}

const SUBMITTERS: usize = 100;

async fn a_hundred_submitters_lose_and_double_nothing_when_the_service_is_killed(kind: Kind) {
    let mut house = House::open(kind).await;
    house.slow_down().await;
    let mut settings = house.settings();
    // Most calls are still to come when the first orders are on their way.
    settings.rate.start = 40.0;
    settings.rate.most = 40.0;
    let client = open(settings).await;
    let mut events = client.events();

    let submit = async |number| client.submit(orders(&format!("p{number}"))).await.unwrap();
    let (outcomes, ()) = tokio::join!(join_all((0..SUBMITTERS).map(submit)), async {
        house.kill_9_in_the_middle().await;
        house.restart().await;
    });

    for outcome in outcomes {
        let is_kept = matches!(outcome, Outcome::Submitted { .. } | Outcome::Queued { .. });
        assert!(is_kept, "{outcome:?}");
    }
    let mut told = std::iter::from_fn(|| events.try_recv().ok());
    assert!(told.any(|event| matches!(event, Event::Failed { .. })), "no call met the outage");
    house.expect_each_once(SUBMITTERS * BATCH).await;
}
