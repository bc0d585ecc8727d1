//! Orders: what clients entrusted to Weir. The row exists before anybody is told its id.

use sea_orm::entity::prelude::*;

/// An order. Columns stand as in the table, where their order saves PostgreSQL its padding.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "orders")]
pub struct Model {
    /// Taken from `counters`, never numbered by the database.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub quantity: i64,
    pub order_timestamp: i64,
    pub created_at: i64,
    pub updated_at: i64,
    pub blotter_id: i32,
    pub status_id: i32,
    pub order_type_id: i32,
    pub version: i32,
    pub limit_price: Option<i64>,
    /// Names one order at most: a trade has one origin.
    pub trade_order_id: Option<i64>,
    /// The letter that holds this order on its way to the trade service.
    pub letter_id: Option<Uuid>,
    pub portfolio_id: String,
    pub security_id: String,
    pub client: String,
    /// Names one order at most per client.
    pub client_order_id: Option<String>,
    pub last_error: Option<String>,
}

/// For joins that sort by a name. The database does not enforce these: `order_tallies` does.
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
