//! What is known already: keys, clients' own order ids, and the answers that were given.

use std::collections::{BTreeMap, HashMap};

use entity::{batches, orders};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

use super::rows;
use super::sql::{Words, hex, hexes, json};
use crate::domain::batch::{Answer, KnownBatch, ScopedKey};
use crate::domain::client::ClientId;
use crate::domain::moment::Moment;
use crate::domain::order::Order;

/// `place` is the place of the key among those that were asked for. As everywhere, the limit
/// keeps an old plan from reading a table that has grown.
const KEYS: Words = Words {
    postgres: "
SELECT wanted.place, found.*
FROM json_to_recordset($1::json) AS wanted (place bigint, client text, route text, name text)
CROSS JOIN LATERAL (
    SELECT b.id, b.fingerprint, b.expires_at, b.answer FROM batches b
    WHERE b.client = wanted.client AND b.route = wanted.route AND b.idempotency_key = wanted.name
    LIMIT 1) AS found",
    sqlite: "
SELECT wanted.key AS place, b.id, b.fingerprint, b.expires_at, b.answer
FROM json_each(?) AS wanted CROSS JOIN batches b
WHERE b.client = wanted.value ->> 'client' AND b.route = wanted.value ->> 'route'
    AND b.idempotency_key = wanted.value ->> 'name'",
};

const CLIENT_ORDERS: Words = Words {
    postgres: "
SELECT wanted.place, found.*
FROM json_to_recordset($1::json) AS wanted (place bigint, client text, name text)
CROSS JOIN LATERAL (
    SELECT * FROM orders o WHERE o.client = wanted.client AND o.client_order_id = wanted.name
    LIMIT 1) AS found",
    sqlite: "
SELECT wanted.key AS place, o.*
FROM json_each(?) AS wanted CROSS JOIN orders o
WHERE o.client = wanted.value ->> 'client' AND o.client_order_id = wanted.value ->> 'name'",
};

const FREE_KEYS: Words = Words {
    postgres: "
UPDATE batches SET idempotency_key = NULL
WHERE id = ANY (ARRAY(SELECT value::uuid FROM json_array_elements_text($1::json)))
    AND expires_at <= $2",
    sqlite: "
UPDATE batches SET idempotency_key = NULL
WHERE id IN (SELECT unhex(value) FROM json_each(?1)) AND expires_at <= ?2",
};

/// Sorted by batch id.
const FREEZE: Words = Words {
    postgres: "
UPDATE batches SET answer = decode((
    ARRAY(SELECT given ->> 'answer' FROM json_array_elements($1::json) AS given))
        [width_bucket(id, ARRAY(
            SELECT (given ->> 'id')::uuid FROM json_array_elements($1::json) AS given))], 'hex')
WHERE answer IS NULL AND id = ANY (
    ARRAY(SELECT (given ->> 'id')::uuid FROM json_array_elements($1::json) AS given))",
    sqlite: "
UPDATE batches SET answer = unhex(given.value ->> 'answer') FROM json_each(?) AS given
WHERE batches.id = unhex(given.value ->> 'id') AND batches.answer IS NULL",
};

const BATCHES: Words = Words {
    postgres: "
SELECT * FROM batches
WHERE id = ANY (ARRAY(SELECT value::uuid FROM json_array_elements_text($1::json)))",
    sqlite: "SELECT * FROM batches WHERE id IN (SELECT unhex(value) FROM json_each(?))",
};

#[derive(FromQueryResult)]
struct KeyRow {
    place: i64,
    id: Uuid,
    fingerprint: Option<Vec<u8>>,
    expires_at: i64,
    answer: Option<Vec<u8>>,
}

#[derive(FromQueryResult)]
struct Place {
    place: i64,
}

/// What stands under the keys, in their order, ended or not.
pub(super) async fn keys(
    connection: &impl ConnectionTrait,
    wanted: &[ScopedKey],
) -> Result<Vec<Option<KnownBatch>>, DbErr> {
    let mut found = vec![None; wanted.len()];
    if wanted.is_empty() {
        return Ok(found);
    }
    let given = wanted.iter().enumerate().map(|(place, wanted)| {
        let (client, name) = (wanted.client.as_str(), wanted.key.text.as_str());
        serde_json::json!({ "place": place, "client": client, "route": wanted.route, "name": name })
    });
    let given: Vec<_> = given.collect();
    for row in KEYS.all::<KeyRow>(connection, [json(&given)]).await? {
        let place = usize::try_from(row.place).unwrap_or(usize::MAX);
        if let Some(found) = found.get_mut(place) {
            *found = Some(known(row)?);
        }
    }
    Ok(found)
}

