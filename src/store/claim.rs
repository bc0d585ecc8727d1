//! Claiming existing orders: they, their letters and their batch in one commit.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use entity::orders;
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr};
use uuid::Uuid;

use super::sql::{Words, begin, hex, hex_bytes, json};
use super::{error, fates, letters, rows};
use crate::domain::batch::{Claim, Claimed, Claiming, NewLetter};
use crate::domain::letter::LetterState;
use crate::domain::order::Order;
use crate::ports::Failure;

/// Those that may be submitted, locked in the order of their ids.
const FREE: Words = Words {
    postgres: "
SELECT * FROM orders
WHERE id = ANY (ARRAY(SELECT value::bigint FROM json_array_elements_text($1::json)))
    AND status_id = $2 AND trade_order_id IS NULL AND letter_id IS NULL
ORDER BY id FOR NO KEY UPDATE",
    sqlite: "
SELECT * FROM orders WHERE id IN (SELECT value FROM json_each(?1))
    AND status_id = ?2 AND trade_order_id IS NULL AND letter_id IS NULL",
};

/// Sorted by order id; what is said of an order is found by the place of its id.
const CLAIM: Words = Words {
    postgres: "
UPDATE orders SET last_error = NULL,
    letter_id = (ARRAY(SELECT (won ->> 'letter')::uuid FROM json_array_elements($1::json) AS won))
        [width_bucket(id, ARRAY(
            SELECT (won ->> 'id')::bigint FROM json_array_elements($1::json) AS won))],
    updated_at = (ARRAY(SELECT (won ->> 'at')::bigint FROM json_array_elements($1::json) AS won))
        [width_bucket(id, ARRAY(
            SELECT (won ->> 'id')::bigint FROM json_array_elements($1::json) AS won))]
WHERE id = ANY (ARRAY(SELECT (won ->> 'id')::bigint FROM json_array_elements($1::json) AS won))",
    sqlite: "
UPDATE orders SET letter_id = unhex(won.value ->> 'letter'), last_error = NULL,
    updated_at = won.value ->> 'at'
FROM json_each(?) AS won WHERE orders.id = won.value ->> 'id'",
};

const LETTERS: Words = Words {
    postgres: "
INSERT INTO letters (id, batch_id, client, state, holder, fence, undecided, due_at, created_at,
    updated_at, attempts)
SELECT id, batch, client, state, holder, fence, undecided, at, at, at, 0
FROM json_to_recordset($1::json) AS row (id uuid, batch uuid, client text, state smallint,
    holder uuid, fence bigint, undecided text, at bigint)",
    sqlite: "
INSERT INTO letters (id, batch_id, client, state, holder, fence, undecided, due_at, created_at,
    updated_at, attempts)
SELECT unhex(value ->> 'id'), unhex(value ->> 'batch'), value ->> 'client', value ->> 'state',
    unhex(value ->> 'holder'), value ->> 'fence', value ->> 'undecided', value ->> 'at',
    value ->> 'at', value ->> 'at', 0
FROM json_each(?)",
};

const BATCHES: Words = Words {
    postgres: "
INSERT INTO batches (id, client, route, fates, created_at, expires_at, idempotency_key, fingerprint)
SELECT id, client, route, fates, created, expires, name, decode(fingerprint, 'hex')
FROM json_to_recordset($1::json) AS row (id uuid, client text, route text, fates text,
    created bigint, expires bigint, name text, fingerprint text)",
    sqlite: "
INSERT INTO batches (id, client, route, fates, created_at, expires_at, idempotency_key, fingerprint)
SELECT unhex(value ->> 'id'), value ->> 'client', value ->> 'route', value ->> 'fates',
    value ->> 'created', value ->> 'expires', value ->> 'name', unhex(value ->> 'fingerprint')
FROM json_each(?)",
};

/// `new` is the id of the status in which an order may be submitted.
pub(super) async fn claim(
    orm: &DatabaseConnection,
    new: i32,
    claims: &[Claim],
) -> Result<Vec<Claimed>, Failure> {
    let failed = |error: DbErr| error::of_uncommitted(&error);
    let transaction = begin(orm).await.map_err(failed)?;
    let mut shelf = Shelf::read(&transaction, new, claims).await.map_err(failed)?;
    let claimed: Vec<Claimed> = claims.iter().map(|claim| shelf.serve(claim)).collect();
    write(&transaction, claims, &claimed).await.map_err(failed)?;
    transaction.commit().await.map_err(|error| error::of_orm(&error))?;
    Ok(claimed)
}

