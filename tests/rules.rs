//! The style is a test: what is not checked drifts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A file that needs more wants a second door.
const LINES_MAX: usize = 400;

/// Which rooms of the house a room may name. Only `app` and the command line name everything.
const DOORS: [(&str, &[&str]); 9] = [
    ("domain", &["domain"]),
    ("ports", &["domain", "ports"]),
    ("settings", &["settings"]),
    ("telemetry", &["domain", "ports", "settings", "telemetry"]),
    ("actors", &["domain", "ports", "actors"]),
    ("store", &["domain", "ports", "settings", "store"]),
    ("outbound", &["domain", "ports", "settings", "outbound"]),
    ("http", &["domain", "ports", "actors", "settings", "http"]),
    ("trade_sim", &["domain", "ports", "trade_sim"]),
];

/// Crates that stay in one room.
const KEPT: [(&str, &[&str]); 5] = [
    ("sea_orm", &["store"]),
    ("entity", &["store"]),
    ("awc", &["outbound"]),
    ("prometheus", &["telemetry"]),
    ("governor", &["domain"]),
];

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
    found
}

fn rust_files() -> Vec<(PathBuf, String)> {
    let folders =
        ["src", "tests", "benches", "entity/src", "migration/src", "resilience/src", "client"];
    let paths = folders.iter().flat_map(|folder| files(Path::new(folder), "rs"));
    paths.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// The room that a file of `src` stands in: its folder, or its own name. Tests stand in none:
/// they may bring rooms together.
fn room(path: &Path) -> Option<String> {
    let inside = path.strip_prefix("src").ok()?;
    let is_test =
        inside.components().any(|part| part.as_os_str().to_string_lossy().starts_with("tests"));
    if is_test {
        return None;
    }
    let first = inside.components().next()?.as_os_str().to_str()?;
    Some(first.trim_end_matches(".rs").to_owned())
}

/// The words that follow `prefix` anywhere in the code, up to the next one that is no name.
fn named<'a>(text: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let name_end = |rest: &str| rest.find(|c: char| !c.is_alphanumeric() && c != '_');
    code.flat_map(move |line| line.split(prefix).skip(1))
        .map(move |rest| &rest[..name_end(rest).unwrap_or(rest.len())])
}

#[test]
fn the_doors_between_the_rooms_are_shut() {
    let mut open = Vec::new();
    for (path, text) in rust_files() {
        let Some(room) = room(&path) else { continue };
        let Some((_, allowed)) = DOORS.iter().find(|(name, _)| *name == room) else { continue };
        for word in named(&text, "crate::").filter(|word| !word.is_empty()) {
            let is_room = DOORS.iter().any(|(name, _)| *name == word) || word == "app";
            if is_room && !allowed.contains(&word) {
                open.push(format!("{} names {word}", path.display()));
            }
        }
    }
    assert!(open.is_empty(), "{open:#?}");
}

/// An actor names those that it talks to, and is told their answers: never the other way round.
#[test]
fn no_actor_leads_back_to_itself() {
    let actors = Path::new("src/actors");
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in rust_files() {
        let Ok(inside) = path.strip_prefix(actors) else { continue };
        if room(&path).is_none() || inside.components().count() < 2 {
            continue;
        }
        let actor = inside.components().next().unwrap().as_os_str().to_str().unwrap().to_owned();
        let named = named(&text, "super::").chain(named(&text, "actors::")).map(str::to_owned);
        names.entry(actor).or_default().extend(named);
    }
    assert!(names.len() >= 6, "{names:?}");
    // Whoever names none of those that are left can go, until nobody can.
    while !names.is_empty() {
        let names_another = |actor: &String, named: &BTreeSet<String>| {
            named.iter().any(|other| other != actor && names.contains_key(other))
        };
        let free = names.iter().find(|(actor, named)| !names_another(actor, named));
        let free = free.map(|(actor, _)| actor.clone());
        let free = free.unwrap_or_else(|| panic!("in a circle: {:?}", names.keys()));
        names.remove(&free);
    }
}

#[test]
fn crates_stay_in_their_rooms() {
    let mut strays = Vec::new();
    for (path, text) in rust_files() {
        let Some(room) = room(&path) else { continue };
        for (name, rooms) in KEPT {
            let uses = [format!("use {name}::"), format!(" {name}::")];
            let code: Vec<_> =
                text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            let named = code.iter().any(|line| uses.iter().any(|usage| line.contains(usage)));
            if named && !rooms.contains(&room.as_str()) {
                strays.push(format!("{} names {name}", path.display()));
            }
        }
    }
    assert!(strays.is_empty(), "{strays:#?}");
}

#[test]
fn the_rules_know_neither_actors_nor_threads() {
    let banned = ["actix", "tokio", "sea_orm", "std::time::Instant", "std::fs", "std::net"];
    let rules = ["src/domain", "resilience/src", "client/src/rules"].map(Path::new);
    for path in rules.into_iter().flat_map(|folder| files(folder, "rs")) {
        let text = fs::read_to_string(&path).unwrap();
        for word in banned {
            assert!(!text.contains(word), "{} names {word}", path.display());
        }
    }
}

#[test]
fn every_file_says_why_it_exists_and_needs_no_scroll_bar() {
    for (path, text) in rust_files() {
        let lines = text.lines().count();
        assert!(text.starts_with("//! "), "{} has no header", path.display());
        assert!(lines <= LINES_MAX, "{} has {lines} lines", path.display());
    }
}

#[test]
fn nothing_is_left_for_later() {
    let words = ["TO".to_owned() + "DO", "FIX".to_owned() + "ME", "XX".to_owned() + "X"];
    for (path, text) in rust_files() {
        for word in &words {
            assert!(!text.contains(word), "{} holds a {word}", path.display());
        }
    }
}

#[test]
fn every_page_has_one_title() {
    let pages = files(Path::new("docs"), "md").into_iter();
    for page in pages.chain(["README.md", "CHANGELOG.md"].map(PathBuf::from)) {
        let text = fs::read_to_string(&page).unwrap();
        let mut code = false;
        let titles = text.lines().filter(|line| {
            code ^= line.starts_with("```");
            !code && line.starts_with("# ")
        });
        assert_eq!(titles.count(), 1, "{}", page.display());
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let decisions = fs::read_to_string("docs/decisions.md").unwrap();
    let ours = ["entity", "migration", "resilience", "weir-client"];
    for path in ["Cargo.toml", "client/Cargo.toml", "resilience/Cargo.toml"] {
        let manifest = fs::read_to_string(path).unwrap();
        let section = |name: &str| {
            let start = manifest.find(name).unwrap() + name.len();
            let rest = &manifest[start..];
            rest[..rest.find("\n[").unwrap_or(rest.len())].to_owned()
        };
        for line in (section("\n[dependencies]") + &section("\n[dev-dependencies]")).lines() {
            let name = line.split([' ', '.']).next().unwrap_or_default();
            if name.is_empty() || name.starts_with('#') || ours.contains(&name) {
                continue;
            }
            assert!(decisions.contains(name), "{name} has no reason in docs/decisions.md");
        }
    }
}
