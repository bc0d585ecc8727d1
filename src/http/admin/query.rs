//! The query of a list: its page and its filters. What is not known is refused, since a filter with
//! a typing mistake would find everything.

use std::collections::HashMap;
use std::str::FromStr;

use actix_web::{HttpRequest, web};
use uuid::Uuid;

use super::super::problem::{Code, Problem};
use crate::domain::moment::Moment;

const LIMIT_DEFAULT: u64 = 50;
const LIMIT_MAX: u64 = 200;

/// The parameters of a query, each taken once.
pub(super) struct Query(HashMap<String, String>);

impl Query {
    /// The query of a request that may have these parameters.
    pub(super) fn of(request: &HttpRequest, known: &[&str]) -> Result<Self, Problem> {
        let pairs = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
        let pairs = pairs.map_err(|error| {
            Problem::new(Code::InvalidRequestFormat, format!("The query cannot be read: {error}"))
        })?;
        let pairs: Vec<_> = pairs.into_inner();
        if let Some((name, _)) = pairs.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            let message = format!("There is no parameter {name}: known are {}", known.join(", "));
            return Err(Problem::new(Code::InvalidFieldValue, message).at(name));
        }
        Ok(Self(pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect()))
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// A value of its own kind; `what` says what it must be.
    pub(super) fn value<T: FromStr>(
        &mut self,
        name: &str,
        what: &str,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let invalid = |_| {
            let message = format!("{name} must be {what}, got: {text}");
            Problem::new(Code::InvalidFieldValue, message).at(name)
        };
        text.parse().map(Some).map_err(invalid)
    }

    pub(super) fn moment(&mut self, name: &str) -> Result<Option<Moment>, Problem> {
        let parse = |text: String| {
            let invalid = |error: crate::domain::moment::MomentError| {
                Problem::new(Code::InvalidFieldValue, format!("{name} {error}")).at(name)
            };
            Moment::parse(&text).map_err(invalid)
        };
        self.text(name).map(parse).transpose()
    }

    /// How many rows a page has.
    pub(super) fn limit(&mut self) -> Result<u64, Problem> {
        let what = format!("a number from 1 to {LIMIT_MAX}");
        let limit = self.value("limit", &what)?.unwrap_or(LIMIT_DEFAULT);
        if (1..=LIMIT_MAX).contains(&limit) {
            return Ok(limit);
        }
        let message = format!("limit must be {what}, got: {limit}");
        Err(Problem::new(Code::InvalidFieldValue, message).at("limit"))
    }

    /// Where the page begins: the `next` of the page before.
    pub(super) fn cursor(&mut self) -> Result<Option<Uuid>, Problem> {
        self.value("cursor", "the next of an answer")
    }
}

/// Takes the row too many, which tells that there is a further page. Answers with the place where
/// that begins.
pub(super) fn next_of<Row>(
    rows: &mut Vec<Row>,
    limit: u64,
    id: impl Fn(&Row) -> Uuid,
) -> Option<Uuid> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if rows.len() <= limit {
        return None;
    }
    rows.truncate(limit);
    rows.last().map(id)
}
