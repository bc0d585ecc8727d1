//! The databases Weir runs on, as the tests see them: what holds on one must hold on the other.

use std::path::Path;
use std::sync::Arc;

use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, query, query_scalar, raw_sql,
};
use tempfile::TempDir;

use super::postgres;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    /// Whether tests on this kind can run here; says so once when they cannot.
    pub(crate) fn is_available(self) -> bool {
        match self {
            Self::Sqlite => true,
            Self::Postgres => postgres::cluster().is_some(),
        }
    }
}

/// Turns `async fn name(kind: Kind)` into the tests `sqlite::name` and `postgres::name`.
///
/// It takes names, not bodies, so that the functions stay ordinary code; a function that is not
/// listed is dead code, which the lints report. Once per module.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[actix_web::test]
            async fn $name() {
                super::$name($crate::support::Kind::Sqlite).await;
            })+
        }

        mod postgres {
            $(#[actix_web::test]
            async fn $name() {
                if $crate::support::Kind::Postgres.is_available() {
                    super::$name($crate::support::Kind::Postgres).await;
                }
            })+
        }
    };
}
pub(crate) use on_both;

/// One database of one test, and a second pair of eyes on it beside the process under test.
///
/// Every look opens a connection of its own, so it depends on no state of an earlier one.
#[derive(Clone)]
pub(crate) struct Database {
    pub(crate) kind: Kind,
    pub(crate) url: String,
    /// Holds the SQLite file; goes with the last clone.
    folder: Option<Arc<TempDir>>,
}

impl Database {
    pub(crate) async fn fresh(kind: Kind) -> Self {
        match kind {
            Kind::Sqlite => {
                let folder = tempfile::Builder::new().prefix("weir-sqlite-").tempdir().unwrap();
                let url = format!("sqlite://{}", folder.path().join("weir.db").display());
                Self { kind, url, folder: Some(Arc::new(folder)) }
            }
            Kind::Postgres => {
                let cluster = postgres::cluster().expect("PostgreSQL is here: ask is_available");
                Self::at(cluster.create_database().await)
            }
        }
    }

    /// A database that exists, such as one in a cluster of the test's own.
    pub(crate) fn at(url: impl Into<String>) -> Self {
        let url = url.into();
        let kind = if url.starts_with("sqlite:") { Kind::Sqlite } else { Kind::Postgres };
        Self { kind, url, folder: None }
    }

    /// The SQLite file; `-wal` and `-shm` lie beside it.
    pub(crate) fn file(&self) -> &Path {
        Path::new(self.url.strip_prefix("sqlite://").expect("only SQLite is a file"))
    }

    /// Runs statements; returns how many rows they touched.
    pub(crate) async fn execute(&self, sql: &str) -> u64 {
        let statement = AssertSqlSafe(sql);
        match self.kind {
            Kind::Sqlite => {
                let mut connection = self.open_file().await;
                let done = raw_sql(statement).execute(&mut connection).await;
                done.unwrap_or_else(|error| panic!("{sql}: {error}")).rows_affected()
            }
            Kind::Postgres => {
                let mut connection = PgConnection::connect(&self.url).await.unwrap();
                let done = raw_sql(statement).execute(&mut connection).await;
                done.unwrap_or_else(|error| panic!("{sql}: {error}")).rows_affected()
            }
        }
    }

    /// Whether the database does not do what a statement asks for.
    pub(crate) async fn refuses(&self, sql: &'static str) -> bool {
        match self.kind {
            Kind::Sqlite => raw_sql(sql).execute(&mut self.open_file().await).await.is_err(),
            Kind::Postgres => {
                let mut connection = PgConnection::connect(&self.url).await.unwrap();
                raw_sql(sql).execute(&mut connection).await.is_err()
            }
        }
    }

    /// The one number a `SELECT` gives, whatever integer type the column has.
    pub(crate) async fn number(&self, select: &str) -> i64 {
        let sql = format!("SELECT CAST(({select}) AS bigint)");
        let found: Option<i64> = match self.kind {
            Kind::Sqlite => {
                query_scalar(AssertSqlSafe(sql)).fetch_one(&mut self.open_file().await).await
            }
            Kind::Postgres => {
                let mut connection = PgConnection::connect(&self.url).await.unwrap();
                query_scalar(AssertSqlSafe(sql)).fetch_one(&mut connection).await
            }
        }
        .unwrap_or_else(|error| panic!("{select}: {error}"));
        found.unwrap_or_else(|| panic!("{select}: null, or no row"))
    }

    /// The one value a `SELECT` gives, as text; `None` for null or no row.
    pub(crate) async fn text(&self, select: &str) -> Option<String> {
        let sql = format!("SELECT CAST(({select}) AS text)");
        match self.kind {
            Kind::Sqlite => {
                query_scalar(AssertSqlSafe(sql)).fetch_one(&mut self.open_file().await).await
            }
            Kind::Postgres => {
                let mut connection = PgConnection::connect(&self.url).await.unwrap();
                query_scalar(AssertSqlSafe(sql)).fetch_one(&mut connection).await
            }
        }
        .unwrap_or_else(|error| panic!("{select}: {error}"))
    }

    /// The first column of every row; the column must be text.
    pub(crate) async fn texts(&self, select: &str) -> Vec<String> {
        let sql = AssertSqlSafe(select);
        match self.kind {
            Kind::Sqlite => query_scalar(sql).fetch_all(&mut self.open_file().await).await,
            Kind::Postgres => {
                let mut connection = PgConnection::connect(&self.url).await.unwrap();
                query_scalar(sql).fetch_all(&mut connection).await
            }
        }
        .unwrap_or_else(|error| panic!("{select}: {error}"))
    }

    /// Whether the database takes connections and answers, without a panic when it does not.
    pub(crate) async fn answers(&self) -> bool {
        match self.kind {
            Kind::Sqlite => true,
            Kind::Postgres => match PgConnection::connect(&self.url).await {
                Ok(mut connection) => query("SELECT 1").execute(&mut connection).await.is_ok(),
                Err(_) => false,
            },
        }
    }

    async fn open_file(&self) -> sea_orm::sqlx::SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.file()).create_if_missing(true);
        options.connect().await.unwrap()
    }
}
