//! The page loses the service and finds it again, without a hand on it.

use tokio::net::TcpSocket;

use super::page::Page;
use crate::support::{Kind, Weir};

const LOST: &str = "!document.querySelector('#lost').hidden";
const BACK: &str = "document.querySelector('#lost').hidden";

/// A port that stays ours while nobody listens at it.
fn held() -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    socket
}

#[actix_web::test]
async fn a_stopped_service_is_said_to_be_gone_and_a_started_one_is_seen_again() {
    let port = held();
    let address = port.local_addr().unwrap();
    let mut weir = Weir::on(Kind::Sqlite).set("admin.bind", address).start().await;
    let Some(mut page) = Page::open(&format!("{}/console", weir.admin)).await else { return };
    page.reads("#verdict-word", "WELL").await;

    weir.terminate().await;
    page.holds(LOST).await;
    page.reads("#lost", "No contact").await;
    page.reads("#age", "ago").await;
    assert_eq!(page.run("document.title").await, "NO CONTACT · Weir");

    weir.restart().await;
    page.holds(BACK).await;
    page.reads("#age", "Live").await;
    page.reads("#events", "The service was started again").await;
    page.holds("document.title === 'WELL · Weir'").await;
    assert!(page.complaints().is_empty(), "{:#?}", page.complaints());
}

#[actix_web::test]
async fn a_service_that_falls_silent_is_said_to_be_lost() {
    let mut weir = Weir::on(Kind::Sqlite).start().await;
    let Some(mut page) = Page::open(&format!("{}/console", weir.admin)).await else { return };
    page.reads("#verdict-word", "WELL").await;

    weir.run().signal("STOP");
    page.holds(LOST).await;

    weir.run().signal("CONT");
    page.holds(BACK).await;
    page.reads("#age", "Live").await;
}
