//! Statements in the words of both databases, their rows as one JSON value.
//!
//! So a text never changes with the number of its rows: it is prepared once per connection, and
//! no limit of values is ever met. The statements that carry the load have arrays instead.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, FromQueryResult,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
};
use serde::Serialize;
use uuid::Uuid;

/// One statement, as each database spells it.
pub(super) struct Words {
    pub(super) postgres: &'static str,
    pub(super) sqlite: &'static str,
}

impl Words {
    /// Runs it and says how many rows it touched.
    pub(super) async fn execute(
        &self,
        connection: &impl ConnectionTrait,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<u64, DbErr> {
        let statement = self.statement(connection.get_database_backend(), values);
        Ok(connection.execute_raw(statement).await?.rows_affected())
    }

    /// Runs it and reads what it returns.
    pub(super) async fn all<M: FromQueryResult>(
        &self,
        connection: &impl ConnectionTrait,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<M>, DbErr> {
        let statement = self.statement(connection.get_database_backend(), values);
        let rows = connection.query_all_raw(statement).await?;
        rows.iter().map(|row| M::from_query_result(row, "")).collect()
    }

    fn statement(&self, backend: DbBackend, values: impl IntoIterator<Item = Value>) -> Statement {
        let text = if backend == DbBackend::Postgres { self.postgres } else { self.sqlite };
        Statement::from_sql_and_values(backend, text, values)
    }
}

/// Rows, or ids, as one value.
pub(super) fn json(rows: &impl Serialize) -> Value {
    serde_json::json!(rows).to_string().into()
}

/// A UUID as both databases read it out of JSON.
pub(super) fn hex(id: Uuid) -> String {
    id.simple().to_string()
}

/// Bytes as both databases read them out of JSON.
pub(super) fn hex_bytes(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn hexes<'a>(ids: impl IntoIterator<Item = &'a Uuid>) -> Vec<String> {
    ids.into_iter().copied().map(hex).collect()
}

/// A transaction that writes: on SQLite it takes the file's turn at once.
pub(super) async fn begin(orm: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    orm.begin_with_options(options).await
}
