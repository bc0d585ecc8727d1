//! Counters: where ids that clients see come from, taken in blocks and committed before use, so
//! that a crash may leave a gap but never gives an id out twice.

use sea_orm::entity::prelude::*;

/// A counter; `next` is the first number nobody has taken.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "counters")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub next: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