/// A row that is an order and a place is read as both.
struct Placed(i64, Order);

impl FromQueryResult for Placed {
    fn from_query_result(row: &sea_orm::QueryResult, pre: &str) -> Result<Self, DbErr> {
        let Place { place } = Place::from_query_result(row, pre)?;
        Ok(Self(place, rows::order(orders::Model::from_query_result(row, pre)?)))
    }
}

/// The orders that the clients gave these names, in the order of the names.
pub(super) async fn client_orders(
    connection: &impl ConnectionTrait,
    wanted: &[(ClientId, String)],
) -> Result<Vec<Option<Order>>, DbErr> {
    let mut found = vec![None; wanted.len()];
    if wanted.is_empty() {
        return Ok(found);
    }
    let given = wanted.iter().enumerate().map(|(place, (client, name))| {
        serde_json::json!({ "place": place, "client": client.as_str(), "name": name })
    });
    let given: Vec<_> = given.collect();
    for Placed(place, order) in CLIENT_ORDERS.all(connection, [json(&given)]).await? {
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        if let Some(found) = found.get_mut(place) {
            *found = Some(order);
        }
    }
    Ok(found)
}

/// Gives keys up that ended before `now`.
pub(super) async fn free_keys(
    connection: &impl ConnectionTrait,
    ended: &[Uuid],
    now: Moment,
) -> Result<u64, DbErr> {
    FREE_KEYS.execute(connection, [json(&hexes(ended)), now.micros().into()]).await
}

/// Keeps answers of batches that have none.
pub(super) async fn freeze(
    connection: &impl ConnectionTrait,
    answers: &[(Uuid, Answer)],
) -> Result<(), DbErr> {
    let mut given = BTreeMap::new();
    for (id, answer) in answers {
        given.entry(*id).or_insert_with(|| hex_bytes(&bytes(answer)));
    }
    let given = given.into_iter();
    let given = given.map(|(id, answer)| serde_json::json!({ "id": hex(id), "answer": answer }));
    let given: Vec<_> = given.collect();
    FREEZE.execute(connection, [json(&given)]).await?;
    Ok(())
}

/// The answers that these batches have.
pub(super) async fn frozen(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Answer>, DbErr> {
    let rows: Vec<batches::Model> = BATCHES.all(connection, [json(&hexes(ids))]).await?;
    let kept = rows.into_iter().filter_map(|row| Some((row.id, row.answer?)));
    kept.map(|(id, kept)| Ok((id, answer(id, &kept)?))).collect()
}

fn known(row: KeyRow) -> Result<KnownBatch, DbErr> {
    let unreadable =
        || DbErr::Custom(format!("batch {} has a key and no readable fingerprint", row.id));
    Ok(KnownBatch {
        id: row.id,
        fingerprint: row
            .fingerprint
            .as_deref()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(unreadable)?,
        expires_at: Moment::from_micros(row.expires_at),
        answer: row.answer.as_deref().map(|kept| answer(row.id, kept)).transpose()?,
    })
}

/// The status in two bytes, then the body.
fn bytes(answer: &Answer) -> Vec<u8> {
    [&answer.status.to_be_bytes()[..], &answer.body].concat()
}

pub(super) fn answer(batch: Uuid, kept: &[u8]) -> Result<Answer, DbErr> {
    let unreadable = || DbErr::Custom(format!("batch {batch} has an unreadable answer"));
    let (status, body) = kept.split_first_chunk().ok_or_else(unreadable)?;
    Ok(Answer { status: u16::from_be_bytes(*status), body: body.to_vec() })
}

fn hex_bytes(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_they_were_written() {
        for (status, body) in [(200, &b""[..]), (207, b"\0\xff{}"), (65535, b"x")] {
            let given = Answer { status, body: body.to_vec() };
            assert_eq!(answer(Uuid::nil(), &bytes(&given)), Ok(given));
        }
        assert!(answer(Uuid::nil(), b"\0").is_err());
        assert_eq!(hex_bytes(b"\0\xff\x1a"), "00ff1a");
    }
}
