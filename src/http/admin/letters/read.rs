//! Reading letters: a list with filters, and one with all that is known of it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::super::document::{READS, TAKES_ID, problems};
use super::super::super::guard::ForReading;
use super::super::super::json_answer;
use super::super::super::orders::view;
use super::super::super::problem::{Code, Problem};
use super::super::super::wire::Number;
use super::super::audit::LineAnswer;
use super::super::query::{Query, next_of};
use super::filter::Words;
use super::letter_id;
use super::view::LetterView;
use crate::domain::audit::{AuditQuery, Subject};
use crate::domain::letter::LetterQuery;
use crate::domain::order::Order;
use crate::domain::reference::References;

/// Lines of the audit that are told with a letter.
const HISTORY_MAX: u64 = 100;

problems! {
    /// What can go wrong with a list of letters.
    ListProblems: READS,
        &[Code::AuthenticationError, Code::InvalidFieldValue, Code::InvalidRequestFormat];
    /// What can go wrong with one letter.
    OneProblems: READS, TAKES_ID, &[Code::AuthenticationError];
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LetterPage)]
struct PageAnswer {
    /// The oldest first.
    items: Vec<LetterView>,
    /// The `cursor` of the page that follows.
    #[schema(value_type = Option<String>, required)]
    next: Option<Uuid>,
}

/// A letter with its orders and with what operators did about it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LetterDetails)]
struct DetailsAnswer {
    #[serde(flatten)]
    letter: LetterView,
    #[serde(rename = "orderDetails")]
    orders: Vec<OrderAnswer>,
    /// The newest first.
    history: Vec<LineAnswer>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LetterOrder)]
struct OrderAnswer {
    id: i64,
    #[schema(required, example = "NEW")]
    status: Option<String>,
    portfolio_id: String,
    security_id: String,
    #[schema(schema_with = super::super::super::wire::decimal)]
    quantity: Number,
    #[schema(required)]
    client_order_id: Option<String>,
}

/// Lists letters
#[utoipa::path(
    tag = "admin",
    operation_id = "listLetters",
    params(
        ("state" = Option<String>, Query, description = "waiting, held, reconcile or dead"),
        ("client" = Option<String>, Query),
        ("error" = Option<String>, Query, description = "A part of the last error, in any case"),
        ("olderThan" = Option<String>, Query, description = "A duration such as 5m"),
        ("batch" = Option<String>, Query),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 200, description = "Default 50"),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before"),
    ),
    responses((status = 200, description = "A page", body = PageAnswer), ListProblems),
)]
#[get("/admin/letters")]
pub(in crate::http) async fn list(
    doors: ForReading,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let known = ["state", "client", "error", "olderThan", "batch", "limit", "cursor"];
    let mut given = Query::of(&request, &known)?;
    let now = doors.clock.utc();
    let words = Words {
        state: given.text("state"),
        client: given.text("client"),
        error: given.text("error"),
        older_than: given.text("olderThan"),
        batch: given.text("batch"),
    };
    let limit = given.limit()?;
    let query = LetterQuery { after: given.cursor()?, limit: limit + 1, ..words.parse(now)? };
    let mut letters = doors.library.letters(&query).await?;
    let next = next_of(&mut letters, limit, |letter| letter.id);
    let items: Vec<_> = letters.into_iter().map(|it| LetterView::new(it, now)).collect();
    let size = items.len() * 500;
    json_answer(StatusCode::OK, &PageAnswer { items, next }, size)
}

/// Reads a letter
#[utoipa::path(
    tag = "admin",
    operation_id = "readLetter",
    params(("id" = String, Path)),
    responses((status = 200, description = "The letter", body = DetailsAnswer), OneProblems),
)]
#[get("/admin/letters/{id}")]
pub(in crate::http) async fn read(
    doors: ForReading,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let id = letter_id(&request)?;
    let missing = || Problem::new(Code::NotFound, format!("letter {id} does not exist")).at("id");
    let letter = doors.library.letter(id).await?.ok_or_else(missing)?;
    let orders = doors.library.orders_by_id(&letter.undecided).await?;
    let references = view::labels(&*doors.catalogue, &orders).await;
    let history = AuditQuery {
        kind: Some(Subject::Letter.label().to_owned()),
        target: Some(id.to_string()),
        limit: HISTORY_MAX,
        ..AuditQuery::default()
    };
    let history = doors.library.audit(&history).await?;
    let answer = DetailsAnswer {
        letter: LetterView::new(letter, doors.clock.utc()),
        orders: orders.into_iter().map(|order| OrderAnswer::new(order, &references)).collect(),
        history: history.into_iter().map(LineAnswer::from).collect(),
    };
    json_answer(StatusCode::OK, &answer, 4096)
}

impl OrderAnswer {
    fn new(order: Order, references: &References) -> Self {
        let terms = order.terms;
        Self {
            id: order.id,
            status: references.status(terms.status_id).map(str::to_owned),
            portfolio_id: terms.portfolio_id,
            security_id: terms.security_id,
            quantity: Number(terms.quantity),
            client_order_id: terms.client_order_id,
        }
    }
}
