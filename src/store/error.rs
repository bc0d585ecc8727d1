//! What the drivers' errors mean. This is the one place that reads their codes.

use std::time::Duration;

use sea_orm::sqlx::{self, error::DatabaseError};
use sea_orm::{DbErr, RuntimeErr};

use crate::ports::Failure;

/// An error of a statement under way.
#[expect(clippy::wildcard_enum_match_arm, reason = "the enum is open: what is new is unexpected")]
pub(super) fn of_sqlx(error: &sqlx::Error) -> Failure {
    let reason = error.to_string();
    match error {
        sqlx::Error::Database(error) => of_code(error.as_ref()),
        // The gate lets in no more than the pool has places, so a wait for a connection that
        // runs out means that none could be made.
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => Failure::Away { reason },
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed => Failure::Lost { reason },
        _ => Failure::Broken { reason },
    }
}

/// An error of getting a connection: nothing was sent yet. A server may be mended while we wait;
/// a file that is no database stays one.
pub(super) fn of_acquire(error: &sqlx::Error) -> Failure {
    match of_sqlx(error) {
        failure @ Failure::Broken { .. } if has_code(error, SQLITE_NOTADB) => failure,
        Failure::Lost { reason } | Failure::Broken { reason } => Failure::Away { reason },
        failure @ (Failure::Exhausted { .. }
        | Failure::Away { .. }
        | Failure::TooSlow
        | Failure::Collision { .. }
        | Failure::Full { .. }
        | Failure::Data { .. }
        | Failure::Taken { .. }) => failure,
    }
}

/// An error of sea-orm: the driver's error inside it decides.
#[expect(clippy::wildcard_enum_match_arm, reason = "the enum is open: what is new is unexpected")]
pub(super) fn of_orm(error: &DbErr) -> Failure {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error)) => of_acquire(error),
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
            of_sqlx(error)
        }
        DbErr::ConnectionAcquire(_) => Failure::Away { reason: error.to_string() },
        _ => Failure::Broken { reason: error.to_string() },
    }
}

/// An error of a transaction whose commit was not asked for yet: nothing of it stands, whatever
/// became of the connection.
pub(super) fn of_uncommitted(error: &DbErr) -> Failure {
    match of_orm(error) {
        Failure::Lost { reason } => Failure::Away { reason },
        failure @ (Failure::Exhausted { .. }
        | Failure::Away { .. }
        | Failure::TooSlow
        | Failure::Collision { .. }
        | Failure::Full { .. }
        | Failure::Data { .. }
        | Failure::Taken { .. }
        | Failure::Broken { .. }) => failure,
    }
}

fn has_code(error: &sqlx::Error, code: &str) -> bool {
    let error = error.as_database_error();
    error.and_then(DatabaseError::code).is_some_and(|found| found == code)
}

fn of_code(error: &dyn DatabaseError) -> Failure {
    let reason = error.message().to_owned();
    let code = error.code().unwrap_or_default();
    if error.is_unique_violation() && names_a_clients_key(&reason) {
        return Failure::Taken { reason };
    }
    // SQLSTATEs have five characters, SQLite's codes are numbers.
    match code.len() {
        5 => of_sqlstate(&code, reason),
        _ => of_sqlite(code.parse().unwrap_or_default(), reason),
    }
}

/// Two requests may use one key: the second one looks again, and finds the first. PostgreSQL
/// names the index, SQLite its columns.
fn names_a_clients_key(reason: &str) -> bool {
    const KEYS: [&str; 4] = [
        "batches_one_per_key",
        "batches.idempotency_key",
        "orders_one_per_client_order",
        "orders.client_order_id",
    ];
    KEYS.iter().any(|key| reason.contains(key))
}

fn of_sqlstate(code: &str, reason: String) -> Failure {
    match code {
        // Cancelled by statement_timeout; a lock that was not granted in time.
        "57014" | "55P03" => Failure::TooSlow,
        "40001" | "40P01" => Failure::Collision { reason },
        "53100" => Failure::Full { reason },
        // Too many connections: it is there, and has none to spare.
        "53300" => Failure::Exhausted { waited: Duration::ZERO },
        // Not ready yet: refused at the door.
        "57P03" => Failure::Away { reason },
        // Shut down, crashed or demoted with our statement under way.
        "57P01" | "57P02" | "57P05" | "25006" => Failure::Lost { reason },
        _ if code.starts_with("22") || code.starts_with("23") => Failure::Data { reason },
        _ if code.starts_with("08") => Failure::Lost { reason },
        _ => Failure::Broken { reason },
    }
}

const SQLITE_NOTADB: &str = "26";
/// A write that the system refused: a quota, a limit of files. `ENOSPC` alone becomes code 13.
const SQLITE_IOERR_WRITE: i32 = 778;
/// The same, of the file that readers and the writer share.
const SQLITE_IOERR_SHMSIZE: i32 = 4874;

fn of_sqlite(code: i32, reason: String) -> Failure {
    if [SQLITE_IOERR_WRITE, SQLITE_IOERR_SHMSIZE].contains(&code) {
        return Failure::Full { reason };
    }
    // The low byte is the primary code.
    match code & 0xff {
        5 | 6 => Failure::Collision { reason },
        9 => Failure::TooSlow,
        10 | 14 => Failure::Away { reason },
        13 => Failure::Full { reason },
        18..=20 => Failure::Data { reason },
        _ => Failure::Broken { reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlstates_mean_what_the_ledger_may_conclude() {
        let table = [
            ("23505", "data"),
            ("22003", "data"),
            ("57014", "too_slow"),
            ("40P01", "collision"),
            ("53100", "full"),
            ("57P01", "lost"),
            ("57P03", "away"),
            ("53300", "exhausted"),
            ("08006", "lost"),
            ("42P01", "broken"),
        ];
        for (code, label) in table {
            assert_eq!(of_sqlstate(code, String::new()).label(), label, "{code}");
        }
    }

    #[test]
    fn sqlite_codes_are_read_by_their_low_byte() {
        let table = [
            (2067, "data"),
            (1811, "data"),
            (9, "too_slow"),
            (13, "full"),
            (517, "collision"),
            (266, "away"),
            (778, "full"),
            (4874, "full"),
            (1, "broken"),
        ];
        for (code, label) in table {
            assert_eq!(of_sqlite(code, String::new()).label(), label, "{code}");
        }
    }
}
