//! The queue in a SQLite file, which other processes may use at the same time.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, QueryResult,
    SqliteTransactionMode, SqlxSqliteConnector, Statement, TransactionOptions, TransactionTrait,
    Value,
};
use uuid::Uuid;

use super::{Depth, Entry, EntryState, Failure, Kept, QueueError, Store, Taken, Waiting};
use crate::parcel::Parcel;

/// How long to wait for another process that writes.
const BUSY_WITHIN: Duration = Duration::from_secs(5);

/// What is kept is counted as it comes and goes: every `put` asks for the number, and counting a
/// full queue takes longer than writing to it.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS submissions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    body BLOB NOT NULL,
    is_keyed INTEGER NOT NULL,
    order_count INTEGER NOT NULL,
    is_failed INTEGER NOT NULL,
    reason TEXT NOT NULL,
    queued_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    failed_at INTEGER,
    last_error TEXT,
    token TEXT,
    leased_until INTEGER
);
CREATE INDEX IF NOT EXISTS submissions_due ON submissions (is_failed, due_at, id);
CREATE TABLE IF NOT EXISTS depths (is_failed INTEGER PRIMARY KEY, submissions INTEGER NOT NULL);
INSERT OR IGNORE INTO depths VALUES (0, 0), (1, 0);
CREATE TRIGGER IF NOT EXISTS submission_comes AFTER INSERT ON submissions BEGIN
    UPDATE depths SET submissions = submissions + 1 WHERE is_failed = new.is_failed;
END;
CREATE TRIGGER IF NOT EXISTS submission_goes AFTER DELETE ON submissions BEGIN
    UPDATE depths SET submissions = submissions - 1 WHERE is_failed = old.is_failed;
END;
CREATE TRIGGER IF NOT EXISTS submission_moves AFTER UPDATE OF is_failed ON submissions
WHEN new.is_failed <> old.is_failed BEGIN
    UPDATE depths SET submissions = submissions - 1 WHERE is_failed = old.is_failed;
    UPDATE depths SET submissions = submissions + 1 WHERE is_failed = new.is_failed;
END;
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY,
    answer TEXT NOT NULL,
    answered_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS answers_age ON answers (answered_at);
";

const PUT: &str = "
INSERT INTO submissions (key, body, is_keyed, order_count, is_failed, reason, queued_at, attempts,
    due_at, failed_at, last_error)
SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
WHERE (SELECT sum(submissions) FROM depths) < ?
ON CONFLICT (key) DO NOTHING";

/// A lease or a due time that is further away than any may be comes from a clock that was wrong.
const TAKE: &str = "
UPDATE submissions SET token = ?1, leased_until = ?2 + ?3
WHERE id = (
    SELECT id FROM submissions
    WHERE is_failed = 0 AND due_at <= ?2
        AND (leased_until IS NULL OR leased_until <= ?2 OR leased_until > ?2 + ?3)
    ORDER BY due_at, id LIMIT 1)
RETURNING *";

const RELEASE: &str = "DELETE FROM submissions WHERE id = ? AND token = ?";
/// Without the bodies: a full queue has more of them than fits into memory.
const LIST: &str = "
SELECT id, key, order_count, is_failed, reason, queued_at, attempts, due_at, failed_at, last_error,
    token
FROM submissions ORDER BY queued_at, id";
const REQUEUE: &str = "
UPDATE submissions SET is_failed = 0, attempts = 0, due_at = ?, token = NULL, leased_until = NULL
WHERE is_failed = 1 AND (? IS NULL OR id = ?)";
const DISCARD: &str = "
DELETE FROM submissions WHERE id = ? AND (leased_until IS NULL OR leased_until <= ?)";
const DEPTH: &str = "
SELECT (SELECT submissions FROM depths WHERE is_failed = 0) AS waiting,
    (SELECT submissions FROM depths WHERE is_failed = 1) AS failed";
