//! Who orders something, and why: every order to the house carries it, and it is kept.

use super::super::Doors;
use super::super::problem::{Code, Problem};
use super::super::wire::Text;
use crate::actors::lookout::Tell;
use crate::domain::audit::{Deed, NOBODY, OPERATOR_LENGTH_MAX, REASON_LENGTH_MAX, Signature};

/// The `reason` and the `operator` of an order's body.
pub(super) struct Motive {
    pub(super) reason: String,
    operator: String,
}

impl Motive {
    pub(super) fn of(
        reason: Option<Text<'_>>,
        operator: Option<Text<'_>>,
    ) -> Result<Self, Problem> {
        let missing = || {
            let message = "Reason is required: whoever looks next wants to know";
            Problem::new(Code::MissingRequiredField, message).at("reason")
        };
        let reason = line("reason", reason, REASON_LENGTH_MAX)?.ok_or_else(missing)?;
        let operator = line("operator", operator, OPERATOR_LENGTH_MAX)?;
        Ok(Self { reason, operator: operator.unwrap_or_else(|| NOBODY.to_owned()) })
    }

    /// Lets those who watch read what was done, if they can: it is done either way.
    pub(super) fn tell(&self, doors: &Doors, deed: &Deed) {
        let text = self.sign(doors).tell(deed);
        drop(doors.lookout.try_send(Tell { kind: "operator", text }));
    }

    /// As it is kept with what is done now.
    pub(super) fn sign(&self, doors: &Doors) -> Signature {
        Signature {
            at: doors.clock.utc(),
            operator: self.operator.clone(),
            reason: self.reason.clone(),
            instance: doors.instance.to_string(),
        }
    }
}

/// A text on one line; None if there is nothing in it.
fn line(
    field: &str,
    given: Option<Text<'_>>,
    length_max: usize,
) -> Result<Option<String>, Problem> {
    let text = given.map(|Text(text)| text.trim().to_owned()).filter(|text| !text.is_empty());
    let fits =
        |text: &String| text.chars().count() <= length_max && !text.chars().any(char::is_control);
    if text.as_ref().is_none_or(fits) {
        return Ok(text);
    }
    let message = format!("{field} must be at most {length_max} characters on one line");
    Err(Problem::new(Code::InvalidFieldValue, message).at(field))
}
