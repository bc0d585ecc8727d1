//! Batches: what was asked in one request and what became of each item, which is also how a
//! repeated request is recognised and answered with the same bytes.

use sea_orm::entity::prelude::*;

/// A batch, unique by client, route and idempotency key where it has a key.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "batches")]
pub struct Model {
    /// A UUID v7, so that batches lie in the order of their time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub created_at: i64,
    pub expires_at: i64,
    pub client: String,
    pub route: String,
    pub idempotency_key: Option<String>,
    /// Of the request's body: tells a repetition from another request under the same key.
    pub fingerprint: Option<Vec<u8>>,
    /// Per item its order's id or its error.
    pub fates: String,
    /// The answer's bytes, frozen before they are first sent.
    pub answer: Option<Vec<u8>>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
