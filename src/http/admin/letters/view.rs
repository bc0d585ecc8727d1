//! A letter as operators see it.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::super::wire::Timestamp;
use crate::domain::letter::{Letter, Trouble};
use crate::domain::moment::Moment;

/// One load of orders on its way to the trade service.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Letter)]
pub(in crate::http::admin) struct LetterView {
    #[schema(value_type = String)]
    id: Uuid,
    #[schema(value_type = String)]
    batch_id: Uuid,
    client: String,
    /// `waiting`, `held` (being worked on), `reconcile` (looked up before it is sent) or `dead`.
    #[schema(example = "dead")]
    state: &'static str,
    /// The orders that are not decided.
    orders: Vec<i64>,
    attempts: u32,
    #[schema(schema_with = super::super::super::wire::moment)]
    due_at: Timestamp,
    #[schema(schema_with = super::super::super::wire::moment)]
    created_at: Timestamp,
    age_seconds: u64,
    #[schema(required)]
    last_error: Option<String>,
    trouble: TroubleView,
}

/// What sets a letter apart from one that never met with trouble.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LetterTrouble)]
struct TroubleView {
    /// Some order was in a call of unknown outcome once.
    tainted: bool,
    /// Orders of which nobody knows whether they were placed.
    doubtful: Vec<i64>,
    /// Workers that died over it.
    kills: u8,
    /// How often the trade service said that it has none of the doubtful ones.
    absences: u8,
}

impl LetterView {
    pub(in crate::http::admin) fn new(letter: Letter, now: Moment) -> Self {
        let Letter { id, batch_id, client, state, undecided, attempts, due_at, .. } = letter;
        let Trouble { doubtful, absences, tainted, kills, .. } = letter.trouble;
        let age = now.micros().saturating_sub(letter.created_at.micros());
        Self {
            id,
            batch_id,
            client: client.as_str().to_owned(),
            state: state.label(),
            orders: undecided,
            attempts,
            due_at: Timestamp(due_at),
            created_at: Timestamp(letter.created_at),
            age_seconds: u64::try_from(age / 1_000_000).unwrap_or_default(),
            last_error: letter.last_error,
            trouble: TroubleView { tainted, doubtful, kills, absences },
        }
    }
}
