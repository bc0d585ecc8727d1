//! Starts that must fail say why in a sentence, and harm nobody.

use std::process::ExitStatus;

use crate::support::process::Run;
use crate::support::{Database, Kind, Weir, on_both};

on_both! {
    schema_from_the_future_is_refused,
}

const NEWER: &str = "the schema is newer than this binary (it has m99991231_000001_tomorrow)";

/// Runs `weir migrate STEP` on a database to its end.
async fn migrate(step: &str, database: &Database) -> (ExitStatus, String) {
    let settings = [("WEIR__DATABASE__URL".to_owned(), &database.url)];
    let mut run = Run::spawn(&["migrate", step], &settings);
    (run.wait_for_end().await, run.lines().join("\n"))
}

async fn schema_from_the_future_is_refused(kind: Kind) {
    let mut weir = Weir::on(kind).start().await;
    weir.terminate().await;
    let tomorrow = "INSERT INTO seaql_migrations VALUES ('m99991231_000001_tomorrow', 0)";
    weir.database.execute(tomorrow).await;

    let (served, lines) = Weir::on(weir.database.clone()).start_and_end().await;
    let (migrated, said) = migrate("up", &weir.database).await;

    assert_eq!(served.code(), Some(1), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains(NEWER)), "{lines:#?}");
    assert_eq!(migrated.code(), Some(1), "{said}");
    assert!(said.contains(NEWER), "{said}");
}

#[actix_web::test]
async fn second_process_on_the_same_file_is_refused_and_the_first_is_unharmed() {
    let weir = Weir::on(Kind::Sqlite).start().await;
    let sentence = format!("another process uses {}", weir.database.file().display());

    let (served, lines) = Weir::on(weir.database.clone()).start_and_end().await;
    let (migrated, said) = migrate("up", &weir.database).await;

    assert_eq!(served.code(), Some(1), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains(&sentence)), "{lines:#?}");
    assert_eq!(migrated.code(), Some(1), "{said}");
    assert!(said.contains(&sentence), "{said}");
    weir.get("/api/v1/orders").await.expect(200);
    let blotter = serde_json::json!({"name": "Still writing"});
    weir.post("/api/v1/blotters", &blotter).await.expect(200);
}

#[actix_web::test]
async fn file_in_a_folder_that_is_missing_is_refused_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("missing/weir.db");
    let database = Database::at(format!("sqlite://{}", file.display()));

    let (status, lines) = Weir::on(database).start_and_end().await;

    assert_eq!(status.code(), Some(1), "{lines:#?}");
    let sentence = format!("{}.lock: check that its folder exists", file.display());
    assert!(lines.iter().any(|line| line.contains(&sentence)), "{lines:#?}");
}

#[actix_web::test]
async fn file_that_is_no_database_is_refused_and_left_as_it_is() {
    let database = Database::fresh(Kind::Sqlite).await;
    let text = "this is a letter to my aunt, and no database\n".repeat(100);
    std::fs::write(database.file(), &text).unwrap();

    let (status, lines) = Weir::on(database.clone()).start_and_end().await;

    assert_eq!(status.code(), Some(1), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("not a database")), "{lines:#?}");
    assert_eq!(std::fs::read_to_string(database.file()).unwrap(), text);
}

#[actix_web::test]
async fn port_that_is_taken_is_named_with_its_key() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();

    for key in ["server.bind", "admin.bind"] {
        let (status, lines) = Weir::on(Kind::Sqlite).set(key, address).start_and_end().await;

        assert_eq!(status.code(), Some(1), "{lines:#?}");
        let sentence = format!("cannot listen on {address} ({key})");
        assert!(lines.iter().any(|line| line.contains(&sentence)), "{lines:#?}");
    }
}

/// The driver's own defaults would be somebody else's database.
#[actix_web::test]
async fn address_that_the_driver_cannot_take_is_refused_and_never_replaced() {
    let url = "postgres://weir@127.0.0.1/weir?sslmode=requires".to_owned();
    let settings = [("WEIR__DATABASE__URL".to_owned(), &url)];

    for (arguments, code) in
        [(&["serve"][..], 1), (&["config", "check"], 2), (&["migrate", "up"], 1)]
    {
        let mut run = Run::spawn(arguments, &settings);
        let status = run.wait_for_end().await;

        let said = run.lines().join("\n");
        assert_eq!(status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains("database.url cannot be used"), "{said}");
    }
}
