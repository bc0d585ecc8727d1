//! Holders: one row per process start, with the lease under which it may hold letters.

use sea_orm::entity::prelude::*;

/// A process start. Whoever is not here, or has ended, holds nothing.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "holders")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub epoch: Uuid,
    pub started_at: i64,
    /// In the time of the database's clock, on PostgreSQL; on SQLite a lease never ends.
    pub expires_at: i64,
    pub ended: bool,
    /// The name that a process keeps over its restarts.
    pub instance: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
