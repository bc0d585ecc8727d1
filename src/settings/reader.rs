//! Reads single keys, each with its type and its bound, and keeps what is wrong.
//!
//! A fault never stops the rest: the reader answers with a stand-in and goes on. No stand-in gets
//! out, because settings are handed over only when there is no fault at all.

use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use toml::Value;

use super::base_url::BaseUrl;
use super::database_url::{DatabaseUrl, redact};
use super::fault::Fault;
use super::layers::{Entry, Layers, Origin};
use super::secret::{REDACTED, Secret};

/// A key that was read: what `config show` prints, and what a fault can refer to.
pub(super) struct Seen {
    pub(super) key: &'static str,
    /// The value as it stands in a file, without secrets.
    pub(super) value: String,
    pub(super) origin: Origin,
    /// What the key takes: the end of a sentence that begins with "must be".
    pub(super) rule: String,
    /// Whether the value keeps the rule.
    pub(super) sound: bool,
}

/// See the module.
pub(super) struct Reader<'a> {
    layers: &'a Layers,
    pub(super) seen: Vec<Seen>,
    pub(super) faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(layers: &'a Layers) -> Self {
        Self { layers, seen: Vec::new(), faults: Vec::new() }
    }

    /// A whole number within a bound.
    pub(super) fn whole<N>(&mut self, key: &'static str, bound: RangeInclusive<N>) -> N
    where
        N: TryFrom<i64> + PartialOrd + Copy + Display,
    {
        let rule = format!("from {} to {}", bound.start(), bound.end());
        let parse = |entry: &Entry| {
            let number = entry.whole().ok_or_else(|| format!("be a whole number {rule}"))?;
            let number = N::try_from(number).ok().filter(|number| bound.contains(number));
            number.ok_or_else(|| format!("be {rule}"))
        };
        self.read(key, &rule, Entry::shown_whole, parse).unwrap_or(*bound.start())
    }

    /// A number with or without a point, within a bound.
    pub(super) fn number(&mut self, key: &'static str, bound: RangeInclusive<f64>) -> f64 {
        let rule = format!("from {} to {}", bound.start(), bound.end());
        let parse = |entry: &Entry| {
            let number = entry.number().ok_or_else(|| format!("be a number {rule}"))?;
            Some(number).filter(|number| bound.contains(number)).ok_or_else(|| format!("be {rule}"))
        };
        self.read(key, &rule, Entry::shown_number, parse).unwrap_or(*bound.start())
    }

    /// A time such as `"5s"`, within a bound.
    pub(super) fn duration(
        &mut self,
        key: &'static str,
        bound: RangeInclusive<Duration>,
    ) -> Duration {
        let [least, most] =
            [bound.start(), bound.end()].map(|end| humantime::format_duration(*end));
        let rule = format!("from {least} to {most}");
        let parse = |entry: &Entry| {
            let duration = entry.text().and_then(|text| humantime::parse_duration(text).ok());
            let duration = duration.ok_or(format!("be a duration such as \"5s\", {rule}"))?;
            Some(duration).filter(|time| bound.contains(time)).ok_or_else(|| format!("be {rule}"))
        };
        self.read(key, &rule, Entry::shown, parse).unwrap_or(*bound.start())
    }

    /// Where to listen.
    pub(super) fn address(&mut self, key: &'static str) -> SocketAddr {
        let rule = "an IP address with a port, such as \"127.0.0.1:8080\"";
        let parse = |entry: &Entry| {
            let address = entry.text().and_then(|text| text.parse().ok());
            address.ok_or_else(|| format!("be {rule}"))
        };
        self.read(key, rule, Entry::shown, parse).unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// One of some words. The first is the stand-in.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        (first, others): ((&'static str, T), &[(&'static str, T)]),
    ) -> T {
        let choices = || std::iter::once(&first).chain(others);
        let words: Vec<_> = choices().map(|(word, _)| *word).collect();
        let rule = format!("one of {}", words.join(", "));
        let parse = |entry: &Entry| {
            let chosen = choices().find(|(word, _)| entry.text() == Some(*word));
            chosen.map(|(_, choice)| *choice).ok_or_else(|| format!("be {rule}"))
        };
        self.read(key, &rule, Entry::shown, parse).unwrap_or(first.1)
    }

    /// A path; none when empty.
    pub(super) fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        let rule = "a path, or empty";
        let parse = |entry: &Entry| entry.text().map(PathBuf::from).ok_or(format!("be {rule}"));
        self.read(key, rule, Entry::shown, parse).filter(|path| !path.as_os_str().is_empty())
    }

    /// A token; none when empty.
    pub(super) fn token(&mut self, key: &'static str) -> Option<Secret> {
        let rule = "empty, or 16 or more visible ASCII characters";
        let parse = |entry: &Entry| match entry.text() {
            Some("") => Ok(None),
            Some(text) if token_is_sound(text) => Ok(Some(Secret::new(text))),
            _ => Err(format!("be {rule}")),
        };
        self.read(key, rule, shown_secret, parse).flatten()
    }

    /// A database and how to reach it.
    pub(super) fn database_url(&mut self, key: &'static str) -> DatabaseUrl {
        let rule = "the address of a SQLite file or a PostgreSQL database";
        let parse = |entry: &Entry| match entry.text() {
            Some(text) => text.parse(),
            None => Err(format!("be {rule}")),
        };
        self.read(key, rule, shown_url, parse)
            .unwrap_or_else(|| DatabaseUrl::Sqlite { path: PathBuf::new() })
    }

    /// Where a service is; none when empty.
    pub(super) fn base_url(&mut self, key: &'static str) -> Option<BaseUrl> {
        let rule = "empty, or http(s)://HOST[:PORT][/PATH]";
        let parse = |entry: &Entry| match entry.text() {
            Some("") => Ok(None),
            Some(text) => text.parse().map(Some),
            None => Err(format!("be {rule}")),
        };
        self.read(key, rule, shown_base_url, parse).flatten()
    }

    /// Ids with commas between them.
    pub(super) fn ids(&mut self, key: &'static str) -> Vec<i32> {
        let rule = "ids with commas between them, or empty";
        let parse = |entry: &Entry| {
            let text = entry.text().map(str::trim).ok_or_else(|| format!("be {rule}"))?;
            let ids = text.split(',').filter(|_| !text.is_empty()).map(|id| id.trim().parse());
            ids.collect::<Result<_, _>>().map_err(|_| format!("be {rule}"))
        };
        self.read(key, rule, Entry::shown, parse).unwrap_or_default()
    }

    /// What something is called; none when empty.
    pub(super) fn name(&mut self, key: &'static str) -> Option<String> {
        let rule = "empty, or up to 64 visible ASCII characters";
        let is_sound =
            |text: &str| text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_graphic());
        let parse = |entry: &Entry| match entry.text() {
            Some(text) if is_sound(text) => Ok(Some(text.to_owned()).filter(|it| !it.is_empty())),
            _ => Err(format!("be {rule}")),
        };
        self.read(key, rule, Entry::shown, parse).flatten()
    }

    /// A key nobody asked for is misspelt, or of another version: it would have no effect, and
    /// whoever gave it believes that it has one.
    pub(super) fn refuse_unread(&mut self) {
        for (key, entry) in self.layers.entries() {
            let read = self.seen.iter().any(|seen| seen.key == key);
            if read || self.is_bare_section(key, &entry.value) {
                continue;
            }
            let hint = "unknown key (`weir config show` prints all of them)".to_owned();
            let (key, origin) = (key.to_owned(), entry.origin.clone());
            self.faults.push(Fault::Unknown { key, origin, hint });
        }
    }

    /// `[pool]` with every key below it commented out is no fault.
    fn is_bare_section(&self, key: &str, value: &Value) -> bool {
        let within = |seen: &Seen| seen.key.split_once('.').is_some_and(|(name, _)| name == key);
        value.as_table().is_some_and(toml::Table::is_empty) && self.seen.iter().any(within)
    }

    /// The one door of all the readers above. `parse` answers what the value must do if it is wrong.
    fn read<T>(
        &mut self,
        key: &'static str,
        rule: &str,
        shown: fn(&Entry) -> String,
        parse: impl Fn(&Entry) -> Result<T, String>,
    ) -> Option<T> {
        let Some(entry) = self.layers.get(key) else {
            let hint = "has no default in config/default.toml".to_owned();
            let (key, origin) = (key.to_owned(), Origin::Default);
            self.faults.push(Fault::Unknown { key, origin, hint });
            return None;
        };
        let (value, origin, rule) = (shown(entry), entry.origin.clone(), rule.to_owned());
        let parsed = parse(entry).map_err(|must| {
            let (key, value, origin) = (key.to_owned(), value.clone(), origin.clone());
            self.faults.push(Fault::Value { key, value, origin, must });
        });
        self.seen.push(Seen { key, value, origin, rule, sound: parsed.is_ok() });
        parsed.ok()
    }
}

/// Whether a token can be sent in a header and is long enough not to be guessed.
pub(super) fn token_is_sound(text: &str) -> bool {
    text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn shown_secret(entry: &Entry) -> String {
    let empty = entry.text() == Some("");
    Value::from(if empty { "" } else { REDACTED }).to_string()
}

/// An address that a password was put into is not shown: it is refused, and told in a fault.
fn shown_base_url(entry: &Entry) -> String {
    let shown = entry.text().filter(|text| !text.contains('@'));
    Value::from(shown.unwrap_or(REDACTED)).to_string()
}

fn shown_url(entry: &Entry) -> String {
    Value::from(entry.text().map_or_else(|| REDACTED.to_owned(), redact)).to_string()
}