/// The orders that the claims speak of. The first claim that names an order gets it.
struct Shelf {
    free: BTreeMap<i64, Order>,
    standing: BTreeMap<i64, Order>,
}

impl Shelf {
    async fn read(
        transaction: &DatabaseTransaction,
        new: i32,
        claims: &[Claim],
    ) -> Result<Self, DbErr> {
        let mut ids: BTreeSet<i64> =
            claims.iter().flat_map(|claim| claim.order_ids.iter().copied()).collect();
        let by_id = |rows: Vec<orders::Model>| -> BTreeMap<i64, Order> {
            rows.into_iter().map(|row| (row.id, rows::order(row))).collect()
        };
        let free = by_id(FREE.all(transaction, [json(&ids), new.into()]).await?);
        ids.retain(|id| !free.contains_key(id));
        let standing = match ids.is_empty() {
            true => BTreeMap::new(),
            false => by_id(rows::ORDERS.all(transaction, [json(&ids)]).await?),
        };
        Ok(Self { free, standing })
    }

    fn serve(&mut self, claim: &Claim) -> Claimed {
        let mut seen = HashSet::new();
        let ids = claim.order_ids.iter().copied();
        let won: Vec<i64> =
            ids.filter(|id| self.free.contains_key(id) && seen.insert(*id)).collect();
        let chunks = won.chunks(claim.chunk.max(1)).zip(&claim.letter_ids);
        let letters: Vec<NewLetter> = chunks
            .map(|(ids, letter_id)| NewLetter {
                id: *letter_id,
                undecided: ids.to_vec(),
                holder: claim.holder,
            })
            .collect();
        let pairs =
            letters.iter().flat_map(|letter| letter.undecided.iter().map(|id| (*id, letter.id)));
        let pairs: HashMap<i64, Uuid> = pairs.collect();
        let ids = claim.order_ids.iter();
        let orders = ids.map(|id| self.give(*id, pairs.get(id).copied())).collect();
        Claimed { batch_id: claim.batch_id, accepted_at: claim.accepted_at, orders, letters }
    }

    fn give(&mut self, id: i64, letter_id: Option<Uuid>) -> Claiming {
        if letter_id.is_some()
            && let Some(order) = self.free.remove(&id)
        {
            let order = Order { letter_id, ..order };
            self.standing.insert(id, order.clone());
            return Claiming::Won(order);
        }
        let found = self.standing.get(&id).or_else(|| self.free.get(&id));
        found.cloned().map_or(Claiming::Missing(id), Claiming::Standing)
    }
}

async fn write(
    transaction: &DatabaseTransaction,
    claims: &[Claim],
    claimed: &[Claimed],
) -> Result<(), DbErr> {
    let (mut won, mut letters, mut batches) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (claim, claimed) in claims.iter().zip(claimed) {
        let at = claim.accepted_at.micros();
        for letter in &claimed.letters {
            letters.push(letter_row(claim, letter));
            won.extend(letter.undecided.iter().map(|id| {
                (*id, serde_json::json!({ "id": id, "letter": hex(letter.id), "at": at }))
            }));
        }
        let fates = claim.order_ids.iter().zip(&claimed.orders).map(|(id, order)| match order {
            Claiming::Won(_) | Claiming::Standing(_) => Ok(*id),
            Claiming::Missing(id) => Err(fates::missing(*id)),
        });
        batches.push(serde_json::json!({
            "id": hex(claim.batch_id),
            "client": claim.client.as_str(),
            "route": claim.route,
            "fates": fates::text(fates),
            "created": at,
            "expires": claim.expires_at.micros(),
            "name": claim.key.as_ref().map(|key| key.text.as_str()),
            "fingerprint": claim.key.as_ref().map(|key| hex_bytes(&key.fingerprint)),
        }));
    }
    if !won.is_empty() {
        let won: Vec<_> = won.into_values().collect();
        CLAIM.execute(transaction, [json(&won)]).await?;
        LETTERS.execute(transaction, [json(&letters)]).await?;
    }
    BATCHES.execute(transaction, [json(&batches)]).await?;
    Ok(())
}

fn letter_row(claim: &Claim, letter: &NewLetter) -> serde_json::Value {
    let held = letter.holder.is_some();
    let state = if held { LetterState::Held } else { LetterState::Waiting };
    serde_json::json!({
        "id": hex(letter.id),
        "batch": hex(claim.batch_id),
        "client": claim.client.as_str(),
        "state": state.code(),
        "holder": letter.holder.map(hex),
        "fence": i64::from(held),
        "undecided": letters::ids::text(&letter.undecided),
        "at": claim.accepted_at.micros(),
    })
}
