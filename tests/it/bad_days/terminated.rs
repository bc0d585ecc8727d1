//! SIGTERM under load: nothing that was taken is lost, and nobody who is idle holds up the end.

use std::time::Duration;

use super::book::Book;
use super::load::Load;
use crate::support::{Kind, Weir, on_both, wait_for};

on_both! {
    sigterm_under_load_loses_nothing,
    a_request_that_came_before_sigterm_is_answered_and_later_ones_are_not_taken,
}

const ANSWER: Duration = Duration::from_secs(20);
const IDLE: &str = "GET /actuator/health/liveness HTTP/1.1\r\nHost: weir\r\n\r\n";

#[actix_web::test]
async fn caller_who_never_ends_its_request_is_left_behind_after_the_drain_time() {
    let weir = Weir::on(Kind::Sqlite).set("server.drain_within", "1s");
    let mut weir = weir.set("server.body_within", "2m").start().await;
    let mut client = weir.connect().await;
    let head = "POST /api/v1/orders HTTP/1.1\r\nHost: weir\r\nContent-Type: application/json\r\n\
                Content-Length: 100\r\nExpect: 100-continue\r\n\r\n";
    client.write(head).await.unwrap();
    assert_eq!(client.read_answer(ANSWER).await.status, 100);

    let status = weir.terminate().await;

    assert_eq!(status.code(), Some(0));
    assert_eq!(weir.logged("stopped").len(), 1);
}

async fn sigterm_under_load_loses_nothing(kind: Kind) {
    let book = Book::open();
    let weir = Weir::on(kind).set("server.keep_alive", "10m").set("server.drain_within", "10m");
    let mut weir = weir.start().await;
    let mut idle = weir.connect().await;
    idle.write(IDLE).await.unwrap();
    assert_eq!(idle.read_answer(ANSWER).await.status, 200);
    let load = Load::on(&weir, &book, 8);
    load.stores(200).await;

    // Ends long before the drain time and the keep-alive time only if nobody idle holds it up.
    let status = weir.terminate().await;

    load.stop().await;
    assert_eq!(status.code(), Some(0));
    assert_eq!(weir.logged("stopped").len(), 1);
    assert_eq!(idle.read_until_closed(ANSWER).await, "");
    weir.restart().await;
    let unheard = Book::check(&book, &weir).await;
    assert_eq!(unheard, 0, "batches were stored, and their senders not told");
}

async fn a_request_that_came_before_sigterm_is_answered_and_later_ones_are_not_taken(kind: Kind) {
    let book = Book::open();
    let mut weir = Weir::on(kind).start().await;
    let (_, batch) = book.borrow_mut().write(5);
    let (_, late_batch) = book.borrow_mut().write(5);
    let (batch, late_batch) = (batch.to_string(), late_batch.to_string());
    let head = |batch: &str| {
        let length = batch.len();
        format!(
            "POST /api/v1/orders HTTP/1.1\r\nHost: weir\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nExpect: 100-continue\r\n\r\n"
        )
    };
    let mut early = weir.connect().await;
    early.write(head(&batch)).await.unwrap();
    // The server asks for the body: the request is inside.
    assert_eq!(early.read_answer(ANSWER).await.status, 100);

    weir.run().signal("TERM");
    wait_for("the sign of the end", ANSWER, async || {
        !weir.logged("stopping: taking nothing more, finishing what is here").is_empty()
    })
    .await;
    wait_for("new requests to be refused", ANSWER, async || {
        let ready = weir.request("GET", "/actuator/health/readiness").try_send().await;
        let post = weir.request("POST", "/api/v1/orders").raw("application/json", &*late_batch);
        let post = post.try_send().await;
        let refused = |heard: &Result<crate::support::Answer, String>| {
            heard.as_ref().map_or(true, |answer| answer.status == 503)
        };
        refused(&ready) && refused(&post)
    })
    .await;
    early.write(&batch).await.unwrap();
    let answer = early.read_answer(ANSWER).await;
    let status = weir.run().wait_for_end().await;

    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(status.code(), Some(0));
    weir.restart().await;
    assert_eq!(
        weir.database.number("SELECT count(*) FROM orders WHERE portfolio_id = 'p0'").await,
        5
    );
}
