//! Which layer wins, and how each spells its keys and values.

use std::time::Duration;

use toml::Table;

use super::{DatabaseUrl, Given, LogFormat};

#[test]
fn a_later_layer_wins() {
    let file = || Given::nothing().file("weir.toml", "[pool]\nmax = 70");
    let environment = || file().env("WEIR__POOL__MAX", "80");
    let flag = || environment().flag("pool.max", "90");
    let later_flag = || flag().flag("pool.max", "100");

    assert_eq!(Given::nothing().settings().pool.max, 60);
    assert_eq!(file().settings().pool.max, 70);
    assert_eq!(environment().settings().pool.max, 80);
    assert_eq!(flag().settings().pool.max, 90);
    assert_eq!(later_flag().settings().pool.max, 100);
}

#[test]
fn a_layer_replaces_single_keys_and_leaves_the_rest() {
    let pool = Given::nothing().file("weir.toml", "[pool]\nmax = 70").settings().pool;

    assert_eq!((pool.max, pool.min_idle), (70, 20));
}

#[test]
fn two_underscores_separate_and_one_stays_in_the_key() {
    let settings = Given::nothing()
        .env("WEIR__POOL__MIN_IDLE", "7")
        .env("WEIR__LOG__FORMAT", "json")
        .env("WEIR_SERVICE_PORT", "not ours")
        .env("PATH", "/bin")
        .settings();

    assert_eq!(settings.pool.min_idle, 7);
    assert_eq!(settings.log.format, LogFormat::Json);
}

#[test]
fn durations_are_text_with_a_unit() {
    for (text, milliseconds) in [("2s", 2_000), ("1500ms", 1_500), ("1m 5s", 65_000)] {
        let pool = Given::nothing().flag("pool.idle_timeout", text).settings().pool;
        assert_eq!(pool.idle_timeout, Duration::from_millis(milliseconds));
    }
    assert_eq!(Given::nothing().file("f", "[pool]\nidle_timeout = 5").faults().len(), 1);
}

#[test]
fn postgres_has_two_spellings() {
    for url in ["postgres://weir@db/weir", "postgresql://weir@db/weir"] {
        let settings = Given::nothing().flag("database.url", url).settings();
        assert!(matches!(settings.database.url, DatabaseUrl::Postgres { .. }));
    }
}

#[test]
fn show_is_toml_and_names_the_origin_of_each_value() {
    let shown = Given::nothing()
        .file("weir.toml", "[pool]\nreserve = 10")
        .env("WEIR__POOL__MAX", "080")
        .flag("log.level", "debug")
        .shown();

    assert!(shown.contains("\n[pool]\nmax = 80 # environment WEIR__POOL__MAX\n"), "{shown}");
    assert!(shown.contains("\nmin_idle = 20 # default\n"), "{shown}");
    assert!(shown.contains("\nreserve = 10 # file weir.toml\n"), "{shown}");
    assert!(shown.contains("\nlevel = \"debug\" # flag\n"), "{shown}");
    let table: Table = toml::from_str(&shown).unwrap();
    assert_eq!(table["pool"]["max"].as_integer(), Some(80));
}

#[test]
fn what_show_prints_can_be_loaded_again() {
    let shown = Given::nothing().env("WEIR__POOL__MAX", "80").shown();

    let again = Given::nothing().file("shown.toml", &shown).shown();

    let values = |text: &str| toml::from_str::<Table>(text).unwrap();
    assert_eq!(values(&shown), values(&again));
}
