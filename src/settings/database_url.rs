//! Where the orders are kept, as text: `sqlite://FILE` or `postgres://...`.
//!
//! Parsing here is only as deep as is needed to give a clear sentence for the usual mistakes and to
//! print the address without its password; the driver has the last word when it connects.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::secret::{REDACTED, Secret};

const FORMS: &str = "sqlite://FILE or postgres://USER:PASSWORD@HOST:PORT/NAME";

/// Parameters of a PostgreSQL address that are printed; the value of any other may be a secret.
const PARAMETERS_SHOWN: &[&str] =
    &["application_name", "dbname", "host", "port", "sslmode", "sslrootcert", "user"];

/// The kind of database and how to reach it. `Display` hides the password.
#[derive(Clone, Debug)]
pub enum DatabaseUrl {
    /// One file on this machine.
    Sqlite {
        /// As written, so relative paths are relative to the working directory.
        path: PathBuf,
    },
    /// A PostgreSQL server; the address as given, because it may hold a password.
    Postgres {
        /// `postgres://` or `postgresql://` and all that follows.
        url: Secret,
    },
}

impl FromStr for DatabaseUrl {
    /// What the text must be, as the end of a sentence that begins with "must".
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once("://") {
            Some(("sqlite", path)) => sqlite(path),
            Some(("postgres" | "postgresql", rest)) => postgres(text, rest),
            _ if text.starts_with("sqlite::memory:") => {
                Err("name a file: a database in memory would lose the orders".to_owned())
            }
            _ => Err(format!("be {FORMS}")),
        }
    }
}

fn sqlite(path: &str) -> Result<DatabaseUrl, String> {
    if path.is_empty() {
        return Err("name a file after sqlite://".to_owned());
    }
    if path.contains(":memory:") {
        return Err("name a file: a database in memory would lose the orders".to_owned());
    }
    if path.contains('?') {
        return Err("have no parameters after a SQLite file: Weir sets the mode itself".to_owned());
    }
    Ok(DatabaseUrl::Sqlite { path: PathBuf::from(path) })
}

fn postgres(text: &str, rest: &str) -> Result<DatabaseUrl, String> {
    if rest.is_empty() {
        return Err(format!("be {FORMS}"));
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("hold no white space (write %20 for a space in a password)".to_owned());
    }
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    if !port_is_sound(authority(place)) {
        return Err("have a number as the port after HOST:".to_owned());
    }
    Ok(DatabaseUrl::Postgres { url: Secret::new(text) })
}

/// The `HOST:PORT` at the front of what follows the user.
fn authority(place: &str) -> &str {
    place.split(['/', '?']).next().unwrap_or_default()
}

/// A port that is no number is usually a password whose `@HOST` was forgotten.
fn port_is_sound(authority: &str) -> bool {
    if authority.ends_with(']') {
        return true; // an IPv6 address without a port
    }
    authority.rsplit_once(':').is_none_or(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path } => write!(f, "sqlite://{}", path.display()),
            Self::Postgres { url } => f.write_str(&redact(url.expose())),
        }
    }
}

/// The text without what may be a secret, also when it is no valid address at all: a mistyped one
/// is printed in a fault, and a mistyped one still holds the password.
pub(super) fn redact(text: &str) -> String {
    match text.split_once("://") {
        _ if text.is_empty() || text.starts_with("sqlite:") => text.to_owned(),
        Some((scheme @ ("postgres" | "postgresql"), rest)) => {
            format!("{scheme}://{}", redact_postgres(rest))
        }
        _ => REDACTED.to_owned(),
    }
}

fn redact_postgres(rest: &str) -> String {
    // The last @, not the first: an unescaped password may hold one.
    let (user, place) = match rest.rsplit_once('@') {
        // Either an unescaped password, or an @ in a parameter: nobody can tell where secrets end.
        Some((user, _)) if user.contains(['/', '?', '#']) => return REDACTED.to_owned(),
        Some((user, place)) => (format!("{}@", redact_user(user)), place),
        None => (String::new(), rest),
    };
    let (place, query) = match place.split_once('?') {
        Some((place, query)) => (place, format!("?{}", redact_query(query))),
        None => (place, String::new()),
    };
    let place = if port_is_sound(authority(place)) { place } else { REDACTED };
    format!("{user}{place}{query}")
}

fn redact_user(user: &str) -> String {
    match user.split_once(':') {
        Some((name, _)) => format!("{name}:{REDACTED}"),
        None => user.to_owned(),
    }
}

fn redact_query(query: &str) -> String {
    let plain =
        |value: &str| value.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    let parameter = |text: &str| match text.split_once('=') {
        Some((name, value)) if PARAMETERS_SHOWN.contains(&name) && plain(value) => text.to_owned(),
        Some((name, _)) if plain(name) => format!("{name}={REDACTED}"),
        _ => REDACTED.to_owned(),
    };
    query.split('&').map(parameter).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sqlite_address_is_a_path() {
        let relative: DatabaseUrl = "sqlite://weir.db".parse().unwrap();
        let absolute: DatabaseUrl = "sqlite:///var/lib/weir.db".parse().unwrap();

        assert_eq!(relative.to_string(), "sqlite://weir.db");
        assert!(matches!(absolute, DatabaseUrl::Sqlite { path }
            if path == std::path::Path::new("/var/lib/weir.db")));
    }

    #[test]
    fn usual_mistakes_are_told_in_a_sentence() {
        for (text, told) in [
            ("", "sqlite://FILE"),
            ("weir.db", "sqlite://FILE"),
            ("mysql://u:p@h/d", "sqlite://FILE"),
            ("sqlite://", "name a file"),
            ("sqlite::memory:", "in memory"),
            ("sqlite://weir.db?mode=rwc", "no parameters"),
            ("postgres://", "postgres://USER"),
            ("postgres://u:p w@h/d", "white space"),
            ("postgres://weir:secret", "number as the port"),
        ] {
            let fault = text.parse::<DatabaseUrl>().unwrap_err();
            assert!(fault.contains(told), "{text}: {fault}");
        }
    }

    #[test]
    fn a_printed_address_keeps_all_but_the_secrets() {
        for (text, shown) in [
            ("postgres://weir:s3cret@db:5432/weir", "postgres://weir:[redacted]@db:5432/weir"),
            ("postgresql://weir@[::1]/weir", "postgresql://weir@[::1]/weir"),
            ("postgres://weir:s3c@r3t@db/weir", "postgres://weir:[redacted]@db/weir"),
            ("postgres://weir:s3/c?r3t@db/weir", "postgres://[redacted]"),
            ("postgres://db/weir?sslmode=require", "postgres://db/weir?sslmode=require"),
            ("postgres://db/weir?password=s3cret", "postgres://db/weir?password=[redacted]"),
            ("postgres://db:1/weir?password=a@s3cret", "postgres://[redacted]"),
        ] {
            let url: DatabaseUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), shown);
            assert!(!format!("{url:?}").contains("s3c"));
        }
    }

    #[test]
    fn a_mistyped_address_does_not_show_its_password() {
        for text in
            ["mysql://u:s3cret@h/d", "postgres://weir:s3cret", "postgres:/u:s3cret@h", "s3cret"]
        {
            assert!(!redact(text).contains("s3cret"), "{}", redact(text));
        }
    }
}
