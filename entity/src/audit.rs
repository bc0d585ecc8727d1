//! The audit: what operators ordered. The database lets nobody change or remove a line.

use sea_orm::entity::prelude::*;

/// A line of the audit.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit")]
pub struct Model {
    /// A UUID v7, so that lines lie in the order of their time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub at: i64,
    /// What sort of thing the target is.
    pub kind: String,
    pub target: String,
    pub action: String,
    pub operator: String,
    pub instance: String,
    pub reason: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
