//! The service is away: orders wait on the disk, also for the next client.

use weir_client::Outcome;

use super::{BATCH, House, orders};
use crate::support::Kind;

#[actix_web::test]
async fn orders_for_a_service_that_is_away_wait_on_the_disk_until_it_is_back() {
    let mut house = House::open(Kind::Sqlite).await;
    let client = house.client().await;
    house.weir.kill_9();
    house.proxy.refuse().await;
    for number in 0..4 {
        let outcome = client.submit(orders(&format!("p{number}"))).await.unwrap();
        assert!(matches!(outcome, Outcome::Queued { count: BATCH, .. }), "{outcome:?}");
    }
    drop(client);
    assert_eq!(house.depth().await.waiting, 4);

    let _next = house.client().await;
    assert_eq!(house.depth().await.waiting, 4);
    house.restart().await;
    house.proxy.listen();

    house.expect_each_once(4 * BATCH).await;
}
