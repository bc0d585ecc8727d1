//! What stands in `deploy/`: a dashboard or an alert on a series that is gone shows calm for ever,
//! and a manifest with a misspelt setting is found at night.

mod drill;
mod expression;
mod manifests;
mod series;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

const DASHBOARDS: &str = "deploy/grafana/dashboards";
const RULES: [&str; 2] = [WEIR_ALERTS, "deploy/prometheus/client-alerts.yml"];
const WEIR_ALERTS: &str = "deploy/prometheus/weir-alerts.yml";

/// All documents of a file.
fn yaml(path: impl AsRef<Path>) -> Vec<Value> {
    let path = path.as_ref();
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let documents = serde_yaml_ng::Deserializer::from_str(&text);
    let read = |document| Value::deserialize(document);
    let documents = documents.map(|document| {
        read(document).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    });
    documents.collect()
}

/// The files of a folder with this ending, and of the folders in it.
fn files(folder: impl AsRef<Path>, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = entries.flat_map(|path| match path.extension() {
        _ if path.is_dir() => files(path, ending),
        Some(extension) if extension == ending => vec![path],
        _ => Vec::new(),
    });
    found.collect()
}

/// The alerts of a file of rules.
fn alerts(path: &str) -> Vec<Value> {
    let groups = yaml(path).remove(0)["groups"].as_array().unwrap().clone();
    groups.iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect()
}

#[track_caller]
fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value:#}"))
}
