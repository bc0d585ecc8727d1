//! The layers, laid on each other: defaults, a file, the environment, flags.
//!
//! Every layer is flattened to `section.key = value`; a later layer replaces single keys of an
//! earlier one. What stays is one value per key, and who gave it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io;

use toml::{Table, Value};

use super::fault::Fault;

/// The first layer, and the list of all keys.
pub const DEFAULT_TOML: &str = include_str!("../../config/default.toml");

/// Environment variables that begin with this are settings, all of them.
const ENVIRONMENT_PREFIX: &str = "WEIR__";

/// All layers but the defaults, as they come from outside. Nothing here reads the process: tests
/// and the command line hand in what they have.
#[derive(Default)]
pub struct Sources {
    /// The file of `--config`.
    pub file: Option<SettingsFile>,
    /// The environment, whole; only variables that begin with `WEIR__` are looked at.
    pub environment: Vec<(OsString, OsString)>,
    /// `--set KEY=VALUE` and its short forms, in order: the last one wins.
    pub flags: Vec<(String, String)>,
}

/// A settings file that was read, or could not be.
pub struct SettingsFile {
    /// Its path, as it was given.
    pub name: String,
    /// Its text, or why there is none: a missing file is one fault among the others.
    pub text: io::Result<String>,
}

/// Who gave a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `config/default.toml`, compiled in.
    Default,
    /// The file of that name.
    File(String),
    /// The variable of that name.
    Environment(String),
    /// The command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(name) => write!(f, "file {name}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag => f.write_str("flag"),
        }
    }
}

/// A value and who gave it.
pub(super) struct Entry {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

impl Entry {
    /// The value as text.
    pub(super) fn text(&self) -> Option<&str> {
        self.value.as_str()
    }

    /// The value as a whole number. Text is one only where text is all that can be given: in the
    /// environment and in flags.
    pub(super) fn whole(&self) -> Option<i64> {
        match self.origin {
            Origin::Default | Origin::File(_) => self.value.as_integer(),
            Origin::Environment(_) | Origin::Flag => self.value.as_str()?.parse().ok(),
        }
    }

    /// The value as a number with or without a point; text as in [`Entry::whole`].
    pub(super) fn number(&self) -> Option<f64> {
        match self.origin {
            Origin::Default | Origin::File(_) => {
                let whole = || self.value.as_integer().and_then(|it| i32::try_from(it).ok());
                self.value.as_float().or_else(|| whole().map(f64::from))
            }
            Origin::Environment(_) | Origin::Flag => self.value.as_str()?.parse().ok(),
        }
    }

    /// The value as it would stand in a file for a key that takes text.
    pub(super) fn shown(&self) -> String {
        self.value.to_string()
    }

    /// The value as it would stand in a file for a key that takes a whole number.
    pub(super) fn shown_whole(&self) -> String {
        self.whole().map_or_else(|| self.shown(), |number| number.to_string())
    }

    /// The value as it would stand in a file for a key that takes a number.
    pub(super) fn shown_number(&self) -> String {
        self.number().map_or_else(|| self.shown(), |number| Value::from(number).to_string())
    }
}

/// One value per key.
pub(super) struct Layers(BTreeMap<String, Entry>);

impl Layers {
    /// Lays the sources on the defaults. A layer that cannot be understood is a fault and is left
    /// out; the others are still looked at.
    pub(super) fn stack(sources: Sources, faults: &mut Vec<Fault>) -> Self {
        let mut layers = Self(BTreeMap::new());
        layers.add_toml(DEFAULT_TOML, &Origin::Default, faults);
        if let Some(SettingsFile { name, text }) = sources.file {
            let origin = Origin::File(name);
            match text {
                Ok(text) => layers.add_toml(&text, &origin, faults),
                Err(error) => {
                    let problem = format!("cannot be read: {error}");
                    faults.push(Fault::Layer { origin, line: None, problem });
                }
            }
        }
        for (name, value) in sources.environment {
            layers.add_variable(&name, value, faults);
        }
        for (key, value) in sources.flags {
            layers.put(key, Value::String(value), Origin::Flag);
        }
        layers
    }

    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.0.get(key)
    }

    /// All keys of all layers. A section without keys stands here under its own name.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.0.iter().map(|(key, entry)| (key.as_str(), entry))
    }

    fn put(&mut self, key: String, value: Value, origin: Origin) {
        self.0.insert(key, Entry { value, origin });
    }

    fn add_toml(&mut self, text: &str, origin: &Origin, faults: &mut Vec<Fault>) {
        match toml::from_str::<Table>(text) {
            Ok(table) => self.add_table("", &table, origin),
            Err(error) => {
                // Not its `Display`: that quotes the line, which may hold a secret.
                let problem = error.message().to_owned();
                let line = error.span().map(|span| line_of(text, span.start));
                faults.push(Fault::Layer { origin: origin.clone(), line, problem });
            }
        }
    }

    fn add_table(&mut self, prefix: &str, table: &Table, origin: &Origin) {
        for (name, value) in table {
            let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            if let Value::Table(inner) = value
                && !inner.is_empty()
            {
                self.add_table(&key, inner, origin);
            } else {
                self.put(key, value.clone(), origin.clone());
            }
        }
    }

    fn add_variable(&mut self, name: &OsString, value: OsString, faults: &mut Vec<Fault>) {
        let name = name.to_string_lossy();
        let Some(path) = name.strip_prefix(ENVIRONMENT_PREFIX) else { return };
        let origin = Origin::Environment(name.clone().into_owned());
        let key = path.replace("__", ".").to_lowercase();
        let Ok(value) = value.into_string() else {
            let hint = "the value is not UTF-8".to_owned();
            faults.push(Fault::Unknown { key, origin, hint });
            return;
        };
        // One spelling only: two that differ in case would both be set, and one would lose silently.
        if path == path.to_uppercase() {
            self.put(key, Value::String(value), origin);
        } else {
            let hint = format!("write {}", name.to_uppercase());
            faults.push(Fault::Unknown { key, origin, hint });
        }
    }
}

/// The line of a place in a text, counted from 1.
fn line_of(text: &str, place: usize) -> usize {
    text.bytes().take(place).filter(|byte| *byte == b'\n').count() + 1
}
