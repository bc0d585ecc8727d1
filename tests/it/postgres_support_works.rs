//! The PostgreSQL the other tests stand on, tested for itself.

use std::time::Duration;

use crate::support::postgres::{Cluster, cluster};
use crate::support::{Database, wait_for};

#[actix_web::test]
async fn created_databases_are_apart() {
    let Some(cluster) = cluster() else { return };

    let one = Database::at(cluster.create_database().await);
    let other = Database::at(cluster.create_database().await);
    one.execute("CREATE TABLE marks (id int); INSERT INTO marks VALUES (1), (2)").await;

    assert_eq!(one.number("SELECT count(*) FROM marks").await, 2);
    assert_eq!(other.number("SELECT count(*) FROM pg_tables WHERE tablename = 'marks'").await, 0);
}

#[actix_web::test]
async fn cluster_is_durable_and_wide() {
    let Some(cluster) = cluster() else { return };

    let database = Database::at(cluster.create_database().await);
    let setting =
        async |name: &str| database.text(&format!("SELECT current_setting('{name}')")).await;

    assert_eq!(setting("fsync").await.as_deref(), Some("on"));
    assert_eq!(setting("synchronous_commit").await.as_deref(), Some("on"));
    assert_eq!(setting("max_connections").await.as_deref(), Some("500"));
}

#[actix_web::test]
async fn stopped_cluster_refuses_and_started_again_has_kept_everything() {
    let Some(cluster) = Cluster::start_private() else { return };
    let database = Database::at(cluster.create_database().await);
    database.execute("CREATE TABLE marks (id int); INSERT INTO marks VALUES (7)").await;

    cluster.stop();
    let answered_while_stopped = database.answers().await;
    cluster.start();

    assert!(!answered_while_stopped);
    assert_eq!(database.number("SELECT id FROM marks").await, 7);
}

#[actix_web::test]
async fn dropped_cluster_leaves_neither_server_nor_folder() {
    let Some(cluster) = Cluster::start_private() else { return };
    let database = Database::at(cluster.create_database().await);
    let folder = cluster.folder().to_owned();

    drop(cluster);

    assert!(!folder.exists());
    wait_for("the port to be closed", Duration::from_secs(1), async || !database.answers().await)
        .await;
}
