//! Collecting letters that are due: in turn by client, and never one that another instance is
//! taking at the same moment.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use entity::{letters as table, orders};
use sea_orm::{
    ColumnTrait, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait, FromQueryResult,
    QueryFilter,
};
use uuid::Uuid;

use super::sql::{Words, begin, hex, json};
use super::{error, letters, rows};
use crate::domain::letter::{Letter, LetterState, Load};
use crate::domain::moment::Moment;
use crate::domain::order::Order;
use crate::ports::Failure;
use crate::ports::post::{Collect, Collected};

/// No wait is longer. A letter that is due later than that was written before somebody set a
/// clock back.
const WAIT_MAX: Duration = Duration::from_hours(1);
/// How often others may be quicker before nothing is brought.
const TRIES: usize = 3;

/// The clients that have letters in line and are not paused, one look into the index for each.
const CLIENTS: &str = "
WITH RECURSIVE line (client) AS (
    SELECT min(client) FROM letters WHERE state IN (0, 2)
    UNION ALL
    SELECT (SELECT min(l.client) FROM letters l WHERE l.state IN (0, 2) AND l.client > line.client)
    FROM line WHERE line.client IS NOT NULL
)
SELECT client FROM line WHERE client IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM pauses p WHERE p.kind = 'client' AND p.name = line.client)";

const IN_LINE: Words = Words { postgres: CLIENTS, sqlite: CLIENTS };

/// Of each client the first that are due of each sort (never sent before; with a past; due so
/// late that a clock must have been set back), and the next one that is not due yet.
const FIRST: Words = Words {
    postgres: "
SELECT first.* FROM json_array_elements_text($1::json) AS turn (client) CROSS JOIN LATERAL (
    (SELECT * FROM letters WHERE state IN (0, 2) AND client = turn.client AND due_at <= $2
        AND state = 0 AND attempts = 0 AND trouble IS NULL ORDER BY due_at, id LIMIT $4)
    UNION ALL
    (SELECT * FROM letters WHERE state IN (0, 2) AND client = turn.client AND due_at <= $2
        AND (state = 2 OR attempts > 0 OR trouble IS NOT NULL) ORDER BY due_at, id LIMIT $4)
    UNION ALL
    (SELECT * FROM letters WHERE state IN (0, 2) AND client = turn.client AND due_at > $3
        ORDER BY due_at, id LIMIT $4)
    UNION ALL
    (SELECT * FROM letters WHERE state IN (0, 2) AND client = turn.client AND due_at > $2
        AND due_at <= $3 ORDER BY due_at, id LIMIT 1)
) AS first",
    sqlite: "
SELECT l.* FROM json_each(?1) AS turn CROSS JOIN letters l WHERE l.id IN (
    SELECT id FROM letters WHERE state IN (0, 2) AND client = turn.value AND due_at <= ?2
        AND state = 0 AND attempts = 0 AND trouble IS NULL ORDER BY due_at, id LIMIT ?4)
UNION ALL
SELECT l.* FROM json_each(?1) AS turn CROSS JOIN letters l WHERE l.id IN (
    SELECT id FROM letters WHERE state IN (0, 2) AND client = turn.value AND due_at <= ?2
        AND (state = 2 OR attempts > 0 OR trouble IS NOT NULL) ORDER BY due_at, id LIMIT ?4)
UNION ALL
SELECT l.* FROM json_each(?1) AS turn CROSS JOIN letters l WHERE l.id IN (
    SELECT id FROM letters WHERE state IN (0, 2) AND client = turn.value AND due_at > ?3
        ORDER BY due_at, id LIMIT ?4)
UNION ALL
SELECT l.* FROM json_each(?1) AS turn CROSS JOIN letters l WHERE l.id IN (
    SELECT id FROM letters WHERE state IN (0, 2) AND client = turn.value AND due_at > ?2
        AND due_at <= ?3 ORDER BY due_at, id LIMIT 1)",
};

