//! A database that neither answers nor hangs up, as behind a network that swallows packets: the
//! sessions stand still, and no error ever comes from them.

use std::process::Command;
use std::time::Duration;

use super::book::Book;
use super::load::burst;
use crate::support::{Kind, Weir, wait_for};

const BACK_WITHIN: Duration = Duration::from_secs(20);
const SESSIONS: &str = "SELECT CAST(pid AS text) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'weir'";

/// Sessions that were stopped, and go on when this is dropped.
struct Stopped(Vec<String>);

impl Stopped {
    fn stop(sessions: Vec<String>) -> Self {
        signal("-STOP", &sessions);
        Self(sessions)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        signal("-CONT", &self.0);
    }
}

fn signal(name: &str, processes: &[String]) {
    let status = Command::new("kill").arg(name).args(processes).status().unwrap();
    assert!(status.success(), "kill {name} {processes:?}");
}

#[actix_web::test]
async fn sessions_that_fall_silent_are_left_for_new_ones() {
    if !Kind::Postgres.is_available() {
        return;
    }
    let book = Book::open();
    let plan = Weir::on(Kind::Postgres).set("pool.min_idle", 4);
    let plan = plan.set("database.read_within", "300ms").set("database.write_within", "300ms");
    let mut weir = plan.start().await;
    wait_for("full service", BACK_WITHIN, async || burst(&weir, &book, 4).await).await;

    let stopped = Stopped::stop(weir.database.texts(SESSIONS).await);

    // The first to ask waits in vain for a silent session, and then finds a new one.
    wait_for("service over new sessions", BACK_WITHIN, async || burst(&weir, &book, 4).await).await;
    assert!(stopped.0.len() >= 4, "{:?}", stopped.0);
    drop(stopped);
    // What the silent sessions had been sent is done now, and stands no second time.
    wait_for("full service", BACK_WITHIN, async || burst(&weir, &book, 20).await).await;
    assert_eq!(weir.run().ended(), None);
    Book::check(&book, &weir).await;
}
