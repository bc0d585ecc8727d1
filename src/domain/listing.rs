//! The list of orders: which page, in which order, of which ones.
//!
//! Reads the query's pairs as they came. Unlike the ancestor's, the offset is exact, the order
//! is total (the id breaks ties), and a key that nobody knows is an error and not a guess.

use crate::domain::moment::Moment;

pub const LIMIT_DEFAULT: u32 = 50;
pub const LIMIT_MAX: u32 = 1000;
/// The most alternatives in one filter.
const ALTERNATIVES_MAX: usize = 100;

/// What a page can be sorted by. A ticker and a portfolio's name sort by the id behind them,
/// since the names live in other services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SortField {
    Id,
    Security,
    Portfolio,
    Blotter,
    Status,
    OrderType,
    Quantity,
    OrderTimestamp,
}

/// The fields in the words of the query; the order is the one in which errors list them.
const SORT_FIELDS: [(&str, SortField); 8] = [
    ("id", SortField::Id),
    ("security.ticker", SortField::Security),
    ("portfolio.name", SortField::Portfolio),
    ("blotter.name", SortField::Blotter),
    ("status.abbreviation", SortField::Status),
    ("orderType.abbreviation", SortField::OrderType),
    ("quantity", SortField::Quantity),
    ("orderTimestamp", SortField::OrderTimestamp),
];

const FILTER_FIELDS: [&str; 6] = [
    "security.ticker",
    "portfolio.name",
    "blotter.name",
    "status.abbreviation",
    "orderType.abbreviation",
    "orderTimestamp",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    pub field: SortField,
    pub descending: bool,
}

/// Which orders: alternatives within a field, all fields together; an empty list is no filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub blotters: Vec<String>,
    pub statuses: Vec<String>,
    pub order_types: Vec<String>,
    pub timestamps: Vec<Moment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    pub limit: u32,
    pub offset: u64,
    pub sort: Vec<Sort>,
    pub filter: Filter,
}

/// Why a query is not a listing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListingError {
    #[error("Limit must be between 1 and {LIMIT_MAX}, got: {0}")]
    Limit(String),
    #[error("Offset must be >= 0, got: {0}")]
    Offset(String),
    #[error("Invalid sort fields: [{}]. Valid fields are: [{}]", .0.join(", "), sort_fields().join(", "))]
    Sort(Vec<String>),
    #[error("Invalid filter fields: [{}]. Valid fields are: [{}]", .0.join(", "), FILTER_FIELDS.join(", "))]
    Filter(Vec<String>),
    #[error("orderTimestamp {0}")]
    Timestamp(#[from] crate::domain::moment::MomentError),
    #[error("{0} takes at most {ALTERNATIVES_MAX} values")]
    TooMany(&'static str),
    /// The names live in services that are not connected yet.
    #[error("filtering by {0} is not available yet: filter by another field")]
    NotAvailable(&'static str),
}

#[must_use]
pub fn sort_fields() -> Vec<&'static str> {
    SORT_FIELDS.iter().map(|(name, _)| *name).collect()
}

#[must_use]
pub fn filter_fields() -> &'static [&'static str] {
    &FILTER_FIELDS
}

impl Listing {
    /// Reads the query. Unknown keys are told first: a misspelt filter must never list
    /// everything. Repeated keys add up; an empty value is no filter.
    pub fn parse(pairs: &[(String, String)]) -> Result<Self, ListingError> {
        let known =
            |key: &str| ["limit", "offset", "sort"].contains(&key) || FILTER_FIELDS.contains(&key);
        let unknown: Vec<_> =
            pairs.iter().map(|(key, _)| key).filter(|key| !known(key)).cloned().collect();
        if !unknown.is_empty() {
            return Err(ListingError::Filter(unknown));
        }
        Ok(Self {
            limit: limit(last(pairs, "limit"))?,
            offset: offset(last(pairs, "offset"))?,
            sort: sort(&values(pairs, "sort"))?,
            filter: filter(pairs)?,
        })
    }
}

fn last<'a>(pairs: &'a [(String, String)], key: &str) -> Option<&'a str> {
    let value = pairs.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.trim());
    value.filter(|value| !value.is_empty())
}

/// The comma-separated values of a key, over all its occurrences.
fn values(pairs: &[(String, String)], key: &str) -> Vec<String> {
    let named = pairs.iter().filter(|(name, _)| name == key);
    let parts = named.flat_map(|(_, value)| value.split(',')).map(str::trim);
    parts.filter(|value| !value.is_empty()).map(str::to_owned).collect()
}

fn limit(text: Option<&str>) -> Result<u32, ListingError> {
    let Some(text) = text else { return Ok(LIMIT_DEFAULT) };
    let limit = text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| ListingError::Limit(text.to_owned()))
}

fn offset(text: Option<&str>) -> Result<u64, ListingError> {
    let Some(text) = text else { return Ok(0) };
    // What a database takes as an offset is a signed number.
    let offset = text.parse().ok().filter(|offset| i64::try_from(*offset).is_ok());
    offset.ok_or_else(|| ListingError::Offset(text.to_owned()))
}

