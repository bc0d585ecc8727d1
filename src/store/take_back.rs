//! Taking letters back from those who are gone.

use entity::letters as table;
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr};
use uuid::Uuid;

use super::sql::{Words, begin, hex, json};
use super::{error, letters};
use crate::domain::letter::Letter;
use crate::domain::moment::Moment;
use crate::ports::Failure;

/// Letters in one commit: few enough that nobody waits long for it.
pub(super) const STEP: usize = 500;

const LAST_ERROR: &str = "the process that held the letter ended before it was settled";

/// Held letters of those who have ended or were never heard of.
const ORPHANS: Words = Words {
    postgres: "
SELECT l.* FROM letters l
WHERE l.state = 1 AND l.holder IS DISTINCT FROM $1 AND NOT EXISTS (
    SELECT 1 FROM holders h WHERE h.epoch = l.holder AND NOT h.ended)
ORDER BY l.id LIMIT 500 FOR UPDATE OF l SKIP LOCKED",
    sqlite: "
SELECT l.* FROM letters l
WHERE l.state = 1 AND l.holder IS NOT ?1 AND NOT EXISTS (
    SELECT 1 FROM holders h WHERE h.epoch = l.holder AND NOT h.ended)
ORDER BY l.id LIMIT 500",
};

/// Letters that are still held under these fences.
const STRAYS: Words = Words {
    postgres: "
SELECT l.* FROM letters l
JOIN json_to_recordset($1::json) AS stray (id uuid, fence bigint)
    ON l.id = stray.id AND l.fence = stray.fence
WHERE l.state = 1 ORDER BY l.id FOR UPDATE OF l",
    sqlite: "
SELECT l.* FROM json_each(?1) AS stray CROSS JOIN letters l
WHERE l.id = unhex(stray.value ->> 'id') AND l.fence = stray.value ->> 'fence' AND l.state = 1",
};

const RECONCILE: Words = Words {
    postgres: "
UPDATE letters SET state = row.state, holder = NULL, attempts = row.attempts,
    trouble = row.trouble, due_at = $2, updated_at = $2, last_error = $3
FROM json_to_recordset($1::json) AS row (id uuid, state smallint, attempts integer, trouble text)
WHERE letters.id = row.id",
    sqlite: "
UPDATE letters SET state = row.value ->> 'state', holder = NULL,
    attempts = row.value ->> 'attempts', trouble = row.value ->> 'trouble', due_at = ?2, updated_at = ?2, last_error = ?3
FROM json_each(?1) AS row WHERE letters.id = unhex(row.value ->> 'id')",
};

/// One step: at most [`STEP`] letters in one commit.
pub(super) async fn take_back(
    orm: &DatabaseConnection,
    epoch: Uuid,
    quiet_at: Moment,
    now: Moment,
) -> Result<usize, Failure> {
    let failed = |error: DbErr| error::of_uncommitted(&error);
    let transaction = begin(orm).await.map_err(failed)?;
    let orphans = ORPHANS.all::<table::Model>(&transaction, [epoch.into()]).await;
    let orphans = read(orphans.map_err(failed)?).map_err(failed)?;
    reconcile(transaction, orphans, quiet_at, now).await
}

/// Letters that their holder does not know of: it lives, and they are let go of all the same.
pub(super) async fn let_go(
    orm: &DatabaseConnection,
    strays: &[(Uuid, i64)],
    quiet_at: Moment,
    now: Moment,
) -> Result<usize, Failure> {
    let failed = |error: DbErr| error::of_uncommitted(&error);
    let transaction = begin(orm).await.map_err(failed)?;
    let wanted =
        strays.iter().map(|(id, fence)| serde_json::json!({ "id": hex(*id), "fence": fence }));
    let wanted: Vec<_> = wanted.collect();
    let strays = STRAYS.all::<table::Model>(&transaction, [json(&wanted)]).await;
    let strays = read(strays.map_err(failed)?).map_err(failed)?;
    reconcile(transaction, strays, quiet_at, now).await
}

/// Nobody knows what became of these letters' calls: those that may have been in one are looked
/// up before they are sent.
async fn reconcile(
    transaction: DatabaseTransaction,
    held: Vec<Letter>,
    quiet_at: Moment,
    now: Moment,
) -> Result<usize, Failure> {
    if held.is_empty() {
        return Ok(0);
    }
    let taken = held.len();
    let rows = held.into_iter().map(|letter| {
        let letter = letter.taken_back(quiet_at);
        serde_json::json!({
            "id": hex(letter.id),
            "state": letter.state.code(),
            "attempts": letters::attempts(letter.attempts),
            "trouble": letters::trouble::text(&letter.trouble),
        })
    });
    let rows: Vec<_> = rows.collect();
    let values = [json(&rows), now.micros().into(), LAST_ERROR.into()];
    let written = RECONCILE.execute(&transaction, values).await;
    written.map_err(|error| error::of_uncommitted(&error))?;
    transaction.commit().await.map_err(|error| error::of_orm(&error))?;
    Ok(taken)
}

fn read(rows: Vec<table::Model>) -> Result<Vec<Letter>, DbErr> {
    rows.into_iter().map(letters::letter).collect()
}
