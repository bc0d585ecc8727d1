//! What a run was asked for: `WEIR_BENCH_*`, and whether it measures at all.

use std::fmt::Debug;
use std::str::FromStr;

/// `cargo bench` passes `--bench`; anything else (`cargo test --benches`) only asks whether the
/// bench still works.
pub(crate) fn is_measuring() -> bool {
    let has = |wanted: &str| std::env::args().any(|argument| argument == wanted);
    has("--bench") && !has("--test")
}

pub(crate) fn number<Number: FromStr<Err: Debug>>(name: &str, default: Number) -> Number {
    text(name).map_or(default, |text| parse(name, &text))
}

/// A list with commas.
pub(crate) fn list<Item: FromStr<Err: Debug>>(name: &str, default: &str) -> Vec<Item> {
    let text = text(name).unwrap_or_else(|| default.to_owned());
    text.split(',').map(|item| parse(name, item.trim())).collect()
}

pub(crate) fn text(name: &str) -> Option<String> {
    std::env::var(format!("WEIR_BENCH_{name}")).ok()
}

fn parse<Item: FromStr<Err: Debug>>(name: &str, text: &str) -> Item {
    text.parse().unwrap_or_else(|error| panic!("WEIR_BENCH_{name}: {text:?}: {error:?}"))
}
