//! Who orders something, and why: every order to the house carries it.

use clap::Args;
use serde_json::{Map, Value};

/// What every order must have.
#[derive(Args)]
pub(super) struct Motive {
    /// Why, for the audit and for whoever looks next.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    operator: Operator,
}

#[derive(Args)]
pub(super) struct Operator {
    /// Who orders it, for the audit; without it, the name of the account ($USER).
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
}

impl Motive {
    /// The body of an order, with who and why.
    pub(super) fn sign<const MEMBERS: usize>(&self, members: [(&str, Value); MEMBERS]) -> Value {
        let mut body: Map<_, _> =
            members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        body.insert("reason".to_owned(), self.reason.clone().into());
        body.insert("operator".to_owned(), self.operator.name().into());
        Value::Object(body)
    }
}

impl Operator {
    pub(super) fn name(&self) -> Option<String> {
        self.operator.clone().or_else(|| std::env::var("USER").ok())
    }
}
