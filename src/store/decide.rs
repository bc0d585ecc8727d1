//! What operators decided about letters, with its lines in the audit: one commit.

use std::collections::BTreeMap;

use entity::letters as table;
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr};
use uuid::Uuid;

use super::sql::{Words, begin, hex, hexes, json};
use super::{audit, error, letters};
use crate::domain::audit::{AuditLine, Deed, Subject};
use crate::domain::decision::{Decided, NotDecided, Ruling, told};
use crate::domain::letter::Letter;
use crate::domain::moment::Moment;
use crate::ports::Failure;

const LETTERS: Words = Words {
    postgres: "
SELECT * FROM letters
WHERE id = ANY (ARRAY(SELECT value::uuid FROM json_array_elements_text($1::json)))
ORDER BY id FOR UPDATE",
    sqlite: "SELECT * FROM letters WHERE id IN (SELECT unhex(value) FROM json_each(?1))",
};

const REQUEUE: Words = Words {
    postgres: "
UPDATE letters SET state = row.state, attempts = row.attempts, due_at = row.due, updated_at = $2
FROM json_to_recordset($1::json) AS row (id uuid, state smallint, attempts integer, due bigint)
WHERE letters.id = row.id
    AND letters.id = ANY (ARRAY(SELECT (value ->> 'id')::uuid FROM json_array_elements($1::json)))",
    sqlite: "
UPDATE letters SET state = row.value ->> 'state', attempts = row.value ->> 'attempts',
    due_at = row.value ->> 'due', updated_at = ?2
FROM json_each(?1) AS row WHERE letters.id = unhex(row.value ->> 'id')",
};

/// The orders of discarded letters are free, and say why.
const FREE: Words = Words {
    postgres: "
UPDATE orders SET letter_id = NULL, last_error = freed.error, updated_at = $2
FROM json_to_recordset($1::json) AS freed (id bigint, letter uuid, error text)
WHERE orders.id = freed.id AND orders.letter_id = freed.letter
    AND orders.id = ANY (
        ARRAY(SELECT (value ->> 'id')::bigint FROM json_array_elements($1::json)))",
    sqlite: "
UPDATE orders SET letter_id = NULL, last_error = freed.value ->> 'error', updated_at = ?2
FROM json_each(?1) AS freed
WHERE orders.id = freed.value ->> 'id' AND orders.letter_id = unhex(freed.value ->> 'letter')",
};

const DELETE: Words = Words {
    postgres: "
DELETE FROM letters
WHERE id = ANY (ARRAY(SELECT value::uuid FROM json_array_elements_text($1::json)))",
    sqlite: "DELETE FROM letters WHERE id IN (SELECT unhex(value) FROM json_each(?1))",
};

/// For each ruling what became of each of its letters.
type Outcomes = Vec<Vec<Result<Decided, NotDecided>>>;

pub(super) async fn decide(
    orm: &DatabaseConnection,
    rulings: &[Ruling],
    now: Moment,
) -> Result<Outcomes, Failure> {
    let failed = |error: DbErr| error::of_uncommitted(&error);
    let transaction = begin(orm).await.map_err(failed)?;
    let standing = lock(&transaction, rulings).await.map_err(failed)?;
    let mut desk = Desk { standing, rows: Rows::default() };
    let outcomes = rulings.iter().map(|ruling| desk.rule(ruling)).collect();
    desk.rows.write(&transaction, now).await.map_err(failed)?;
    transaction.commit().await.map_err(|error| error::of_orm(&error))?;
    Ok(outcomes)
}

async fn lock(
    transaction: &DatabaseTransaction,
    rulings: &[Ruling],
) -> Result<BTreeMap<Uuid, Letter>, DbErr> {
    let ids = rulings.iter().flat_map(|ruling| &ruling.letters).map(|(id, _)| id);
    let rows = LETTERS.all::<table::Model>(transaction, [json(&hexes(ids))]).await?;
    rows.into_iter().map(|row| Ok((row.id, letters::letter(row)?))).collect()
}

/// The letters as they stand, ruling by ruling: the second word about one hears of the first.
struct Desk {
    standing: BTreeMap<Uuid, Letter>,
    rows: Rows,
}

/// What is written.
#[derive(Default)]
struct Rows {
    requeued: BTreeMap<Uuid, Letter>,
    /// With what is told of their orders.
    discarded: BTreeMap<Uuid, (Letter, String)>,
    audit: Vec<AuditLine>,
}

impl Desk {
    fn rule(&mut self, ruling: &Ruling) -> Vec<Result<Decided, NotDecided>> {
        let letters = ruling.letters.iter();
        letters.map(|(id, due_at)| self.rule_one(ruling, *id, *due_at)).collect()
    }

    fn rule_one(
        &mut self,
        ruling: &Ruling,
        id: Uuid,
        due_at: Moment,
    ) -> Result<Decided, NotDecided> {
        let before = self.standing.get(&id).ok_or(NotDecided::Missing { id })?;
        let decided = ruling.decision.about(before, due_at)?;
        let deed = Deed::new(Subject::Letter, id.to_string(), ruling.decision.label());
        let before = told(before);
        let after = match &decided {
            Decided::Requeued(letter) => {
                self.standing.insert(id, letter.clone());
                self.rows.requeued.insert(id, letter.clone());
                told(letter)
            }
            Decided::Discarded(letter) => {
                self.standing.remove(&id);
                self.rows.requeued.remove(&id);
                self.rows.discarded.insert(id, (letter.clone(), ruling.error()));
                "gone, its orders are free".to_owned()
            }
        };
        let (deed, signature) = (deed.changing(before, after), ruling.signature.clone());
        self.rows.audit.push(AuditLine { id: Uuid::now_v7(), signature, deed });
        Ok(decided)
    }
}

impl Rows {
    async fn write(self, transaction: &DatabaseTransaction, now: Moment) -> Result<(), DbErr> {
        let Self { requeued, discarded, audit } = self;
        let now = now.micros();
        if !requeued.is_empty() {
            let rows: Vec<_> = requeued.values().map(row).collect();
            REQUEUE.execute(transaction, [json(&rows), now.into()]).await?;
        }
        if !discarded.is_empty() {
            let freed = discarded.values().flat_map(|(letter, error)| {
                letter.undecided.iter().map(move |id| {
                    serde_json::json!({ "id": id, "letter": hex(letter.id), "error": error })
                })
            });
            let freed: Vec<_> = freed.collect();
            FREE.execute(transaction, [json(&freed), now.into()]).await?;
            DELETE.execute(transaction, [json(&hexes(discarded.keys()))]).await?;
        }
        audit::write(transaction, audit).await
    }
}

fn row(letter: &Letter) -> serde_json::Value {
    serde_json::json!({
        "id": hex(letter.id),
        "state": letter.state.code(),
        "attempts": letters::attempts(letter.attempts),
        "due": letter.due_at.micros(),
    })
}
