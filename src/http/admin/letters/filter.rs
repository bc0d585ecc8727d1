//! Which letters an operator means, as the words of a query or of a body say it.

use std::time::Duration;

use uuid::Uuid;

use super::super::super::problem::{Code, Problem};
use crate::domain::client::ClientId;
use crate::domain::letter::{LetterQuery, LetterState};
use crate::domain::moment::Moment;

/// The words for a filter; None is any.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) state: Option<String>,
    pub(super) client: Option<String>,
    pub(super) error: Option<String>,
    pub(super) older_than: Option<String>,
    pub(super) batch: Option<String>,
}

impl Words {
    /// What they mean at `now`; how many are wanted, and from where on, is for the caller to say.
    pub(super) fn parse(self, now: Moment) -> Result<LetterQuery, Problem> {
        let older_than = self.older_than.as_deref().map(age).transpose()?;
        Ok(LetterQuery {
            state: self.state.as_deref().map(state).transpose()?,
            client: self.client.as_deref().map(client).transpose()?,
            error: self.error,
            created_before: older_than.map(|age| now.minus(age)),
            batch: self.batch.as_deref().map(batch).transpose()?,
            after: None,
            limit: 0,
        })
    }
}

fn invalid(field: &str, what: &str, got: &str) -> Problem {
    let message = format!("{field} must be {what}, got: {got}");
    Problem::new(Code::InvalidFieldValue, message).at(field)
}

fn state(word: &str) -> Result<LetterState, Problem> {
    let found = LetterState::ALL.into_iter().find(|state| state.label() == word);
    found.ok_or_else(|| invalid("state", "waiting, held, reconcile or dead", word))
}

fn client(name: &str) -> Result<ClientId, Problem> {
    let found = ClientId::from_header(name.as_bytes());
    found.map_err(|_| invalid("client", "1 to 64 visible ASCII characters", name))
}

fn age(text: &str) -> Result<Duration, Problem> {
    let age = humantime::parse_duration(text);
    age.map_err(|_| invalid("olderThan", "a duration such as 5m or 2h", text))
}

fn batch(text: &str) -> Result<Uuid, Problem> {
    text.parse().map_err(|_| invalid("batch", "a batchId", text))
}
