//! Letters as the rules see them.

pub(super) mod ids;
pub(super) mod list;
pub(super) mod trouble;

use entity::letters;
use sea_orm::DbErr;

use crate::domain::client::ClientId;
use crate::domain::letter::{Letter, LetterState};
use crate::domain::moment::Moment;

/// A letter as its row says it. One that cannot be read was not written by us.
pub(super) fn letter(row: letters::Model) -> Result<Letter, DbErr> {
    let unreadable =
        |what: &str| DbErr::Custom(format!("letter {} has an unreadable {what}", row.id));
    Ok(Letter {
        id: row.id,
        batch_id: row.batch_id,
        client: client(&row.client)?,
        state: LetterState::of_code(row.state).ok_or_else(|| unreadable("state"))?,
        undecided: ids::parse(&row.undecided).ok_or_else(|| unreadable("list of orders"))?,
        attempts: u32::try_from(row.attempts).map_err(|_| unreadable("number of attempts"))?,
        due_at: Moment::from_micros(row.due_at),
        fence: row.fence,
        trouble: trouble::parse(row.trouble.as_deref()).ok_or_else(|| unreadable("trouble"))?,
        last_error: row.last_error.clone(),
        created_at: Moment::from_micros(row.created_at),
    })
}

/// A client's name as it was stored; empty is the anonymous one.
pub(super) fn client(name: &str) -> Result<ClientId, DbErr> {
    if name.is_empty() {
        return Ok(ClientId::default());
    }
    ClientId::from_header(name.as_bytes())
        .map_err(|_| DbErr::Custom(format!("client {name:?} cannot be read")))
}

/// Attempts as the column keeps them.
pub(super) fn attempts(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
