//! Statuses: where in its life an order stands. A table and not an enum, because clients may add
//! their own; Weir itself moves orders between NEW and SENT only.

use sea_orm::entity::prelude::*;

/// A status. `version` rises with every change and is what an update is checked against.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "statuses")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub abbreviation: String,
    pub description: String,
    pub version: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
