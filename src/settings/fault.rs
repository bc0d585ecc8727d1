//! What is wrong with the settings, told in one piece: an operator mends a file once, not a key at
//! a time.

use std::fmt;

use super::layers::Origin;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A layer that could not be understood, so that its keys are not known.
    Layer {
        /// Which file.
        origin: Origin,
        /// Where it stopped making sense, counted from 1.
        line: Option<usize>,
        /// What is wrong there.
        problem: String,
    },
    /// A name that is not a setting. Its value is not told: the name may be a mistyped secret.
    Unknown {
        /// The key as it was given.
        key: String,
        /// Who gave it.
        origin: Origin,
        /// What it should have been, when that is known.
        hint: String,
    },
    /// A value that is not what its key takes, or that contradicts another one.
    Value {
        /// The key.
        key: String,
        /// The value, already without secrets.
        value: String,
        /// Who gave it.
        origin: Origin,
        /// What it must be: the end of a sentence that begins with "must".
        must: String,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layer { origin, line: Some(line), problem } => {
                write!(f, "{origin}, line {line}: {problem}")
            }
            Self::Layer { origin, line: None, problem } => write!(f, "{origin}: {problem}"),
            Self::Unknown { key, origin, hint } => write!(f, "{key} (from {origin}): {hint}"),
            Self::Value { key, value, origin, must } => {
                write!(f, "{key} = {value} (from {origin}): must {must}")
            }
        }
    }
}

/// All that is wrong, one fault per line when displayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        Self(faults)
    }

    /// The faults, in the order of the settings.
    pub fn list(&self) -> &[Fault] {
        &self.0
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
