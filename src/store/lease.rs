//! Leases: who may hold letters, judged by the database's clock.
//!
//! On SQLite the one process that has the file owns everything: whoever enters ends all others,
//! and a lease never runs out.

use async_trait::async_trait;
use entity::letters as table;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::sql::{Words, begin};
use super::{Store, batches, take_back};
use crate::domain::letter::{Letter, LetterState};
use crate::domain::moment::Moment;
use crate::ports::Failure;
use crate::ports::post::{Backlog, Leases};

const END_EARLIER: Words = Words {
    postgres: "
UPDATE holders SET ended = true WHERE epoch <> $1 AND instance = $2 AND NOT ended",
    sqlite: "
UPDATE holders SET ended = true WHERE epoch <> ?1 AND (instance = ?2 OR NOT ended)",
};

const ENTER: Words = Words {
    postgres: "
INSERT INTO holders (epoch, instance, started_at, expires_at)
SELECT $1, $2, now, now + $3
FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now) AS clock
ON CONFLICT (epoch) DO NOTHING",
    sqlite: "
INSERT INTO holders (epoch, instance, started_at, expires_at)
SELECT ?1, ?2, now, now + ?3
FROM (SELECT cast(unixepoch('subsec') * 1000000 AS integer) AS now) AS clock WHERE true
ON CONFLICT (epoch) DO NOTHING",
};

const RENEW: Words = Words {
    postgres: "
UPDATE holders SET expires_at = now + $2
FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now) AS clock
WHERE epoch = $1 AND NOT ended AND expires_at > now",
    sqlite: "
UPDATE holders SET expires_at = now + ?2
FROM (SELECT cast(unixepoch('subsec') * 1000000 AS integer) AS now) AS clock
WHERE epoch = ?1 AND NOT ended",
};

const END_OVERDUE: Words = Words {
    postgres: "
UPDATE holders SET ended = true
WHERE NOT ended AND epoch <> $1
    AND expires_at <= (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
    sqlite: "UPDATE holders SET ended = true WHERE NOT ended AND epoch <> ?1",
};

const LEAVE: Words = Words {
    postgres: "UPDATE holders SET ended = true WHERE epoch = $1",
    sqlite: "UPDATE holders SET ended = true WHERE epoch = ?1",
};

/// Those who have ended and hold nothing any more.
const FORGET: Words = Words {
    postgres: "
DELETE FROM holders WHERE ended AND epoch <> $1 AND NOT EXISTS (
    SELECT 1 FROM letters l WHERE l.holder = holders.epoch AND l.state = 1)",
    sqlite: "
DELETE FROM holders WHERE ended AND epoch <> ?1 AND NOT EXISTS (
    SELECT 1 FROM letters l WHERE l.holder = holders.epoch AND l.state = 1)",
};

#[async_trait]
impl Leases for Store {
    async fn enter(&self, epoch: Uuid, instance: &str) -> Result<(), Failure> {
        let entered = async {
            let transaction = begin(self.writer().orm()).await?;
            END_EARLIER.execute(&transaction, [epoch.into(), instance.into()]).await?;
            let values = [epoch.into(), instance.into(), self.lease().into()];
            ENTER.execute(&transaction, values).await?;
            transaction.commit().await
        };
        self.write_orm("leases.enter", entered).await
    }

    async fn renew(&self, epoch: Uuid) -> Result<bool, Failure> {
        let renewed = RENEW.execute(self.writer().orm(), [epoch.into(), self.lease().into()]);
        Ok(self.write_orm("leases.renew", renewed).await? > 0)
    }

    async fn take_back(&self, epoch: Uuid, quiet_at: Moment) -> Result<u64, Failure> {
        let orm = self.writer().orm();
        self.write_orm("leases.end", END_OVERDUE.execute(orm, [epoch.into()])).await?;
        let mut taken = 0;
        loop {
            let step = take_back::take_back(orm, epoch, quiet_at, self.clock.utc());
            let step = self.write("letters.take_back", self.patience.write, step).await?;
            taken += u64::try_from(step).unwrap_or_default();
            if step < take_back::STEP {
                break;
            }
        }
        self.write_orm("leases.forget", FORGET.execute(orm, [epoch.into()])).await?;
        Ok(taken)
    }

    async fn let_go(&self, letters: &[(Uuid, i64)], quiet_at: Moment) -> Result<u64, Failure> {
        let gone = take_back::let_go(self.writer().orm(), letters, quiet_at, self.clock.utc());
        let gone = self.write("letters.let_go", self.patience.write, gone).await?;
        Ok(u64::try_from(gone).unwrap_or_default())
    }

    async fn held(&self, epoch: Uuid) -> Result<Vec<(Uuid, i64)>, Failure> {
        self.read("letters.held", move |orm| async move {
            let select = table::Entity::find().select_only();
            let select = select.columns([table::Column::Id, table::Column::Fence]);
            let held = table::Column::State.eq(LetterState::Held.code());
            let select = select.filter(table::Column::Holder.eq(epoch)).filter(held);
            select.into_tuple().all(&orm).await
        })
        .await
    }

    async fn leave(&self, epoch: Uuid) -> Result<(), Failure> {
        let left = LEAVE.execute(self.writer().orm(), [epoch.into()]);
        self.write_orm("leases.leave", left).await.map(drop)
    }

    async fn backlog(&self) -> Result<Backlog, Failure> {
        self.read("letters.backlog", backlog).await
    }

    async fn letters_of(&self, order_ids: &[i64]) -> Result<Vec<Letter>, Failure> {
        let read = self.read("letters.of_orders", |orm| {
            let order_ids = order_ids.to_vec();
            async move { batches::letters_of(&orm, &order_ids).await }
        });
        read.await
    }

    async fn prune(&self, now: Moment, accepted_by: Moment) -> Result<u64, Failure> {
        let prune = batches::prune(self.writer().orm(), now, accepted_by);
        self.write_orm("batches.prune", prune).await
    }
}

impl Store {
    /// Without a sign of life for so many microseconds, a process counts as gone.
    fn lease(&self) -> i64 {
        i64::try_from(self.lease.as_micros()).unwrap_or(i64::MAX)
    }
}

async fn backlog(orm: DatabaseConnection) -> Result<Backlog, DbErr> {
    use table::Column::{CreatedAt, Id, State};
    let select = table::Entity::find().select_only().column(State);
    let select = select.column_as(Expr::col(Id).count().cast_as("bigint"), "letters");
    let select = select.column_as(Expr::col(CreatedAt).min(), "oldest").group_by(State);
    let mut backlog = Backlog::default();
    for (state, letters, oldest) in select.into_tuple::<(i16, i64, i64)>().all(&orm).await? {
        let count = u64::try_from(letters).unwrap_or_default();
        let in_line = match LetterState::of_code(state) {
            Some(LetterState::Waiting) => &mut backlog.waiting,
            Some(LetterState::Reconcile) => &mut backlog.reconcile,
            Some(LetterState::Held) => {
                backlog.held = count;
                continue;
            }
            Some(LetterState::Dead) => {
                backlog.dead = count;
                continue;
            }
            None => continue,
        };
        *in_line = count;
        let oldest = Moment::from_micros(oldest);
        backlog.oldest_at = Some(backlog.oldest_at.map_or(oldest, |other| other.min(oldest)));
    }
    Ok(backlog)
}
