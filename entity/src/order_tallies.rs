//! Order tallies: how many orders stand in each combination of blotter, status and type. They give
//! exact totals without counting and carry the foreign keys that would be too dear on `orders`.

use sea_orm::entity::prelude::*;

/// One ledger lane's share of one combination.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "order_tallies")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shard: i16,
    #[sea_orm(primary_key, auto_increment = false)]
    pub blotter_id: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub status_id: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_type_id: i32,
    /// May be negative: only the sum over shards means something.
    pub orders: i64,
}

/// Enforced by the database, which refuses to delete what a tally names.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::blotters::Entity",
        from = "Column::BlotterId",
        to = "super::blotters::Column::Id"
    )]
    Blotter,
    #[sea_orm(
        belongs_to = "super::statuses::Entity",
        from = "Column::StatusId",
        to = "super::statuses::Column::Id"
    )]
    Status,
    #[sea_orm(
        belongs_to = "super::order_types::Entity",
        from = "Column::OrderTypeId",
        to = "super::order_types::Column::Id"
    )]
    OrderType,
}

impl Related<super::blotters::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Blotter.def()
    }
}

impl Related<super::statuses::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Status.def()
    }
}

impl Related<super::order_types::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::OrderType.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
