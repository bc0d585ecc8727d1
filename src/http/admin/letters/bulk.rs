//! What an operator decides about many letters at once.
//!
//! The rate is in the letters' due times: all of them are written at once, and so many a second
//! become due. A process that dies in between forgets none.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::super::body::Body;
use super::super::super::document::{READS, TAKES_BODY, WRITES, problems};
use super::super::super::guard::ForWriting;
use super::super::super::problem::{Code, Problem};
use super::super::super::wire::{Members, Text};
use super::super::super::{Doors, json_answer};
use super::super::audit;
use super::super::motive::Motive;
use super::filter::Words;
use super::rule;
use crate::domain::audit::{Deed, Subject};
use crate::domain::decision::{Decision, Ruling};
use crate::domain::letter::{Letter, LetterQuery, LetterState};
use crate::domain::moment::Moment;

/// Letters in one commit.
const STEP: usize = 100;
const LIMIT_DEFAULT: u64 = 1_000;
const LIMIT_MAX: u64 = 10_000;
const RATE_DEFAULT: u32 = 10;
const RATE_MAX: u32 = 1_000;
/// The last one is due no later. What is due much later than any wait reaches counts as due now,
/// since its due time was written before somebody set a clock back.
const SPREAD_MAX: Duration = Duration::from_mins(30);

problems! {
    /// What can go wrong with an order about many letters.
    BulkProblems: READS, WRITES, TAKES_BODY, &[Code::AuthenticationError];
}

/// An order about all letters that a filter finds.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LettersOrder)]
struct OrderBody<'a> {
    /// All of its members must fit; without `state` it finds dead letters.
    #[serde(borrow, default)]
    filter: FilterBody<'a>,
    /// Only tells how many it would be.
    #[serde(default = "dry")]
    dry_run: bool,
    /// So many of those that go on become due in a second: 1 to 1000, 10 by default.
    rate_per_second: Option<u32>,
    /// Letters at most, the oldest first: 1 to 10000, 1000 by default.
    limit: Option<u64>,
    /// Discards also what may have been placed.
    #[serde(default)]
    force: bool,
    #[serde(borrow)]
    #[schema(value_type = String, required, max_length = 200)]
    reason: Option<Text<'a>>,
    /// Who orders it, for the audit.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 64)]
    operator: Option<Text<'a>>,
}

/// The same words as in the query of the list. One that is not known is refused.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = LetterFilter)]
struct FilterBody<'a> {
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    state: Option<Text<'a>>,
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    client: Option<Text<'a>>,
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    error: Option<Text<'a>>,
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    older_than: Option<Text<'a>>,
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    batch: Option<Text<'a>>,
}

const fn dry() -> bool {
    true
}

/// What became of the letters that the filter found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LettersDecided)]
struct BulkAnswer {
    /// Letters that the filter found, up to the limit.
    matched: usize,
    done: usize,
    failed: Vec<FailedAnswer>,
    dry_run: bool,
    /// What did not go well, although it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    warning: Option<String>,
}

/// A letter that the decision could not be made about, and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LetterNotDecided)]
struct FailedAnswer {
    #[schema(value_type = String)]
    id: Uuid,
    #[schema(example = "LETTER_BUSY")]
    code: &'static str,
}

/// Lets many letters go on
#[utoipa::path(
    tag = "admin",
    operation_id = "requeueLetters",
    request_body(content = OrderBody, content_type = "application/json"),
    responses((status = 200, description = "What became of them", body = BulkAnswer), BulkProblems),
)]
#[post("/admin/letters/requeue")]
pub(in crate::http) async fn requeue(
    doors: ForWriting,
    body: Body,
) -> Result<HttpResponse, Problem> {
    decide(&doors, &body, |_| Decision::Requeue).await
}

/// Discards many dead letters
#[utoipa::path(
    tag = "admin",
    operation_id = "discardLetters",
    request_body(content = OrderBody, content_type = "application/json"),
    responses((status = 200, description = "What became of them", body = BulkAnswer), BulkProblems),
)]
#[post("/admin/letters/discard")]
pub(in crate::http) async fn discard(
    doors: ForWriting,
    body: Body,
) -> Result<HttpResponse, Problem> {
    decide(&doors, &body, |order| Decision::Discard { force: order.force }).await
}

