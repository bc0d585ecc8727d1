//! Databases that come and go with a measurement.

use crate::support::{Database, Kind};

/// A new database, with nothing of the last one's left to be written to the disk.
pub(crate) async fn fresh(kind: Kind) -> Database {
    let database = Database::fresh(kind).await;
    if kind == Kind::Postgres {
        database.execute("CHECKPOINT").await;
    }
    database
}

/// Thirty databases of a million orders would not fit everywhere.
pub(crate) async fn discard(database: Database) {
    if database.kind == Kind::Postgres {
        let (server, name) = database.url.rsplit_once('/').unwrap();
        let postgres = Database::at(format!("{server}/postgres"));
        postgres.execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }
}
