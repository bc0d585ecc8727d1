//! Letters as operators look for them.

use entity::letters::{Column, Entity};
use sea_orm::sea_query::{Expr, ExprTrait, Func};
use sea_orm::{
    ColumnTrait, Condition, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::letter;
use crate::domain::letter::{Letter, LetterQuery};

/// The oldest first: ids are ordered by time.
pub(in crate::store) async fn list(
    orm: DatabaseConnection,
    query: LetterQuery,
) -> Result<Vec<Letter>, DbErr> {
    let LetterQuery { state, client, error, created_before, batch, after, limit } = query;
    let wanted = Condition::all()
        .add_option(state.map(|state| Column::State.eq(state.code())))
        .add_option(client.map(|client| Column::Client.eq(client.as_str())))
        .add_option(error.map(|part| contains(&part)))
        .add_option(created_before.map(|then| Column::CreatedAt.lte(then.micros())))
        .add_option(batch.map(|batch| Column::BatchId.eq(batch)))
        .add_option(after.map(|after| Column::Id.gt(after)));
    let select = Entity::find().filter(wanted).order_by_asc(Column::Id).limit(limit);
    select.all(&orm).await?.into_iter().map(letter).collect()
}

/// The last error has this part, in any case: the databases differ in what `LIKE` makes of it.
fn contains(part: &str) -> Expr {
    let part = part.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let pattern = sea_orm::sea_query::LikeExpr::new(format!("%{part}%")).escape('\\');
    Expr::expr(Func::lower(Expr::col(Column::LastError))).like(pattern)
}
