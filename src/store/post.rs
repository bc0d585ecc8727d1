//! The post: what the ledger does with letters.

use async_trait::async_trait;
use sea_orm::DbErr;
use uuid::Uuid;

use super::{Store, claim, collect, decide, error, known, settle};
use crate::domain::batch::{Answer, Claim, Claimed, Known, KnownBatch, Wanted};
use crate::domain::decision::{Decided, NotDecided, Ruling};
use crate::domain::letter::{Settled, Settlement};
use crate::domain::moment::Moment;
use crate::domain::order::status;
use crate::domain::reference::ReferenceKind;
use crate::ports::Failure;
use crate::ports::post::{Collect, Collected, Post};

impl Store {
    /// The id of a status that the rules speak of: nobody can delete or rename it.
    fn status_id(&self, abbreviation: &str) -> Result<i32, Failure> {
        let ids = self.snapshot().ids_of(ReferenceKind::Status, &[abbreviation.to_owned()]);
        let gone = || Failure::Broken { reason: format!("the status {abbreviation} is gone") };
        ids.first().copied().ok_or_else(gone)
    }

    /// Keys that have ended belong to nobody: they are given up and not told.
    async fn give_up_ended(
        &self,
        keys: &mut [Option<KnownBatch>],
        now: Moment,
    ) -> Result<(), Failure> {
        let is_over = |known: &KnownBatch| known.expires_at <= now;
        let ended = keys.iter().flatten().filter(|known| is_over(known));
        let ended: Vec<Uuid> = ended.map(|known| known.id).collect();
        if ended.is_empty() {
            return Ok(());
        }
        let free = async {
            let freed = known::free_keys(self.writer().orm(), &ended, now).await;
            freed.map_err(|error| error::of_orm(&error))
        };
        self.write("keys.free", self.patience.write, free).await?;
        for known in keys {
            *known = known.take().filter(|known| !is_over(known));
        }
        Ok(())
    }
}

#[async_trait]
impl Post for Store {
    async fn known(&self, wanted: &Wanted) -> Result<Known, Failure> {
        let found = self.read("keys.known", |orm| {
            let wanted = wanted.clone();
            async move {
                let keys = known::keys(&orm, &wanted.keys).await?;
                let client_orders = known::client_orders(&orm, &wanted.client_orders).await?;
                Ok::<_, DbErr>(Known { keys, client_orders })
            }
        });
        let mut found = found.await?;
        if let Some(now) = wanted.now {
            self.give_up_ended(&mut found.keys, now).await?;
        }
        Ok(found)
    }

    async fn claim(&self, _shard: u16, claims: &[Claim]) -> Result<Vec<Claimed>, Failure> {
        let new = self.status_id(status::NEW)?;
        let claimed = claim::claim(self.writer().orm(), new, claims);
        self.write("letters.claim", self.patience.write, claimed).await
    }

    async fn collect(&self, collect: Collect, now: Moment) -> Result<Collected, Failure> {
        let collected = collect::collect(self.writer().orm(), collect, now);
        self.write("letters.collect", self.patience.write, collected).await
    }

    async fn settle(
        &self,
        shard: u16,
        settlements: &[Settlement],
    ) -> Result<Vec<Settled>, Failure> {
        let (sent, now) = (self.status_id(status::SENT)?, self.clock.utc());
        let settled = settle::settle(self.writer(), shard, sent, now, settlements);
        self.write("letters.settle", self.patience.write, settled).await
    }

    async fn freeze(&self, answers: &[(Uuid, Answer)]) -> Result<Vec<Answer>, Failure> {
        let frozen = async {
            let orm = self.writer().orm();
            known::freeze(orm, answers).await?;
            let ids: Vec<Uuid> = answers.iter().map(|(id, _)| *id).collect();
            known::frozen(orm, &ids).await
        };
        let frozen = async { frozen.await.map_err(|error: DbErr| error::of_orm(&error)) };
        let frozen = self.write("batches.freeze", self.patience.write, frozen).await?;
        let kept = |(id, given): &(Uuid, Answer)| frozen.get(id).unwrap_or(given).clone();
        Ok(answers.iter().map(kept).collect())
    }

    async fn decide(
        &self,
        rulings: &[Ruling],
    ) -> Result<Vec<Vec<Result<Decided, NotDecided>>>, Failure> {
        let decided = decide::decide(self.writer().orm(), rulings, self.clock.utc());
        self.write("letters.decide", self.patience.write, decided).await
    }
}
