//! The same key again is the same submission, whoever sends it.

use super::{BATCH, House, expect_submitted, open, orders};
use crate::support::Kind;

#[actix_web::test]
async fn a_key_that_comes_again_is_one_batch_for_this_client_and_for_the_next() {
    let house = House::open(Kind::Sqlite).await;
    let client = house.client().await;

    let first = client.submit_with_key("monday", orders("p")).await.unwrap();
    let again = client.submit_with_key("monday", orders("p")).await.unwrap();

    expect_submitted(&first);
    assert_eq!(again, first);
    assert_eq!(house.proxy.calls().len(), 1, "the client remembers");
    drop(client);
    // One that remembers nothing.
    let mut settings = house.settings();
    settings.queue.path = house.folder.path().join("another.queue");
    let stranger = open(settings).await.submit_with_key("monday", orders("p")).await.unwrap();
    assert_eq!(stranger, first, "the service remembers");
    assert_eq!(house.proxy.calls().len(), 2);
    assert_eq!(house.weir.database.number("SELECT count(*) FROM batches").await, 1);
    house.expect_each_once(BATCH).await;
}
