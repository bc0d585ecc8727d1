//! Reference rows as their readers get them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::reference::{ReferenceLabel, ReferenceRow};

/// A row of any kind.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(in crate::http) enum ReferenceView<'a> {
    Blotter(Blotter<'a>),
    Abbreviated(Abbreviated<'a>),
}

/// Where orders are kept apart.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Blotter<'a> {
    id: i32,
    /// Blotters have none: always null.
    #[schema(schema_with = super::super::wire::always_null, required)]
    abbreviation: (),
    #[schema(example = "Default")]
    name: &'a str,
    version: i32,
}

/// A status or an order type.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Abbreviated<'a> {
    id: i32,
    #[schema(example = "BUY")]
    abbreviation: &'a str,
    #[schema(example = "Buy")]
    description: &'a str,
    version: i32,
}

impl<'a> ReferenceView<'a> {
    pub(in crate::http) fn of(row: &'a ReferenceRow) -> Self {
        let (id, version) = (row.id, row.version);
        match &row.label {
            ReferenceLabel::Blotter { name } => {
                Self::Blotter(Blotter { id, abbreviation: (), name, version })
            }
            ReferenceLabel::Abbreviated { abbreviation, description } => {
                Self::Abbreviated(Abbreviated { id, abbreviation, description, version })
            }
        }
    }
}
