//! GET /api/v1/orders: a page of the list of orders.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::document::{READS, problems};
use super::super::guard::ForReading;
use super::super::json_answer;
use super::super::problem::{Code, Problem};
use super::view::{self, OrderView};
use crate::domain::listing::Listing;
use crate::ports::library::Page;

const BYTES_PER_ORDER: usize = 620;

problems! {
    /// What can go wrong with a page.
    ListProblems: READS, &[Code::InvalidFieldValue, Code::InvalidRequestFormat, Code::FilterNotAvailable];
}

/// Lists orders
///
/// The offset is exact and the order is total: the id breaks ties. Filters: commas and
/// repetitions are alternatives, different fields must all hold, an unknown key is an error.
#[utoipa::path(
    tag = "orders",
    operation_id = "listOrders",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Default 50"),
        ("offset" = Option<u64>, Query, description = "Default 0"),
        ("sort" = Option<String>, Query, description = "Fields by comma, `-` before one for descending; default `id`. Fields: id, security.ticker, portfolio.name, blotter.name, status.abbreviation, orderType.abbreviation, quantity, orderTimestamp. (security.ticker and portfolio.name sort by the id behind the name.)"),
        ("blotter.name" = Option<String>, Query),
        ("status.abbreviation" = Option<String>, Query),
        ("orderType.abbreviation" = Option<String>, Query),
        ("orderTimestamp" = Option<String>, Query, description = "Equality in ISO-8601 with offset"),
        ("security.ticker" = Option<String>, Query, description = "Not available yet: 501"),
        ("portfolio.name" = Option<String>, Query, description = "Not available yet: 501"),
    ),
    responses((status = 200, description = "A page", body = PageAnswer), ListProblems),
)]
#[get("/api/v1/orders")]
pub(in crate::http) async fn list(
    doors: ForReading,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
    let pairs = pairs.map_err(|error| {
        Problem::new(Code::InvalidRequestFormat, format!("The query cannot be read: {error}"))
    })?;
    let listing = Listing::parse(&pairs)?;
    let page = doors.library.orders(&listing).await?;
    let references = view::labels(&*doors.catalogue, &page.orders).await;
    let answer = PageAnswer {
        content: page.orders.iter().map(|order| OrderView::new(order, &references)).collect(),
        pagination: Pagination::new(&listing, &page),
    };
    json_answer(StatusCode::OK, &answer, page.orders.len() * BYTES_PER_ORDER)
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderPage)]
struct PageAnswer<'a> {
    content: Vec<OrderView<'a>>,
    pagination: Pagination,
}

/// Where the page stands, in both styles that callers know.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    page_size: u32,
    offset: u64,
    /// How many orders the filter finds in all: exact.
    total_elements: u64,
    total_pages: u64,
    /// From 0: the page that the offset falls in.
    current_page: u64,
    has_next: bool,
    has_previous: bool,
}

impl Pagination {
    fn new(listing: &Listing, page: &Page) -> Self {
        let size = u64::from(listing.limit);
        Self {
            page_size: listing.limit,
            offset: listing.offset,
            total_elements: page.total,
            total_pages: page.total.div_ceil(size),
            current_page: listing.offset / size,
            has_next: listing.offset.saturating_add(size) < page.total,
            has_previous: listing.offset > 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_knows_where_it_stands() {
        let table = [
            // limit, offset, total: pages, current, next, previous
            ((25, 0, 0), (0, 0, false, false)),
            ((25, 0, 25), (1, 0, false, false)),
            ((25, 0, 26), (2, 0, true, false)),
            ((25, 37, 100), (4, 1, true, true)),
            ((25, 75, 100), (4, 3, false, true)),
            ((25, 500, 100), (4, 20, false, true)),
        ];
        for ((limit, offset, total), expected) in table {
            let listing = Listing { limit, offset, sort: Vec::new(), filter: Default::default() };
            let page = Page { orders: Vec::new(), total };
            let found = Pagination::new(&listing, &page);
            let found = (found.total_pages, found.current_page, found.has_next, found.has_previous);
            assert_eq!(found, expected, "{limit} {offset} {total}");
        }
    }
}
