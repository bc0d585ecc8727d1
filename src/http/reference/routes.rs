//! The routes of the three kinds of reference data.

use actix_web::{HttpResponse, delete, get, post, put};

use super::super::body::Body;
use super::super::document::{
    READS, ReadOneProblems, ReadProblems, TAKES_BODY, TAKES_ID, TAKES_VERSION, WRITES, problems,
};
use super::super::guard::{ForReading, ForWriting};
use super::super::params::{Id, QueryVersion};
use super::super::problem::{Code, Problem};
use super::super::wire::Members;
use super::view::{Abbreviated, Blotter};
use super::wire::{AbbreviatedDraft, BlotterDraft};
use crate::domain::reference::ReferenceKind;

problems! {
    /// What can go wrong with a new row.
    CreateProblems: READS, WRITES, TAKES_BODY;
    /// What can go wrong with the change of a row.
    AmendProblems: READS, WRITES, TAKES_BODY, TAKES_ID, TAKES_VERSION;
    /// What can go wrong with the deletion of a row.
    RemoveProblems: READS, WRITES, TAKES_ID, TAKES_VERSION, &[Code::ResourceInUse];
}

/// The five routes of a kind, in a module of its own.
macro_rules! routes {
    ($module:ident $kind:ident $view:ident $draft:ident $tag:literal
     $many:literal $one:literal $single:literal $plural:literal) => {
        pub(in crate::http) mod $module {
            use super::*;

            const KIND: ReferenceKind = ReferenceKind::$kind;

            #[doc = concat!("Lists all ", $tag)]
            #[utoipa::path(
                tag = $tag,
                summary = concat!("Lists all ", $tag),
                operation_id = concat!("list", $plural),
                responses((status = 200, description = "All rows by id", body = Vec<$view>), ReadProblems),
            )]
            #[get($many)]
            pub(in crate::http) async fn list(doors: ForReading) -> Result<HttpResponse, Problem> {
                super::super::list(&doors, KIND).await
            }

            #[doc = concat!("Reads one of the ", $tag)]
            #[utoipa::path(
                tag = $tag,
                summary = concat!("Reads one of the ", $tag),
                operation_id = concat!("read", $single),
                params(("id" = i32, Path)),
                responses((status = 200, description = "The row", body = $view), ReadOneProblems),
            )]
            #[get($one)]
            pub(in crate::http) async fn read(
                doors: ForReading,
                Id(id): Id,
            ) -> Result<HttpResponse, Problem> {
                super::super::read(&doors, KIND, id).await
            }

            #[doc = concat!("Adds to the ", $tag)]
            #[utoipa::path(
                tag = $tag,
                summary = concat!("Adds to the ", $tag),
                operation_id = concat!("create", $single),
                request_body(content = $draft, content_type = "application/json"),
                responses((status = 200, description = "The new row", body = $view), CreateProblems),
            )]
            #[post($many)]
            pub(in crate::http) async fn create(
                doors: ForWriting,
                body: Body,
            ) -> Result<HttpResponse, Problem> {
                super::super::create(&doors, KIND, body.parse::<Members<$draft<'_>>>()?.0).await
            }

            #[doc = concat!("Changes one of the ", $tag)]
            ///
            /// The body's `version` is the one that was read; it is compared and raised.
            #[utoipa::path(
                tag = $tag,
                summary = concat!("Changes one of the ", $tag),
                operation_id = concat!("amend", $single),
                params(("id" = i32, Path)),
                request_body(content = $draft, content_type = "application/json"),
                responses((status = 200, description = "The changed row", body = $view), AmendProblems),
            )]
            #[put($one)]
            pub(in crate::http) async fn amend(
                doors: ForWriting,
                Id(id): Id,
                body: Body,
            ) -> Result<HttpResponse, Problem> {
                super::super::amend(&doors, KIND, id, body.parse::<Members<$draft<'_>>>()?.0).await
            }

            #[doc = concat!("Deletes one of the ", $tag)]
            ///
            /// Only a row that no order uses, and only at the version that was read.
            #[utoipa::path(
                tag = $tag,
                summary = concat!("Deletes one of the ", $tag),
                operation_id = concat!("remove", $single),
                params(("id" = i32, Path), ("version" = i32, Query, description = "The version that was read")),
                responses((status = 204, description = "The row is deleted"), RemoveProblems),
            )]
            #[delete($one)]
            pub(in crate::http) async fn remove(
                doors: ForWriting,
                Id(id): Id,
                QueryVersion(version): QueryVersion,
            ) -> Result<HttpResponse, Problem> {
                super::super::remove(&doors, KIND, id, version).await
            }
        }
    };
}

routes!(blotters Blotter Blotter BlotterDraft "blotters"
    "/api/v1/blotters" "/api/v1/blotter/{id}" "Blotter" "Blotters");
routes!(statuses Status Abbreviated AbbreviatedDraft "statuses"
    "/api/v1/statuses" "/api/v1/status/{id}" "Status" "Statuses");
routes!(order_types OrderType Abbreviated AbbreviatedDraft "order types"
    "/api/v1/orderTypes" "/api/v1/orderType/{id}" "OrderType" "OrderTypes");

/// Reads one of the order types
///
/// The plural path is the ancestor's code; the singular one is its documentation.
#[utoipa::path(
    tag = "order types",
    operation_id = "readOrderTypePlural",
    params(("id" = i32, Path)),
    responses((status = 200, description = "The row", body = Abbreviated), ReadOneProblems),
)]
#[get("/api/v1/orderTypes/{id}")]
pub(in crate::http) async fn read_order_type_plural(
    doors: ForReading,
    Id(id): Id,
) -> Result<HttpResponse, Problem> {
    super::read(&doors, ReferenceKind::OrderType, id).await
}
