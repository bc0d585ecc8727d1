//! Order types: what an order wants done (BUY, SELL, ...). Weir forwards the abbreviation.

use sea_orm::entity::prelude::*;

/// An order type. `version` rises with every change and is what an update is checked against.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "order_types")]
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