fn sort(words: &[String]) -> Result<Vec<Sort>, ListingError> {
    let mut sorts: Vec<Sort> = Vec::new();
    let mut unknown = Vec::new();
    for word in words {
        let (name, descending) = match word.strip_prefix('-') {
            Some(name) => (name, true),
            None => (word.as_str(), false),
        };
        match SORT_FIELDS.iter().find(|(known, _)| *known == name) {
            // A field named twice can only mean what it said first.
            Some((_, field)) if sorts.iter().any(|sort| sort.field == *field) => {}
            Some((_, field)) => sorts.push(Sort { field: *field, descending }),
            None => unknown.push(name.to_owned()),
        }
    }
    if !unknown.is_empty() {
        return Err(ListingError::Sort(unknown));
    }
    // The id makes the order total; what comes after it cannot matter. It runs the same way as
    // the field before it, so that one index serves both directions.
    match sorts.iter().position(|sort| sort.field == SortField::Id) {
        Some(position) => sorts.truncate(position + 1),
        None => {
            let descending = sorts.last().is_some_and(|sort| sort.descending);
            sorts.push(Sort { field: SortField::Id, descending });
        }
    }
    Ok(sorts)
}

fn filter(pairs: &[(String, String)]) -> Result<Filter, ListingError> {
    for field in ["security.ticker", "portfolio.name"] {
        if !values(pairs, field).is_empty() {
            return Err(ListingError::NotAvailable(field));
        }
    }
    let alternatives = |field: &'static str| {
        let values = values(pairs, field);
        if values.len() > ALTERNATIVES_MAX { Err(ListingError::TooMany(field)) } else { Ok(values) }
    };
    let timestamps = alternatives("orderTimestamp")?;
    // A plus sign that was not escaped arrives as a space; no timestamp holds a space.
    let timestamps = timestamps.iter().map(|text| Moment::parse(&text.replace(' ', "+")));
    Ok(Filter {
        blotters: alternatives("blotter.name")?,
        statuses: alternatives("status.abbreviation")?,
        order_types: alternatives("orderType.abbreviation")?,
        timestamps: timestamps.collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &[(&str, &str)]) -> Result<Listing, ListingError> {
        let pairs: Vec<_> = query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Listing::parse(&pairs)
    }

    const BY_ID: Sort = Sort { field: SortField::Id, descending: false };

    #[test]
    fn nothing_asked_is_the_first_fifty_by_id() {
        let listing = parse(&[]).unwrap();

        assert_eq!((listing.limit, listing.offset), (50, 0));
        assert_eq!(listing.sort, [BY_ID]);
        assert_eq!(listing.filter, Filter::default());
    }

    #[test]
    fn the_offset_is_exact() {
        let listing = parse(&[("limit", "25"), ("offset", "37")]).unwrap();

        assert_eq!((listing.limit, listing.offset), (25, 37));
    }

    #[test]
    fn the_id_breaks_ties_and_ends_the_sort() {
        let quantity = Sort { field: SortField::Quantity, descending: true };
        let id = Sort { field: SortField::Id, descending: true };

        assert_eq!(parse(&[("sort", "-quantity,quantity")]).unwrap().sort, [quantity, id]);
        assert_eq!(parse(&[("sort", "-quantity,blotter.name")]).unwrap().sort.last(), Some(&BY_ID));
        assert_eq!(parse(&[("sort", "-id,quantity")]).unwrap().sort, [id]);
    }

    #[test]
    fn commas_and_repetitions_are_alternatives() {
        let listing = parse(&[
            ("status.abbreviation", "NEW,SENT"),
            ("status.abbreviation", "HOLD"),
            ("blotter.name", ""),
        ])
        .unwrap();

        assert_eq!(listing.filter.statuses, ["NEW", "SENT", "HOLD"]);
        assert!(listing.filter.blotters.is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_told_in_the_callers_words() {
        let table = [
            (("limit", "0"), "Limit must be between 1 and 1000, got: 0"),
            (("limit", "1001"), "Limit must be between 1 and 1000, got: 1001"),
            (("limit", "abc"), "Limit must be between 1 and 1000, got: abc"),
            (("offset", "-1"), "Offset must be >= 0, got: -1"),
            (("offset", "9223372036854775808"), "Offset must be >= 0, got: 9223372036854775808"),
            (
                ("sort", "x,-id"),
                "Invalid sort fields: [x]. Valid fields are: [id, security.ticker, portfolio.name, blotter.name, status.abbreviation, orderType.abbreviation, quantity, orderTimestamp]",
            ),
            (
                ("status", "NEW"),
                "Invalid filter fields: [status]. Valid fields are: [security.ticker, portfolio.name, blotter.name, status.abbreviation, orderType.abbreviation, orderTimestamp]",
            ),
            (
                ("orderTimestamp", "today"),
                "orderTimestamp must be an ISO-8601 date and time with offset, such as 2026-01-05T14:30:00.181Z",
            ),
            (
                ("portfolio.name", "A"),
                "filtering by portfolio.name is not available yet: filter by another field",
            ),
        ];
        for (pair, message) in table {
            assert_eq!(parse(&[pair]).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn a_plus_that_became_a_space_is_still_an_offset() {
        let escaped = parse(&[("orderTimestamp", "2026-01-05T16:30:00+02:00")]).unwrap();
        let bare = parse(&[("orderTimestamp", "2026-01-05T16:30:00 02:00")]).unwrap();

        assert_eq!(escaped, bare);
    }
}
