//! Reference rows as their senders write them, and the check of their fields.

use serde::Deserialize;
use utoipa::ToSchema;

use super::super::problem::{Code, Problem};
use super::super::wire::Text;
use crate::domain::reference::{ReferenceKind, ReferenceLabel};

const NAME_LENGTH_MAX: usize = 60;
const DESCRIPTION_LENGTH_MAX: usize = 60;

/// The length of an abbreviation, as the schema keeps it.
const fn abbreviation_length_max(kind: ReferenceKind) -> usize {
    match kind {
        ReferenceKind::OrderType => 10,
        ReferenceKind::Status => 20,
        ReferenceKind::Blotter => 0,
    }
}

/// A body that can become a reference row.
pub(super) trait ReferenceDraft {
    fn version(&self) -> Option<i64>;
    fn label(self, kind: ReferenceKind) -> Result<ReferenceLabel, Problem>;
}

/// A blotter to create or to change. Unknown members are ignored, `id` too.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::http) struct BlotterDraft<'a> {
    #[serde(borrow)]
    #[schema(value_type = String, required, max_length = 60)]
    name: Option<Text<'a>>,
    /// Of a change: the version that was read. Of a new row: 1 by default.
    version: Option<i64>,
}

/// A status or an order type to create or to change. Unknown members are ignored, `id` too.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::http) struct AbbreviatedDraft<'a> {
    /// At most 20 characters of a status and 10 of an order type.
    #[serde(borrow)]
    #[schema(value_type = String, required, max_length = 20)]
    abbreviation: Option<Text<'a>>,
    #[serde(borrow)]
    #[schema(value_type = String, required, max_length = 60)]
    description: Option<Text<'a>>,
    /// Of a change: the version that was read. Of a new row: 1 by default.
    version: Option<i64>,
}

impl ReferenceDraft for BlotterDraft<'_> {
    fn version(&self) -> Option<i64> {
        self.version
    }

    fn label(self, _: ReferenceKind) -> Result<ReferenceLabel, Problem> {
        Ok(ReferenceLabel::Blotter { name: text("name", "Name", NAME_LENGTH_MAX, self.name)? })
    }
}

impl ReferenceDraft for AbbreviatedDraft<'_> {
    fn version(&self) -> Option<i64> {
        self.version
    }

    fn label(self, kind: ReferenceKind) -> Result<ReferenceLabel, Problem> {
        let length_max = abbreviation_length_max(kind);
        Ok(ReferenceLabel::Abbreviated {
            abbreviation: text("abbreviation", "Abbreviation", length_max, self.abbreviation)?,
            description: text(
                "description",
                "Description",
                DESCRIPTION_LENGTH_MAX,
                self.description,
            )?,
        })
    }
}

/// A text: trimmed, there, and no longer than its column.
fn text(
    field: &str,
    title: &str,
    length_max: usize,
    text: Option<Text<'_>>,
) -> Result<String, Problem> {
    let text = text.as_ref().map(|text| text.0.trim()).unwrap_or_default();
    let refuse = |code, message| Err(Problem::new(code, message).at(field));
    let length = text.chars().count();
    if length == 0 {
        return refuse(Code::MissingRequiredField, format!("{title} is required"));
    }
    if length > length_max {
        let message = format!("{title} must be at most {length_max} characters long, got {length}");
        return refuse(Code::InvalidFieldValue, message);
    }
    if text.chars().any(char::is_control) {
        let message = format!("{title} must not hold control characters");
        return refuse(Code::InvalidFieldValue, message);
    }
    Ok(text.to_owned())
}

/// The version that a new row begins with.
pub(super) fn first_version(given: Option<i64>) -> Result<i32, Problem> {
    let given = given.unwrap_or(1);
    i32::try_from(given).ok().filter(|version| *version > 0).ok_or_else(|| {
        let message = format!("Version must be a positive integer, got: {given}");
        Problem::new(Code::InvalidFieldValue, message).at("version")
    })
}
