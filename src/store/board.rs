//! The board: what is paused, as rows that are there or not.

use async_trait::async_trait;
use entity::letters as table;
use entity::pauses::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::{Store, audit};
use crate::domain::audit::{AuditLine, Deed, Signature};
use crate::domain::client::ClientId;
use crate::domain::letter::LetterState;
use crate::domain::moment::Moment;
use crate::domain::pause::{Pause, Paused};
use crate::ports::Failure;
use crate::ports::board::Board;
use crate::ports::journal::{ChangeRefusal, Changed};

#[async_trait]
impl Board for Store {
    async fn pauses(&self) -> Result<Vec<Pause>, Failure> {
        let rows = self.read("pauses.list", |orm| async move {
            let rows = Entity::find().order_by_asc(Column::Kind).order_by_asc(Column::Name);
            rows.all(&orm).await
        });
        Ok(rows.await?.into_iter().filter_map(pause).collect())
    }

    async fn letters_in_line(&self, clients: &[ClientId]) -> Result<u64, Failure> {
        let count = self.read("letters.of_clients", |orm| {
            let names: Vec<_> = clients.iter().map(|client| client.as_str().to_owned()).collect();
            async move {
                let in_line = [LetterState::Waiting, LetterState::Reconcile].map(LetterState::code);
                let letters = table::Entity::find().filter(table::Column::Client.is_in(names));
                letters.filter(table::Column::State.is_in(in_line)).count(&orm).await
            }
        });
        count.await
    }
}

/// A pause of the same that stands already stays as it is.
pub(super) async fn post(
    transaction: &DatabaseTransaction,
    paused: &Paused,
    signature: &Signature,
) -> Result<Result<Changed, ChangeRefusal>, DbErr> {
    let (kind, name) = (paused.kind().to_owned(), paused.name().to_owned());
    let standing = Entity::find_by_id((kind.clone(), name.clone())).lock_exclusive();
    if let Some(standing) = standing.one(transaction).await?.and_then(pause) {
        return Ok(Ok(Changed::Paused(standing)));
    }
    let Signature { at: since, operator, reason, .. } = signature.clone();
    let row = Model { kind, name, since: since.micros(), operator, reason };
    Entity::insert(row.clone().into_active_model()).exec_without_returning(transaction).await?;
    note(transaction, paused, signature, "PAUSE", ["running", "paused"]).await?;
    let Model { operator, reason, .. } = row;
    Ok(Ok(Changed::Paused(Pause { paused: paused.clone(), since, operator, reason })))
}

pub(super) async fn take_down(
    transaction: &DatabaseTransaction,
    paused: &Paused,
    signature: &Signature,
) -> Result<Result<Changed, ChangeRefusal>, DbErr> {
    let key = (paused.kind().to_owned(), paused.name().to_owned());
    if Entity::delete_by_id(key).exec(transaction).await?.rows_affected == 0 {
        return Ok(Err(ChangeRefusal::NotPaused { paused: paused.clone() }));
    }
    note(transaction, paused, signature, "RESUME", ["paused", "running"]).await?;
    Ok(Ok(Changed::Removed))
}

async fn note(
    transaction: &DatabaseTransaction,
    paused: &Paused,
    signature: &Signature,
    action: &str,
    [before, after]: [&str; 2],
) -> Result<(), DbErr> {
    let deed = Deed::new(paused.subject(), paused.name(), action).changing(before, after);
    let line = AuditLine { id: Uuid::now_v7(), signature: signature.clone(), deed };
    audit::write(transaction, [line]).await
}

fn pause(row: Model) -> Option<Pause> {
    let Model { kind, name, since, operator, reason } = row;
    let (paused, since) = (Paused::of(&kind, &name)?, Moment::from_micros(since));
    Some(Pause { paused, since, operator, reason })
}
