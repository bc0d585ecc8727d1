//! Letters: one load of orders each, on its way to the trade service; deleted when its last order
//! is decided.

use sea_orm::entity::prelude::*;

/// A letter. Columns stand as in the table, where their order saves PostgreSQL its padding.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "letters")]
pub struct Model {
    /// A UUID v7, so that letters lie in the order of their time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub batch_id: Uuid,
    pub due_at: i64,
    /// Rises each time somebody takes the letter.
    pub fence: i64,
    pub created_at: i64,
    pub updated_at: i64,
    pub attempts: i32,
    /// 0 waiting, 1 held, 2 to be reconciled, 3 dead.
    pub state: i16,
    /// The epoch that holds it, while it is held.
    pub holder: Option<Uuid>,
    pub client: String,
    /// The ids of its undecided orders, in their order, runs as ranges: `1001-1025,1030`.
    pub undecided: String,
    /// JSON; null for a letter that never met with trouble.
    pub trouble: Option<String>,
    pub last_error: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
