//! The settings: loaded in layers, checked as a whole, handed over only when nothing is wrong.
//!
//! Layers, the later wins: `config/default.toml` (compiled in), a file, the environment
//! (`WEIR__POOL__MAX=80`), flags (`--set pool.max=80`). All faults are told at once, each with its
//! key, value, bound and origin. Nothing here reads the process: [`load`] is given what it needs,
//! so that tests never touch the environment, which belongs to all of them.

mod base_url;
mod contradictions;
mod database_url;
mod fault;
mod keys;
mod layers;
mod reader;
mod secret;
mod sections;
#[cfg(test)]
mod tests;
mod tokens;

use std::io;
use std::path::Path;

pub use base_url::BaseUrl;
pub use contradictions::WORKERS;
pub use database_url::DatabaseUrl;
pub use fault::{Fault, Faults};
pub use keys::BATCH_MAX;
pub use layers::{DEFAULT_TOML, Origin, SettingsFile, Sources};
pub use secret::Secret;
pub use sections::{
    AdminSettings, DatabaseSettings, IdempotencySettings, LedgerSettings, LogFormat, LogSettings,
    MailboxSettings, PoolBreakerSettings, PoolSettings, QuotaSettings, ServerSettings, Settings,
    SupervisorSettings, TradeBreakerSettings, TradeSettings,
};

use contradictions::contradictions;
use layers::Layers;
use reader::{Reader, Seen};
pub use tokens::tokens;

/// One value in effect, without what must not be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub key: &'static str,
    /// As it would stand in a file.
    pub value: String,
    pub origin: String,
}

/// Settings that are sound, and where each value came from.
pub struct Effective {
    /// What the house is built from.
    pub settings: Settings,
    seen: Vec<Seen>,
}

/// Loads the settings, or tells all that is wrong with them. `read_file` reads `admin.token_file`.
pub fn load(
    sources: Sources,
    read_file: impl Fn(&Path) -> io::Result<String>,
) -> Result<Effective, Faults> {
    let mut faults = Vec::new();
    let layers = Layers::stack(sources, &mut faults);
    let every_layer_is_known = faults.is_empty();

    let mut reader = Reader::new(&layers);
    let mut settings = keys::read(&mut reader);
    reader.refuse_unread();
    let seen = reader.seen;
    faults.append(&mut reader.faults);
    // Half of a contradiction may stand in the layer that could not be read.
    if every_layer_is_known {
        faults.extend(contradictions(&settings, &seen));
    }
    faults.extend(read_token(&mut settings.admin, &seen, read_file));

    if faults.is_empty() { Ok(Effective { settings, seen }) } else { Err(Faults::new(faults)) }
}

/// Fetches the tokens from their file. Given both, the contradiction is told already.
fn read_token(
    admin: &mut AdminSettings,
    seen: &[Seen],
    read_file: impl Fn(&Path) -> io::Result<String>,
) -> Option<Fault> {
    let path = admin.token_file.as_ref().filter(|_| admin.tokens.is_empty())?;
    let read = read_file(path).map_err(|error| format!("be readable: {error}"));
    let must = match read.and_then(|text| tokens(&text)) {
        Ok(tokens) => {
            admin.tokens = tokens;
            return None;
        }
        Err(must) => must,
    };
    let Seen { key, value, origin, .. } =
        seen.iter().find(|seen| seen.key == "admin.token_file")?;
    let (key, value, origin) = ((*key).to_owned(), value.clone(), origin.clone());
    Some(Fault::Value { key, value, origin, must })
}

impl Effective {
    /// Every key and what it must be, in the order in which they are shown.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &str)> {
        self.seen.iter().map(|seen| (seen.key, seen.rule.as_str()))
    }

    /// Every effective value, in the same order; secrets are not shown.
    pub fn shown(&self) -> impl Iterator<Item = Shown> {
        self.seen.iter().map(|Seen { key, value, origin, .. }| Shown {
            key,
            value: value.clone(),
            origin: origin.to_string(),
        })
    }

    /// Every effective value as TOML, each with its origin; secrets are not shown.
    pub fn show(&self) -> String {
        let mut text = String::new();
        let mut current = "";
        for Seen { key, value, origin, .. } in &self.seen {
            let (section, name) = key.split_once('.').unwrap_or(("", key));
            if section != current {
                let gap = if current.is_empty() { "" } else { "\n" };
                text.push_str(&format!("{gap}[{section}]\n"));
                current = section;
            }
            text.push_str(&format!("{name} = {value} # {origin}\n"));
        }
        text
    }
}
