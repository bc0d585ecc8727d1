//! The audit: what operators ordered, kept for good.

use uuid::Uuid;

use super::moment::Moment;

/// Characters of a reason: a sentence or two.
pub const REASON_LENGTH_MAX: usize = 200;
/// Characters of an operator's name.
pub const OPERATOR_LENGTH_MAX: usize = 64;
/// Whoever does not say its name.
pub const NOBODY: &str = "unnamed";

/// What sort of thing somebody gave an order about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Breaker,
    Letter,
    /// All letters that a filter found.
    Letters,
    Destination,
    Client,
    Log,
}

impl Subject {
    /// The word that is stored.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Breaker => "breaker",
            Self::Letter => "letter",
            Self::Letters => "letters",
            Self::Destination => "destination",
            Self::Client => "client",
            Self::Log => "log",
        }
    }
}

/// Who ordered something, when, where and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub at: Moment,
    pub operator: String,
    pub reason: String,
    /// The instance that heard it.
    pub instance: String,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// What sort of thing it was done to: the label of a [`Subject`], or one of a newer binary.
    pub kind: String,
    pub target: String,
    pub action: String,
    /// How it stood before and after, for people.
    pub before: Option<String>,
    pub after: Option<String>,
}

impl Deed {
    #[must_use]
    pub fn new(subject: Subject, target: impl Into<String>, action: impl Into<String>) -> Self {
        let (kind, target, action) = (subject.label().to_owned(), target.into(), action.into());
        Self { kind, target, action, before: None, after: None }
    }

    #[must_use]
    pub fn changing(mut self, before: impl Into<String>, after: impl Into<String>) -> Self {
        (self.before, self.after) = (Some(before.into()), Some(after.into()));
        self
    }
}

impl Signature {
    /// Who did this, and why, in a sentence.
    #[must_use]
    pub fn tell(&self, deed: &Deed) -> String {
        let Deed { kind, target, action, before, after } = deed;
        let change = match (before, after) {
            (Some(before), Some(after)) => format!(" ({before}, then {after})"),
            _ => String::new(),
        };
        let (operator, reason) = (&self.operator, &self.reason);
        format!("{operator} ordered {action} of {kind} {target}: {reason}{change}")
    }
}

/// A line of the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    pub id: Uuid,
    pub signature: Signature,
    pub deed: Deed,
}

/// Which lines somebody wants to see; None is any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    pub kind: Option<String>,
    pub target: Option<String>,
    pub operator: Option<String>,
    pub since: Option<Moment>,
    /// A part of how the target stood before.
    pub mentions: Option<String>,
    /// Only those that were written before this one.
    pub before: Option<Uuid>,
    pub limit: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deed_is_told_with_its_doer_its_reason_and_what_it_changed() {
        let signature = Signature {
            at: Moment::from_micros(0),
            operator: "ann".to_owned(),
            reason: "a drill".to_owned(),
            instance: "here".to_owned(),
        };
        let deed = Deed::new(Subject::Breaker, "pool", "RESET");

        assert_eq!(signature.tell(&deed), "ann ordered RESET of breaker pool: a drill");
        let told = signature.tell(&deed.changing("OPEN", "CLOSED"));
        assert_eq!(told, "ann ordered RESET of breaker pool: a drill (OPEN, then CLOSED)");
    }
}
