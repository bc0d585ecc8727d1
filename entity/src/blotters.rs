//! Blotters: the desks' books. Every order stands in one; clients may add, rename and delete them.

use sea_orm::entity::prelude::*;

/// A blotter. `version` rises with every change and is what an update is checked against.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "blotters")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub name: String,
    pub version: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