/// While its fence is the same and nobody holds it, a letter is as it was read. On PostgreSQL the
/// state is asked for in words that the index of those in line does not know: a kept plan would
/// go through all of them. The ids are sorted.
const TAKE: Words = Words {
    postgres: "
WITH free AS MATERIALIZED (
    SELECT id FROM letters
    WHERE state <> 1 AND state <> 3
        AND id = ANY (ARRAY(SELECT (l ->> 'id')::uuid FROM json_array_elements($1::json) AS l))
        AND fence = (ARRAY(SELECT (l ->> 'fence')::bigint FROM json_array_elements($1::json) AS l))
            [width_bucket(id, ARRAY(
                SELECT (l ->> 'id')::uuid FROM json_array_elements($1::json) AS l))]
    ORDER BY id FOR UPDATE SKIP LOCKED
)
UPDATE letters SET state = 1, holder = $2, fence = fence + 1, updated_at = $3
WHERE id = ANY (ARRAY(SELECT id FROM free)) RETURNING id",
    sqlite: "
UPDATE letters SET state = 1, holder = ?2, fence = letters.fence + 1, updated_at = ?3
FROM json_each(?1) AS given
WHERE letters.id = unhex(given.value ->> 'id') AND letters.fence = given.value ->> 'fence'
    AND letters.state IN (0, 2)
RETURNING letters.id",
};

#[derive(FromQueryResult)]
struct Client {
    client: String,
}

#[derive(FromQueryResult)]
struct Taken {
    id: Uuid,
}

pub(super) async fn collect(
    orm: &DatabaseConnection,
    collect: Collect,
    now: Moment,
) -> Result<Collected, Failure> {
    let failed = |error: DbErr| error::of_uncommitted(&error);
    let transaction = begin(orm).await.map_err(failed)?;
    let collected = run(&transaction, collect, now).await.map_err(failed)?;
    transaction.commit().await.map_err(|error| error::of_orm(&error))?;
    Ok(collected)
}

async fn run(
    transaction: &DatabaseTransaction,
    collect: Collect,
    now: Moment,
) -> Result<Collected, DbErr> {
    let mut lost = HashSet::new();
    let mut tries = 0;
    loop {
        tries += 1;
        let mut line = Line::read(transaction, collect, now, &lost).await?;
        let picked = line.pick(collect);
        let taken = take(transaction, collect.epoch, now, &picked).await?;
        if taken.is_empty() && !picked.is_empty() && tries < TRIES {
            lost.extend(picked.iter().map(|letter| letter.id));
            continue;
        }
        let more = line.is_cut || line.clients.values().any(|letters| !letters.is_empty());
        let mine = picked.into_iter().filter(|letter| taken.contains(&letter.id));
        let loads = load(transaction, mine.collect()).await?;
        return Ok(Collected { loads, more, next_due: line.next_due });
    }
}

/// Due letters by client, each client's in the order in which they are due.
struct Line {
    clients: BTreeMap<String, VecDeque<(i64, Letter)>>,
    /// There are more than were read.
    is_cut: bool,
    next_due: Option<Moment>,
}

impl Line {
    async fn read(
        transaction: &DatabaseTransaction,
        collect: Collect,
        now: Moment,
        lost: &HashSet<Uuid>,
    ) -> Result<Self, DbErr> {
        let mut line = Self { clients: BTreeMap::new(), is_cut: false, next_due: None };
        let clients: Vec<Client> = IN_LINE.all(transaction, []).await?;
        if clients.is_empty() {
            return Ok(line);
        }
        let clients: Vec<String> = clients.into_iter().map(|row| row.client).collect();
        // The more clients there are, the fewer of each are needed to fill the house.
        let share = collect.letters_max.saturating_mul(4).div_ceil(clients.len());
        let share = share.min(collect.letters_max).saturating_add(lost.len());
        let read = i64::try_from(share).unwrap_or(i64::MAX).saturating_add(1);
        let late = now.plus(WAIT_MAX);
        let values = [json(&clients), now.micros().into(), late.micros().into(), read.into()];
        let mut read_of: HashMap<(String, Sort), usize> = HashMap::new();
        let mut rows = FIRST.all::<table::Model>(transaction, values).await?;
        // SQLite brings them as it finds them; what is too much is what is due last.
        rows.sort_by_key(|row| (row.due_at, row.id));
        for row in rows {
            let client = row.client.clone();
            let due_at = row.due_at;
            let letter = letters::letter(row)?;
            let sort = Sort::of(&letter, now, late);
            if sort == Sort::Later {
                let due_at = Moment::from_micros(due_at);
                line.next_due = Some(line.next_due.map_or(due_at, |next| next.min(due_at)));
                continue;
            }
            let count = read_of.entry((client.clone(), sort)).or_default();
            *count += 1;
            if *count > share {
                line.is_cut = true;
            } else if !lost.contains(&letter.id) {
                // After a clock was set back, what waits longest is what came first.
                let turn = if sort == Sort::Late { i64::MIN } else { due_at };
                line.clients.entry(client).or_default().push_back((turn, letter));
            }
        }
        for letters in line.clients.values_mut() {
            letters.make_contiguous().sort_by_key(|(turn, letter)| (*turn, letter.id));
        }
        Ok(line)
    }

