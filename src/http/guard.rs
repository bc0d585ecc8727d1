//! The doors as a handler gets them: only when the house is open for what it is about to do.
//!
//! A handler asks for one of these first. Arguments of a handler are made in turn, so a closed
//! house answers before a byte of the body is read.

use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};

use super::problem::{Code, Problem};
use super::{Doors, mapping};
use crate::ports::gauge::DatabaseState;

/// The database serves.
pub(super) struct ForReading(web::Data<Doors>);

/// The database serves, and the house is not closing.
pub(super) struct ForWriting(web::Data<Doors>);

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
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(doors(request).and_then(|doors| {
            check_serving(&doors)?;
            Ok(Self(doors))
        }))
    }
}

impl FromRequest for ForWriting {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(doors(request).and_then(|doors| {
            if doors.is_draining() {
                return Err(mapping::stopping());
            }
            check_serving(&doors)?;
            Ok(Self(doors))
        }))
    }
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