async fn decide(
    doors: &Doors,
    body: &Body,
    decision: fn(&OrderBody<'_>) -> Decision,
) -> Result<HttpResponse, Problem> {
    let Members(order) = body.parse::<Members<OrderBody<'_>>>()?;
    let (decision, dry_run) = (decision(&order), order.dry_run);
    let (limit, rate) = (limit(order.limit)?, rate(order.rate_per_second)?);
    let motive = Motive::of(order.reason, order.operator)?;
    let query = order.filter.parse(doors.clock.utc())?;
    let letters = doors.library.letters(&LetterQuery { limit, ..query }).await?;
    check_spread(letters.len(), rate)?;
    let mut answer =
        BulkAnswer { matched: letters.len(), done: 0, failed: Vec::new(), dry_run, warning: None };
    if !dry_run {
        carry_out(doors, decision, &motive, &due(letters, rate, doors), &mut answer).await?;
    }
    json_answer(StatusCode::OK, &answer, 128 + answer.failed.len() * 72)
}

/// Step by step; what is done when one fails stays done, each letter with its line.
async fn carry_out(
    doors: &Doors,
    decision: Decision,
    motive: &Motive,
    letters: &[(Uuid, Moment)],
    answer: &mut BulkAnswer,
) -> Result<(), Problem> {
    for step in letters.chunks(STEP) {
        let signature = motive.sign(doors);
        let outcomes = rule(doors, Ruling { decision, signature, letters: step.to_vec() }).await?;
        for ((id, _), outcome) in step.iter().zip(outcomes) {
            match outcome {
                Ok(_) => answer.done += 1,
                Err(why) => {
                    let code = Problem::from(why).code().name();
                    answer.failed.push(FailedAnswer { id: *id, code });
                }
            }
        }
    }
    let deed = Deed::new(Subject::Letters, "a filter", decision.label());
    let (matched, done, failed) = (answer.matched, answer.done, answer.failed.len());
    let deed =
        deed.changing(format!("{matched} found"), format!("{done} done, {failed} not possible"));
    answer.warning = audit::note(doors, motive, deed).await;
    Ok(())
}

/// When each letter is due, so many in a second.
fn due(letters: Vec<Letter>, rate: u32, doors: &Doors) -> Vec<(Uuid, Moment)> {
    let (now, gap) = (doors.clock.utc(), Duration::from_secs(1) / rate);
    let moments = (0..).map(|turn| now.plus(gap.saturating_mul(turn)));
    letters.into_iter().map(|letter| letter.id).zip(moments).collect()
}

fn check_spread(letters: usize, rate: u32) -> Result<(), Problem> {
    let letters = u32::try_from(letters).unwrap_or(u32::MAX);
    if (Duration::from_secs(1) / rate).saturating_mul(letters) <= SPREAD_MAX {
        return Ok(());
    }
    let message = format!(
        "{letters} letters at {rate} a second take longer than half an hour: raise ratePerSecond or lower limit"
    );
    Err(Problem::new(Code::InvalidFieldValue, message).at("ratePerSecond"))
}

fn limit(given: Option<u64>) -> Result<u64, Problem> {
    let limit = given.unwrap_or(LIMIT_DEFAULT);
    let message = || format!("limit must be a number from 1 to {LIMIT_MAX}, got: {limit}");
    let invalid = || Problem::new(Code::InvalidFieldValue, message()).at("limit");
    (1..=LIMIT_MAX).contains(&limit).then_some(limit).ok_or_else(invalid)
}

fn rate(given: Option<u32>) -> Result<u32, Problem> {
    let rate = given.unwrap_or(RATE_DEFAULT);
    let message = || format!("ratePerSecond must be a number from 1 to {RATE_MAX}, got: {rate}");
    let invalid = || Problem::new(Code::InvalidFieldValue, message()).at("ratePerSecond");
    (1..=RATE_MAX).contains(&rate).then_some(rate).ok_or_else(invalid)
}

impl FilterBody<'_> {
    fn parse(self, now: Moment) -> Result<LetterQuery, Problem> {
        let text = |text: Option<Text<'_>>| text.map(|Text(text)| text.into_owned());
        let words = Words {
            state: text(self.state),
            client: text(self.client),
            error: text(self.error),
            older_than: text(self.older_than),
            batch: text(self.batch),
        };
        let query = words.parse(now)?;
        Ok(LetterQuery { state: query.state.or(Some(LetterState::Dead)), ..query })
    }
}