    /// Takes one letter of each client in a round, the client that waited longest first.
    fn pick(&mut self, collect: Collect) -> Vec<Letter> {
        let mut picked: Vec<Letter> = Vec::new();
        let (mut orders, mut retries) = (0, 0);
        loop {
            let before = picked.len();
            let mut round: Vec<_> = self.clients.values_mut().collect();
            round.sort_by_key(|letters| letters.front().map(|(turn, letter)| (*turn, letter.id)));
            for letters in round {
                let fits =
                    |(_, letter): &(i64, Letter)| is_fresh(letter) || retries < collect.retries_max;
                let Some(place) = letters.iter().position(fits) else { continue };
                let size = letters.get(place).map_or(0, |(_, letter)| letter.undecided.len());
                let full = picked.len() >= collect.letters_max
                    || (!picked.is_empty() && orders + size > collect.orders_max);
                if full {
                    return picked;
                }
                let Some((_, letter)) = letters.remove(place) else { continue };
                orders += size;
                retries += usize::from(!is_fresh(&letter));
                picked.push(letter);
            }
            if picked.len() == before {
                return picked;
            }
        }
    }
}

fn is_fresh(letter: &Letter) -> bool {
    letter.state == LetterState::Waiting && letter.is_fresh()
}

/// What a letter in line was read as.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Sort {
    Fresh,
    Retry,
    Late,
    /// Not due.
    Later,
}

impl Sort {
    fn of(letter: &Letter, now: Moment, late: Moment) -> Self {
        if letter.due_at > late {
            Self::Late
        } else if letter.due_at > now {
            Self::Later
        } else if is_fresh(letter) {
            Self::Fresh
        } else {
            Self::Retry
        }
    }
}

/// Those of them that nobody else took.
async fn take(
    transaction: &DatabaseTransaction,
    epoch: Uuid,
    now: Moment,
    picked: &[Letter],
) -> Result<HashSet<Uuid>, DbErr> {
    if picked.is_empty() {
        return Ok(HashSet::new());
    }
    let mut given: Vec<_> = picked.iter().collect();
    given.sort_unstable_by_key(|letter| letter.id);
    let given = given.into_iter();
    let given = given.map(|l| serde_json::json!({ "id": hex(l.id), "fence": l.fence }));
    let given: Vec<_> = given.collect();
    let values = [json(&given), epoch.into(), now.micros().into()];
    let taken: Vec<Taken> = TAKE.all(transaction, values).await?;
    Ok(taken.into_iter().map(|row| row.id).collect())
}

/// The letters with their orders. One that names an order which is not in it does not get it,
/// and one that has none at all is nothing to carry.
async fn load(transaction: &DatabaseTransaction, taken: Vec<Letter>) -> Result<Vec<Load>, DbErr> {
    let ids: Vec<i64> = taken.iter().flat_map(|l| l.undecided.iter().copied()).collect();
    let mut orders: HashMap<i64, Order> = HashMap::new();
    if !ids.is_empty() {
        let found: Vec<orders::Model> = rows::ORDERS.all(transaction, [json(&ids)]).await?;
        orders.extend(found.into_iter().map(|row| (row.id, rows::order(row))));
    }
    let mut loads = Vec::with_capacity(taken.len());
    let mut empty = Vec::new();
    for mut letter in taken {
        letter.fence += 1;
        let is_in = |order: &Order| order.letter_id == Some(letter.id);
        letter.undecided.retain(|id| orders.get(id).is_some_and(is_in));
        let load: Vec<Order> = letter.undecided.iter().filter_map(|id| orders.remove(id)).collect();
        match load.is_empty() {
            true => empty.push(letter.id),
            false => loads.push(Load { letter, orders: load }),
        }
    }
    if !empty.is_empty() {
        log::warn!(letters = empty.len(); "letters without orders were deleted: no write of ours leaves one");
        let delete = table::Entity::delete_many().filter(table::Column::Id.is_in(empty));
        delete.exec(transaction).await?;
    }
    Ok(loads)
}