const REMEMBER: &str = "
INSERT INTO answers (key, answer, answered_at) VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET answer = excluded.answer, answered_at = excluded.answered_at";

/// A queue file.
pub struct SqliteStore {
    orm: DatabaseConnection,
    most: u64,
}

impl SqliteStore {
    /// Opens the file, or makes it. It keeps up to `most` submissions, waiting or failed.
    pub async fn open(path: &Path, most: u64) -> Result<Self, QueueError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // "Queued" must survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_WITHIN);
        // One connection: SQLite writes one after the other anyway.
        let pool = SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options);
        let orm = SqlxSqliteConnector::from_sqlx_sqlite_pool(pool);
        orm.execute_unprepared(SCHEMA).await?;
        Ok(Self { orm, most })
    }

    /// A transaction that takes the file's turn at once.
    async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.orm.begin_with_options(options).await
    }

    async fn execute<const N: usize>(&self, text: &str, values: [Value; N]) -> Result<u64, DbErr> {
        Ok(self.orm.execute_raw(statement(text, values)).await?.rows_affected())
    }
}

/// Says how many rows it made: none if there is no room, or if the key is there already.
async fn insert(connection: &impl ConnectionTrait, kept: &Kept, most: u64) -> Result<u64, DbErr> {
    let Kept { parcel, waiting, is_failed } = kept;
    let failure = waiting.failure.as_ref();
    let values: [Value; 12] = [
        parcel.key.as_str().into(),
        parcel.body.to_vec().into(),
        parcel.is_keyed.into(),
        i64::try_from(parcel.orders.len()).unwrap_or(i64::MAX).into(),
        (*is_failed).into(),
        waiting.reason.as_str().into(),
        waiting.queued_at.timestamp_micros().into(),
        waiting.attempts.into(),
        waiting.due_at.timestamp_micros().into(),
        failure.map(|failure| failure.at.timestamp_micros()).into(),
        failure.map(|failure| failure.message.clone()).into(),
        i64::try_from(most).unwrap_or(i64::MAX).into(),
    ];
    Ok(connection.execute_raw(statement(PUT, values)).await?.rows_affected())
}

