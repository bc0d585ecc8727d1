//! Ids in paths and versions in queries: integers, or a problem that names them.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};

use super::problem::{Code, Problem};

/// The `{id}` of a path.
pub(super) struct Id(pub(super) i64);

impl FromRequest for Id {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = request.match_info().query("id");
        let problem = |_| {
            let message = format!("id must be an integer, got: {text}");
            Problem::new(Code::InvalidFieldValue, message).at("id")
        };
        ready(text.parse().map(Self).map_err(problem))
    }
}

/// The `version` of a query: which state of the row its sender means.
pub(super) struct QueryVersion(pub(super) i32);

impl FromRequest for QueryVersion {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(query_version(request.query_string()).map(Self))
    }
}

fn query_version(query: &str) -> Result<i32, Problem> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(query);
    let pairs = pairs.map(web::Query::into_inner).unwrap_or_default();
    let text = pairs.into_iter().rev().find(|(key, _)| key == "version").map(|(_, value)| value);
    let text = text.filter(|text| !text.trim().is_empty()).ok_or_else(version_missing)?;
    text.trim().parse().map_err(|_| version_invalid(&text))
}

/// The `version` of a body that must have one.
pub(super) fn version(given: Option<i64>) -> Result<i32, Problem> {
    let given = given.ok_or_else(version_missing)?;
    i32::try_from(given).map_err(|_| version_invalid(&given.to_string()))
}

fn version_missing() -> Problem {
    Problem::new(Code::MissingRequiredField, "Version is required: the one that was read")
        .at("version")
}

fn version_invalid(text: &str) -> Problem {
    Problem::new(Code::InvalidFieldValue, format!("Version must be an integer, got: {text}"))
        .at("version")
}
