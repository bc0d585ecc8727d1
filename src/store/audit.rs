//! The audit: lines that are added and read, and never changed.

use entity::audit::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DbErr,
    EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::domain::audit::{AuditLine, AuditQuery, Deed, Signature};
use crate::domain::moment::Moment;

/// Lines in one statement, below SQLite's limit of values.
const AT_ONCE: usize = 1_000;

pub(super) async fn write(
    connection: &impl ConnectionTrait,
    lines: impl IntoIterator<Item = AuditLine>,
) -> Result<(), DbErr> {
    let rows: Vec<_> = lines.into_iter().map(row).collect();
    for rows in rows.chunks(AT_ONCE) {
        Entity::insert_many(rows.to_vec()).exec_without_returning(connection).await?;
    }
    Ok(())
}

/// The newest first.
pub(super) async fn read(
    orm: DatabaseConnection,
    query: AuditQuery,
) -> Result<Vec<AuditLine>, DbErr> {
    let AuditQuery { kind, target, operator, since, mentions, before, limit } = query;
    let wanted = Condition::all()
        .add_option(kind.map(|kind| Column::Kind.eq(kind)))
        .add_option(target.map(|target| Column::Target.eq(target)))
        .add_option(operator.map(|operator| Column::Operator.eq(operator)))
        .add_option(since.map(|since| Column::At.gte(since.micros())))
        .add_option(mentions.map(|part| Column::Before.contains(part)))
        .add_option(before.map(|before| Column::Id.lt(before)));
    let select = Entity::find().filter(wanted).order_by_desc(Column::Id).limit(limit);
    Ok(select.all(&orm).await?.into_iter().map(line).collect())
}

fn row(line: AuditLine) -> ActiveModel {
    let AuditLine { id, signature, deed } = line;
    let Signature { at, operator, reason, instance } = signature;
    let Deed { kind, target, action, before, after } = deed;
    ActiveModel {
        id: Set(id),
        at: Set(at.micros()),
        kind: Set(kind),
        target: Set(target),
        action: Set(action),
        operator: Set(operator),
        instance: Set(instance),
        reason: Set(reason),
        before: Set(before),
        after: Set(after),
    }
}

fn line(row: Model) -> AuditLine {
    let Model { id, at, kind, target, action, operator, instance, reason, before, after } = row;
    let signature = Signature { at: Moment::from_micros(at), operator, reason, instance };
    AuditLine { id, signature, deed: Deed { kind, target, action, before, after } }
}
