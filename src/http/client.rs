//! Who asks: `X-Client-Id`, else the one anonymous client; for fairness, the anonymous are told apart by
//! the address that they call from.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::problem::{Code, Problem};
use crate::domain::caller::Caller;
use crate::domain::client::ClientId;

const HEADER: &str = "X-Client-Id";

pub(super) struct Client(pub(super) ClientId);

/// A client, and whose share of the house it takes.
pub(super) struct Asker {
    pub(super) client: ClientId,
    pub(super) caller: Caller,
}

impl FromRequest for Asker {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

impl Asker {
    pub(super) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let client = client(request)?;
        let peer = request.peer_addr().map(|peer| peer.ip().to_string());
        let caller = Caller::of(&client, peer.as_deref());
        Ok(Self { client, caller })
    }
}

impl FromRequest for Client {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(client(request).map(Self))
    }
}

fn client(request: &HttpRequest) -> Result<ClientId, Problem> {
    let client = match request.headers().get(HEADER) {
        Some(value) => ClientId::from_header(value.as_bytes()),
        None => Ok(ClientId::default()),
    };
    let problem =
        |error| Problem::new(Code::InvalidFieldValue, format!("{HEADER} {error}")).at(HEADER);
    client.map_err(problem)
}
