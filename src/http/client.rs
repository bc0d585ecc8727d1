//! Who asks: `X-Client-Id`, else the one anonymous client.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::problem::{Code, Problem};
use crate::domain::client::ClientId;

const HEADER: &str = "X-Client-Id";

pub(super) struct Client(pub(super) ClientId);

impl FromRequest for Client {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let client = match request.headers().get(HEADER) {
            Some(value) => ClientId::from_header(value.as_bytes()),
            None => Ok(ClientId::default()),
        };
        let problem =
            |error| Problem::new(Code::InvalidFieldValue, format!("{HEADER} {error}")).at(HEADER);
        ready(client.map(Self).map_err(problem))
    }
}
