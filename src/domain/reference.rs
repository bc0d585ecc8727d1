//! Reference data: blotters, statuses and order types, and the snapshot that orders are
//! checked against.

use std::collections::BTreeMap;

use super::order::status;

/// The three kinds of reference rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReferenceKind {
    Blotter,
    Status,
    OrderType,
}

impl ReferenceKind {
    /// The kind's name as it stands in sentences for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Blotter => "Blotter",
            Self::Status => "Status",
            Self::OrderType => "Order type",
        }
    }
}

/// One reference row. A blotter has a name only; the others an abbreviation and a description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceRow {
    pub id: i32,
    pub label: ReferenceLabel,
    pub version: i32,
}

/// What a reference row says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferenceLabel {
    Blotter { name: String },
    Abbreviated { abbreviation: String, description: String },
}

impl ReferenceRow {
    /// What filters compare: a blotter's name, else the abbreviation.
    #[must_use]
    pub fn key(&self) -> &str {
        self.label.key()
    }
}

impl ReferenceLabel {
    /// A blotter's name, else the abbreviation.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Blotter { name } => name,
            Self::Abbreviated { abbreviation, .. } => abbreviation,
        }
    }
}

/// Does a change of a row's key from `before` to `after` leave the rules of orders alone? They
/// go by the abbreviations of statuses: none may be renamed, deleted, or given out twice.
#[must_use]
pub fn is_free_to_change(kind: ReferenceKind, before: Option<&str>, after: Option<&str>) -> bool {
    let is_ruled = |key: Option<&str>| key.is_some_and(status::is_ruled);
    kind != ReferenceKind::Status || before == after || !(is_ruled(before) || is_ruled(after))
}

/// All reference data at one moment. Swapped whole, so that nobody ever sees half of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    pub blotters: BTreeMap<i32, ReferenceRow>,
    pub statuses: BTreeMap<i32, ReferenceRow>,
    pub order_types: BTreeMap<i32, ReferenceRow>,
}

impl References {
    #[must_use]
    pub fn of(&self, kind: ReferenceKind) -> &BTreeMap<i32, ReferenceRow> {
        match kind {
            ReferenceKind::Blotter => &self.blotters,
            ReferenceKind::Status => &self.statuses,
            ReferenceKind::OrderType => &self.order_types,
        }
    }

    pub fn of_mut(&mut self, kind: ReferenceKind) -> &mut BTreeMap<i32, ReferenceRow> {
        match kind {
            ReferenceKind::Blotter => &mut self.blotters,
            ReferenceKind::Status => &mut self.statuses,
            ReferenceKind::OrderType => &mut self.order_types,
        }
    }

    /// The row of an id as a client wrote it: any integer, also one that no row can have.
    #[must_use]
    pub fn find(&self, kind: ReferenceKind, id: i64) -> Option<&ReferenceRow> {
        self.of(kind).get(&i32::try_from(id).ok()?)
    }

    /// The abbreviation of a status, which is what rules speak of: ids are data.
    #[must_use]
    pub fn status(&self, id: i32) -> Option<&str> {
        self.statuses.get(&id).map(ReferenceRow::key)
    }

    /// The ids whose key is one of `keys`: exact, case-sensitive.
    #[must_use]
    pub fn ids_of(&self, kind: ReferenceKind, keys: &[String]) -> Vec<i32> {
        let wanted = |row: &&ReferenceRow| keys.iter().any(|key| key == row.key());
        self.of(kind).values().filter(wanted).map(|row| row.id).collect()
    }
}

/// A change to reference data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferenceChange {
    Create { kind: ReferenceKind, label: ReferenceLabel, version: i32 },
    Amend { kind: ReferenceKind, row: ReferenceRow },
    Remove { kind: ReferenceKind, id: i32, version: i32 },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_moves_a_status_that_the_rules_speak_of() {
        let table = [
            (Some("NEW"), Some("NEW"), true),
            (Some("SENT"), Some("NEW"), false),
            (Some("MINE"), Some("NEW"), false),
            (Some("SENT"), None, false),
            (None, Some("NEW"), false),
            (None, Some("MINE"), true),
            (Some("MINE"), Some("YOURS"), true),
            (Some("MINE"), None, true),
        ];
        for (before, after, free) in table {
            let answer = is_free_to_change(ReferenceKind::Status, before, after);
            assert_eq!(answer, free, "{before:?} -> {after:?}");
        }
        assert!(is_free_to_change(ReferenceKind::OrderType, Some("NEW"), None));
    }
}
