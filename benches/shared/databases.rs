//! Databases that come and go with a measurement.

use super::environment::list;
use crate::support::{Database, Kind};

/// Those that a run was asked for, as far as they are here.
pub(crate) fn wanted(default: &str) -> Vec<Kind> {
    let kind = |name: String| match name.as_str() {
        "sqlite" => Kind::Sqlite,
        "postgres" => Kind::Postgres,
        other => panic!("WEIR_BENCH_DATABASES: {other:?} is neither sqlite nor postgres"),
    };
    let kinds = list("DATABASES", default).into_iter().map(kind);
    kinds.filter(|kind| kind.is_available()).collect()
}

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
