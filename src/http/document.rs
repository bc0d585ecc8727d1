//! The OpenAPI document: what it says beside what the routes say themselves.

use std::collections::BTreeMap;

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::info::{Info, InfoBuilder, LicenseBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{ContentBuilder, Object, OpenApi, Ref, RefOr, Type};
use utoipa::{PartialSchema, ToSchema};

use weir_client::wire::Problem;

use super::problem::Code;

const ABOUT: &str = "Holds orders fast on disk and hands them to the trade service, each exactly \
    once. Every answer that is not a success has the shape `Problem`; an unknown route answers 404 \
    and a wrong method 405 (with `Allow`) in that shape too. Every answer carries `X-Request-Id`: \
    the caller's, or a new one.";

/// Completes a document that holds the routes.
pub(super) fn complete(document: &mut OpenApi, title: &str) {
    document.info = info(title);
    let components = document.components.get_or_insert_default();
    let mut schemas = vec![(Problem::name().into_owned(), Problem::schema())];
    Problem::schemas(&mut schemas);
    components.schemas.extend(schemas);
}

fn info(title: &str) -> Info {
    let mut license = LicenseBuilder::new().name("MIT").build();
    license.identifier = Some("MIT".to_owned());
    InfoBuilder::new()
        .title(title)
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(license))
        .build()
}

/// The problems that a kind of route can answer with.
pub(super) const READS: &[Code] = &[
    Code::ServiceOverloaded,
    Code::DatabaseUnavailable,
    Code::DatabaseTimeout,
    Code::AnswerTimeout,
    Code::DatabaseError,
    Code::InternalError,
];
pub(super) const WRITES: &[Code] =
    &[Code::ServiceStopping, Code::OutcomeUnknown, Code::StorageFull];
pub(super) const TAKES_BODY: &[Code] = &[
    Code::InvalidRequestFormat,
    Code::MissingRequiredField,
    Code::InvalidFieldValue,
    Code::ValidationError,
    Code::UnsupportedMediaType,
    Code::PayloadTooLarge,
    Code::RequestTimeout,
];
/// A route that takes an `Idempotency-Key`.
pub(super) const KEYED: &[Code] = &[Code::InvalidFieldValue, Code::IdempotencyKeyReused];
pub(super) const TAKES_ID: &[Code] = &[Code::InvalidFieldValue, Code::NotFound];
pub(super) const TAKES_VERSION: &[Code] =
    &[Code::MissingRequiredField, Code::InvalidFieldValue, Code::VersionConflict];

/// Names sets of problems, for the `responses` of routes.
macro_rules! problems {
    ($(#[doc = $doc:literal] $name:ident: $($codes:expr),+;)+) => {$(
        #[doc = $doc]
        pub(in crate::http) enum $name {}

        impl utoipa::IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<
                String,
                utoipa::openapi::RefOr<utoipa::openapi::response::Response>,
            > {
                $crate::http::document::describe(&[$(&$codes[..]),+].concat())
            }
        }
    )+};
}
pub(super) use problems;

problems! {
    /// A route that only reads.
    ReadProblems: READS;
    /// A route that reads one row.
    ReadOneProblems: READS, TAKES_ID;
}

/// One response per status, which lists its codes.
pub(super) fn describe(codes: &[Code]) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<String, Vec<Code>> = BTreeMap::new();
    for code in codes {
        let same = by_status.entry(code.status().as_str().to_owned()).or_default();
        if !same.contains(code) {
            same.push(*code);
        }
    }
    by_status.into_iter().map(|(status, codes)| (status, response(&codes).into())).collect()
}

fn response(codes: &[Code]) -> Response {
    let lines: Vec<_> =
        codes.iter().map(|code| format!("`{}`: {}", code.name(), code.title())).collect();
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let mut response =
        ResponseBuilder::new().description(lines.join("\n\n")).content("application/json", content);
    if codes.iter().any(|code| code.is_retryable()) {
        let header = HeaderBuilder::new()
            .schema(Some(Object::with_type(Type::Integer)))
            .description(Some("Seconds to wait, 1 to 60"))
            .build();
        response = response.header("Retry-After", header);
    }
    response.build()
}
