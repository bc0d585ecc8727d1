//! Who asks, for fairness and for quotas: whoever has a name by it, everybody else by the address
//! they call from.
//!
//! The address serves these two alone. Whose orders they are, and which request is which, is told
//! by the [`ClientId`]: behind one address may be many, and one may have many addresses.

use std::fmt;
use std::sync::Arc;

use super::client::ClientId;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    Named(ClientId),
    From(Arc<str>),
    /// Neither name nor address.
    Nobody,
}

impl Caller {
    /// Who has a name is known by it, wherever it calls from.
    #[must_use]
    pub fn of(client: &ClientId, peer: Option<&str>) -> Self {
        match peer {
            _ if *client != ClientId::default() => Self::Named(client.clone()),
            Some(address) => Self::From(address.into()),
            None => Self::Nobody,
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Named(client) => client.as_str(),
            Self::From(address) => address,
            Self::Nobody => "nobody",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_wherever_it_calls_from_and_else_the_address() {
        let named = ClientId::from_header(b"desk-7").unwrap();
        let address = "127.0.0.1";

        assert_eq!(Caller::of(&named, Some(address)), Caller::Named(named));
        assert_eq!(Caller::of(&ClientId::default(), Some(address)), Caller::From(address.into()));
        assert_eq!(Caller::of(&ClientId::default(), None), Caller::Nobody);
    }
}
