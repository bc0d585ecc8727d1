//! The disk is full: SQLite's files cannot grow any more.

use std::time::Duration;

use super::book::Book;
use super::load::burst;
use crate::support::{Kind, Weir, wait_for};

const DEADLINE: Duration = Duration::from_secs(60);
/// No file may become larger than so many blocks of 512 bytes, and trying is an error and not a
/// signal. A quota stops a file in the same way.
const SMALL_FILES: &str = "trap '' XFSZ; ulimit -f 2048";

#[actix_web::test]
async fn full_disk_refuses_orders_whole_while_reads_go_on_and_room_mends_it() {
    let book = Book::open();
    let mut weir = Weir::on(Kind::Sqlite).under(SMALL_FILES).start().await;
    assert!(burst(&weir, &book, 4).await);

    wait_for("the disk to be full", DEADLINE, async || {
        burst(&weir, &book, 20).await;
        let book = book.borrow();
        if book.heard("507 STORAGE_FULL") > 40 {
            Ok(())
        } else {
            Err(format!("{:?}", book.answers))
        }
    })
    .await;

    let id = book.borrow_mut().any_id().unwrap();
    for path in [&format!("/api/v1/order/{id}"), "/api/v1/orders", "/actuator/health/readiness"] {
        weir.get(path).await.expect(200);
    }
    assert_eq!(book.borrow().broken, 0, "requests without an answer");
    Book::check(&book, &weir).await;
    weir.terminate().await;
    let roomy = Weir::on(weir.database.clone()).start().await;
    assert!(burst(&roomy, &book, 20).await);
    Book::check(&book, &roomy).await;
}
