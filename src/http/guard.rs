//! The doors as a handler gets them: only when the house is open for what it is about to do.
//!
//! A handler asks for one of these first. Arguments of a handler are made in turn, so a closed
//! house answers before a byte of the body is read. The same holds for the breaker of the
//! connection pool: every route that has such a door needs the pool, and no other route does.
//! While the breaker is closed, passing it costs no message.

use std::future::{Ready, ready};
use std::ops::Deref;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures_util::future::{Either, LocalBoxFuture};

use super::client::Asker;
use super::problem::{Code, Problem};
use super::{Doors, key, mapping};
use crate::actors::circuit_breaker::{Permit, Refusal};
use crate::ports::gauge::DatabaseState;

/// The database serves, and the pool's breaker lets through.
pub(super) struct ForReading(web::Data<Doors>);

/// The same, and the house is not closing.
pub(super) struct ForWriting(web::Data<Doors>);

/// The same, and this caller has something left of its quota and was not told to come later a
/// moment ago.
pub(super) struct ForSubmitting(web::Data<Doors>);

impl Deref for ForSubmitting {
    type Target = Doors;

    fn deref(&self) -> &Doors {
        &self.0
    }
}

impl Deref for ForReading {
    type Target = Doors;

    fn deref(&self) -> &Doors {
        &self.0
    }
}

impl Deref for ForWriting {
    type Target = Doors;

    fn deref(&self) -> &Doors {
        &self.0
    }
}

impl FromRequest for ForReading {
    type Error = Problem;
    type Future = Passing<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let checked = doors(request).and_then(|doors| {
            check_serving(&doors)?;
            Ok(doors)
        });
        pass(request, checked, Self)
    }
}

impl FromRequest for ForWriting {
    type Error = Problem;
    type Future = Passing<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        pass(request, for_writing(request), Self)
    }
}

impl FromRequest for ForSubmitting {
    type Error = Problem;
    type Future = Passing<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let checked = for_writing(request).and_then(|doors| {
            check_welcome(&doors, request)?;
            Ok(doors)
        });
        pass(request, checked, Self)
    }
}

fn for_writing(request: &HttpRequest) -> Result<web::Data<Doors>, Problem> {
    let doors = doors(request)?;
    if doors.is_draining() {
        return Err(mapping::stopping());
    }
    check_serving(&doors)?;
    Ok(doors)
}

/// Who has brought all that it may hears it, and who was told to come later a moment ago hears it
/// again, without a question to anybody.
fn check_welcome(doors: &Doors, request: &HttpRequest) -> Result<(), Problem> {
    if doors.quotas.is_none() && doors.doorway.is_wide_open() {
        return Ok(());
    }
    let Asker { client, caller } = Asker::of(request)?;
    let key = key::given(request.headers())?;
    let key = key.as_deref().map(|key| (&client, key));
    let now = doors.clock.instant();
    if let Some(quotas) = &doors.quotas {
        quotas.count(request, &caller);
        if !key.is_some_and(|(client, key)| doors.doorway.knows(client, key)) {
            quotas.look(&caller, now)?;
        }
    }
    match doors.doorway.refusal(&caller, key, now) {
        Some(wait) => Err(mapping::overloaded(wait)),
        None => Ok(()),
    }
}

/// On its way past the pool's breaker: at once, unless the breaker must be asked.
type Passing<T> = Either<Ready<Result<T, Problem>>, LocalBoxFuture<'static, Result<T, Problem>>>;

/// A request that the pool's breaker judges by. Whatever ends the request without a word, also
/// its caller's leaving and a panic, gives the permit back.
pub(super) struct Probe(Permit);

impl Probe {
    /// The one that a request carries, if it is one.
    pub(super) fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions_mut().remove()
    }

    /// Says what became of the request. A problem that says nothing about the pool is as if it
    /// had not been asked.
    pub(super) fn ended(self, problem: Option<&Problem>, took: Duration) {
        let Self(permit) = self;
        match problem.map(|problem| (problem.accused(), problem.code())) {
            None => permit.succeeded(took),
            Some((Some(kind), _)) => permit.failed(kind, took),
            Some((None, code)) if OF_THE_DATABASE.contains(&code) => permit.succeeded(took),
            Some((None, _)) => permit.ignored(),
        }
    }
}

/// Problems that the database found: it did answer.
const OF_THE_DATABASE: [Code; 5] = [
    Code::NotFound,
    Code::VersionConflict,
    Code::ResourceInUse,
    Code::InvalidOrderState,
    Code::OrderInSubmission,
];

fn pass<T: 'static>(
    request: &HttpRequest,
    checked: Result<web::Data<Doors>, Problem>,
    open: fn(web::Data<Doors>) -> T,
) -> Passing<T> {
    let doors = match checked {
        Ok(doors) => doors,
        Err(problem) => return Either::Left(ready(Err(problem))),
    };
    if let Some(answer) = doors.pool_breaker.permit_unasked() {
        return Either::Left(ready(admit(request, answer).map(|()| open(doors))));
    }
    let request = request.clone();
    Either::Right(Box::pin(async move {
        admit(&request, doors.pool_breaker.permit().await)?;
        Ok(open(doors))
    }))
}

/// Leaves the permit with the request, if somebody waits for its outcome.
fn admit(request: &HttpRequest, answer: Result<Permit, Refusal>) -> Result<(), Problem> {
    let permit = answer?;
    if permit.is_heard() {
        request.extensions_mut().insert(Probe(permit));
    }
    Ok(())
}

/// The doors, whether open or not.
pub(super) fn doors(request: &HttpRequest) -> Result<web::Data<Doors>, Problem> {
    let missing = || {
        Problem::new(Code::InternalError, Code::InternalError.title()).inside("no doors in the app")
    };
    request.app_data::<web::Data<Doors>>().cloned().ok_or_else(missing)
}

fn check_serving(doors: &Doors) -> Result<(), Problem> {
    match away(&doors.gauge.state()) {
        Some(reason) => Err(Problem::new(Code::DatabaseUnavailable, reason)),
        None => Ok(()),
    }
}

/// Why the database does not serve, in a sentence that gives nothing away.
pub(super) fn away(state: &DatabaseState) -> Option<&'static str> {
    match state {
        DatabaseState::Serving => None,
        DatabaseState::Starting => Some("The database has not been reached yet since the start"),
        DatabaseState::Away { .. } => Some("The database is away and is being looked for"),
    }
}
