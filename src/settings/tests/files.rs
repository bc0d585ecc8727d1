//! The files that people read: they must not drift from what is read.

use std::collections::BTreeMap;

use toml::Table;

use super::{DEFAULT_TOML, DatabaseUrl, Given};

const PRODUCTION_TOML: &str = include_str!("../../../config/production.toml");
const DOCUMENT: &str = include_str!("../../../docs/configuration.md");

/// Each key of default.toml with its value as written and the comment above it, on one line.
fn commented_keys() -> BTreeMap<String, (String, String)> {
    let mut keys = BTreeMap::new();
    let (mut section, mut comment) = ("", String::new());
    for line in DEFAULT_TOML.lines() {
        if let Some(text) = line.strip_prefix('#') {
            comment.push_str(text);
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if let Some((name, value)) = line.split_once(" = ") {
            let key = format!("{section}.{name}");
            keys.insert(key, (value.to_owned(), comment.clone()));
        }
        comment.clear();
    }
    keys
}

/// Every key that is read, with its bound; rules in other words are not repeated literally.
fn bounds() -> Vec<(String, Option<String>)> {
    let effective = Given::nothing().load().map_err(|faults| faults.to_string()).unwrap();
    let bound = |rule: &str| rule.starts_with("from ") || rule.starts_with("one of ");
    let rules = effective.rules();
    rules.map(|(key, rule)| (key.to_owned(), bound(rule).then(|| rule.to_owned()))).collect()
}

#[test]
fn the_defaults_are_valid_and_every_key_is_read() {
    let table: Table = toml::from_str(DEFAULT_TOML).unwrap();
    let in_file: usize = table.values().map(|section| section.as_table().unwrap().len()).sum();
    let mut read: Vec<_> = bounds().into_iter().map(|(key, _)| key).collect();
    read.sort();

    assert_eq!(read, commented_keys().into_keys().collect::<Vec<_>>());
    assert_eq!(read.len(), in_file);
}

#[test]
fn every_default_is_explained_with_its_value_and_its_bound() {
    let keys = commented_keys();

    for (key, bound) in bounds() {
        let (value, comment) = &keys[&key];
        // Durations may be written 25s in a sentence; text stays in quotes.
        let bare = value.trim_matches('"');
        let default = [format!("Default {value}"), format!("Default {bare}")];
        assert!(default.iter().any(|text| comment.contains(text)), "{key}: {comment}");
        assert!(bound.is_none_or(|bound| comment.contains(&bound)), "{key}: {comment}");
    }
}

#[test]
fn the_document_names_every_key_with_its_default_and_its_bound() {
    let keys = commented_keys();

    for (key, bound) in bounds() {
        let row = DOCUMENT.lines().find(|line| line.starts_with(&format!("| `{key}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/configuration.md has no row for {key}"));
        assert!(row.contains(&format!("| `{}` |", keys[&key].0)), "{row}");
        assert!(bound.is_none_or(|bound| row.contains(&bound)), "{row}");
    }
}

#[test]
fn the_document_names_no_key_that_does_not_exist() {
    let keys = commented_keys();
    let rows = DOCUMENT.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | `"));

    for (key, _) in rows {
        assert!(keys.contains_key(key), "{key}");
    }
}

#[test]
fn production_is_valid_with_what_it_asks_for() {
    let production = PRODUCTION_TOML.replace("/run/secrets/weir-admin-token", "/run/token");
    assert_ne!(production, PRODUCTION_TOML);

    let settings = Given::nothing()
        .file("production.toml", &production)
        .env("WEIR__DATABASE__URL", "postgres://weir:s3cret@db/weir")
        .settings();

    assert!(matches!(settings.database.url, DatabaseUrl::Postgres { .. }));
    assert!(!settings.admin.tokens.is_empty());
    assert!(settings.trade.url.is_some(), "real orders do not go to a simulator");
}

#[test]
fn production_does_not_start_without_its_database_and_token() {
    let faults = Given::nothing().file("production.toml", PRODUCTION_TOML).faults();

    assert_eq!(faults.len(), 2, "{faults:#?}");
    assert!(faults[0].starts_with("database.url = \"\" (from file production.toml): must be "));
    assert!(faults[1].starts_with("admin.token_file = "));
}