fn statement<const N: usize>(text: &str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(DbBackend::Sqlite, text, values)
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

fn time(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

fn waiting(row: &QueryResult) -> Result<Waiting, DbErr> {
    let at: Option<i64> = row.try_get("", "failed_at")?;
    let message: Option<String> = row.try_get("", "last_error")?;
    Ok(Waiting {
        reason: row.try_get("", "reason")?,
        queued_at: time(row.try_get("", "queued_at")?),
        attempts: row.try_get("", "attempts")?,
        failure: at.zip(message).map(|(at, message)| Failure { at: time(at), message }),
        due_at: time(row.try_get("", "due_at")?),
    })
}

fn parcel(row: &QueryResult) -> Result<Parcel, QueueError> {
    let body: Vec<u8> = row.try_get("", "body")?;
    let orders = serde_json::from_slice(&body)?;
    let (key, is_keyed) = (row.try_get("", "key")?, row.try_get("", "is_keyed")?);
    Ok(Parcel { key, is_keyed, orders, body: body.into() })
}

fn entry(row: &QueryResult) -> Result<Entry, DbErr> {
    let count: i64 = row.try_get("", "order_count")?;
    let token: Option<String> = row.try_get("", "token")?;
    let state = match (row.try_get("", "is_failed")?, token) {
        (true, _) => EntryState::Failed,
        (false, Some(_)) => EntryState::Taken,
        (false, None) => EntryState::Waiting,
    };
    Ok(Entry {
        id: row.try_get("", "id")?,
        key: row.try_get("", "key")?,
        order_count: usize::try_from(count).unwrap_or_default(),
        state,
        waiting: waiting(row)?,
    })
}

#[async_trait(?Send)]
impl Store for SqliteStore {
    async fn put(&self, parcel: &Parcel, waiting: &Waiting) -> Result<(), QueueError> {
        let kept = Kept { parcel: parcel.clone(), waiting: waiting.clone(), is_failed: false };
        if insert(&self.orm, &kept, self.most).await? > 0 {
            return Ok(());
        }
        let same =
            statement("SELECT body FROM submissions WHERE key = ?", [parcel.key.as_str().into()]);
        let Some(row) = self.orm.query_one_raw(same).await? else {
            return Err(QueueError::Full { most: self.most });
        };
        let body: Vec<u8> = row.try_get("", "body")?;
        if body == parcel.body {
            Ok(())
        } else {
            Err(QueueError::KeyReused { key: parcel.key.clone() })
        }
    }

    async fn take(&self, lease: Duration, now: DateTime<Utc>) -> Result<Option<Taken>, QueueError> {
        let token = Uuid::now_v7().to_string();
        let now = now.timestamp_micros();
        let values = [token.as_str().into(), now.into(), micros(lease).into()];
        let Some(row) = self.orm.query_one_raw(statement(TAKE, values)).await? else {
            return Ok(None);
        };
        let (parcel, waiting) = (parcel(&row)?, waiting(&row)?);
        Ok(Some(Taken { id: row.try_get("", "id")?, token, parcel, waiting }))
    }

    async fn settle(&self, taken: &Taken, left: &[Kept]) -> Result<(), QueueError> {
        let transaction = self.begin().await?;
        let values = [taken.id.into(), taken.token.as_str().into()];
        let released = transaction.execute_raw(statement(RELEASE, values)).await?.rows_affected();
        if released > 0 {
            for kept in left {
                // What is in the queue already is never too much.
                insert(&transaction, kept, u64::MAX).await?;
            }
        }
        Ok(transaction.commit().await?)
    }

    async fn list(&self) -> Result<Vec<Entry>, QueueError> {
        let rows = self.orm.query_all_raw(statement(LIST, [])).await?;
        Ok(rows.iter().map(entry).collect::<Result<_, _>>()?)
    }

    async fn requeue(&self, id: Option<i64>, now: DateTime<Utc>) -> Result<u64, QueueError> {
        let now = now.timestamp_micros();
        Ok(self.execute(REQUEUE, [now.into(), id.into(), id.into()]).await?)
    }

    async fn discard(&self, id: i64, now: DateTime<Utc>) -> Result<u64, QueueError> {
        Ok(self.execute(DISCARD, [id.into(), now.timestamp_micros().into()]).await?)
    }

    async fn depth(&self) -> Result<Depth, QueueError> {
        let Some(row) = self.orm.query_one_raw(statement(DEPTH, [])).await? else {
            return Ok(Depth::default());
        };
        let count = |name| -> Result<u64, DbErr> {
            let count: i64 = row.try_get("", name)?;
            Ok(u64::try_from(count).unwrap_or_default())
        };
        Ok(Depth { waiting: count("waiting")?, failed: count("failed")? })
    }

    async fn remember(
        &self,
        key: &str,
        answer: &str,
        now: DateTime<Utc>,
        since: DateTime<Utc>,
    ) -> Result<(), QueueError> {
        let old = [since.timestamp_micros().into()];
        self.execute("DELETE FROM answers WHERE answered_at < ?", old).await?;
        let values = [key.into(), answer.into(), now.timestamp_micros().into()];
        self.execute(REMEMBER, values).await?;
        Ok(())
    }

    async fn recall(&self, key: &str, since: DateTime<Utc>) -> Result<Option<String>, QueueError> {
        let text = "SELECT answer FROM answers WHERE key = ? AND answered_at >= ?";
        let values = [key.into(), since.timestamp_micros().into()];
        let row = self.orm.query_one_raw(statement(text, values)).await?;
        Ok(row.map(|row| row.try_get("", "answer")).transpose()?)
    }
}
