//! What is told when something is wrong, and what is never told.

use std::io;

use super::{Given, Secret, SettingsFile};

#[test]
fn all_faults_of_all_layers_are_told_at_once() {
    let faults = Given::nothing()
        .file("weir.toml", "[server]\nworkers = '2'\n[pol]\nmax = 5")
        .env("WEIR__POOL__MAX", "3")
        .env("WEIR__LOG__LEVEL", "loud")
        .flag("pool.idle_timeout", "5")
        .flag("ledger.lanes", "two")
        .faults();

    assert_eq!(
        faults,
        [
            "server.workers = \"2\" (from file weir.toml): must be a whole number from 0 to 256",
            "pool.max = 3 (from environment WEIR__POOL__MAX): must be from 4 to 10000",
            "pool.idle_timeout = \"5\" (from flag): must be a duration such as \"5s\", from 1s to 1h",
            "ledger.lanes = \"two\" (from flag): must be a whole number from 1 to 16",
            "log.level = \"loud\" (from environment WEIR__LOG__LEVEL): \
             must be one of error, warn, info, debug, trace, off",
            "pol.max (from file weir.toml): unknown key (`weir config show` prints all of them)",
        ]
    );
}

#[test]
fn bounds_are_inclusive() {
    for (key, least, most) in [
        ("server.body_max", "1024", "67108864"),
        ("server.answer_within", "6s", "60s"),
        ("quota.burst", "1000", "1000000"),
    ] {
        assert!(Given::nothing().flag(key, least).load().is_ok(), "{key} {least}");
        assert!(Given::nothing().flag(key, most).load().is_ok(), "{key} {most}");
    }
    for (key, outside) in [
        ("server.body_max", "1023"),
        ("server.body_max", "67108865"),
        ("server.body_max", "-1"),
        ("server.answer_within", "60001ms"),
        ("server.answer_within", "999ms"),
        ("quota.burst", "999"),
        ("pool.max", "4294967297"),
        ("pool.max", "99999999999999999999"),
    ] {
        assert_eq!(Given::nothing().flag(key, outside).faults().len(), 1, "{key} {outside}");
    }
}

#[test]
fn numbers_may_have_a_point_and_need_none() {
    let share = |value: &str| Given::nothing().flag("pool_breaker.utilisation", value);
    let in_a_file = |text: &str| {
        let text = format!("[pool_breaker]\nutilisation = {text}");
        Given::nothing().file("weir.toml", &text)
    };

    for (given, shown) in [
        (Given::nothing(), "utilisation = 0.75 # default"),
        (share("0.8"), "utilisation = 0.8 # flag"),
        (in_a_file("1"), "utilisation = 1.0 # file weir.toml"),
    ] {
        let text = given.shown();
        assert!(text.contains(shown), "{text}");
    }
    for (given, told) in [
        (share("0.09"), "pool_breaker.utilisation = 0.09 (from flag): must be from 0.1 to 1"),
        (share("NaN"), "pool_breaker.utilisation = nan (from flag): must be from 0.1 to 1"),
        (share("most"), "\"most\" (from flag): must be a number from 0.1 to 1"),
        (in_a_file("'0.8'"), "must be a number from 0.1 to 1"),
    ] {
        let faults = given.faults();
        assert!(faults.len() == 1 && faults[0].contains(told), "{faults:#?}");
    }
}

#[test]
fn ids_are_numbers_with_commas_between_them() {
    let blotters = |text: &str| Given::nothing().flag("trade.blotters", text);

    assert_eq!(Given::nothing().settings().trade.blotters, [1, 2, 3, 4]);
    assert_eq!(blotters(" 7, 12 ").settings().trade.blotters, [7, 12]);
    assert!(blotters("").settings().trade.blotters.is_empty());
    for wrong in ["1,", "1 2", "one", "1;2", "99999999999"] {
        let faults = blotters(wrong).faults();
        assert!(faults.len() == 1 && faults[0].contains("must be ids with commas"), "{faults:#?}");
    }
}

#[test]
fn names_are_short_and_visible() {
    let instance = |text: &str| Given::nothing().flag("mailbox.instance", text);
    let longest = "x".repeat(64);

    assert_eq!(Given::nothing().settings().mailbox.instance, None);
    assert_eq!(instance(&longest).settings().mailbox.instance, Some(longest));
    for wrong in [&"x".repeat(65), "weir 1", "wéir"] {
        assert!(instance(wrong).faults()[0].contains("must be empty, or up to 64"), "{wrong}");
    }
}

#[test]
fn a_service_is_named_by_its_address_and_no_password_in_it_is_shown() {
    let url = |text: &str| Given::nothing().flag("trade.url", text);

    assert_eq!(Given::nothing().settings().trade.url, None);
    let kept = url("http://trade:8082/").settings().trade.url.unwrap();
    assert_eq!(kept.as_str(), "http://trade:8082");
    assert_eq!(
        url("http://weir:s3cret@trade").faults(),
        ["trade.url = \"[redacted]\" (from flag): must hold no user and no password"]
    );
    assert_eq!(
        url("trade:8082").faults(),
        ["trade.url = \"trade:8082\" (from flag): must be http://HOST[:PORT][/PATH], or https://"]
    );
}

#[test]
fn unknown_keys_are_named_whoever_gave_them() {
    let faults = Given::nothing()
        .file("weir.toml", "pool = 5\nlost = 1\n[pool_size]\n[server.tls]\ncert = 'x'")
        .env("WEIR__POOL__SIZE", "5")
        .flag("pool", "5")
        .faults();

    let named: Vec<_> = faults.iter().filter_map(|fault| fault.split(": unknown").next()).collect();
    assert_eq!(
        named,
        [
            "lost (from file weir.toml)",
            "pool (from flag)",
            "pool.size (from environment WEIR__POOL__SIZE)",
            "pool_size (from file weir.toml)",
            "server.tls.cert (from file weir.toml)",
        ]
    );
}

#[test]
fn a_section_without_keys_is_no_fault() {
    assert!(Given::nothing().file("weir.toml", "[pool]\n# max = 80\n").load().is_ok());
}

#[test]
fn an_unparsable_file_is_one_fault_with_its_line_beside_the_others() {
    let faults = Given::nothing()
        .file("weir.toml", "[pool]\nmax = 100\nmin_idle = = 3 # password=s3cret\n")
        .env("WEIR__POOL__MIN_IDLE", "80")
        .env("WEIR__POOL__RESERVE", "none")
        .faults();

    assert!(faults[0].starts_with("file weir.toml, line 3: "), "{faults:#?}");
    assert!(!faults[0].contains("s3cret"), "{faults:#?}");
    assert!(faults[1].starts_with("pool.reserve = \"none\""), "{faults:#?}");
    // min_idle 80 fits the pool.max that the file would have set.
    assert_eq!(faults.len(), 2, "{faults:#?}");
}

#[test]
fn a_missing_file_is_a_fault() {
    let mut given = Given::nothing();
    let text = Err(io::Error::from(io::ErrorKind::NotFound));
    given.0.file = Some(SettingsFile { name: "gone.toml".to_owned(), text });

    assert_eq!(given.faults(), ["file gone.toml: cannot be read: entity not found"]);
}

#[test]
fn a_variable_in_another_case_is_told_how_it_is_written() {
    let faults = Given::nothing().env("WEIR__pool__max", "80").faults();

    assert_eq!(faults, ["pool.max (from environment WEIR__pool__max): write WEIR__POOL__MAX"]);
}

#[test]
fn a_token_file_must_be_readable_and_hold_a_token() {
    let with = |path| Given::nothing().flag("admin.token_file", path);

    assert_eq!(
        with("/gone").faults(),
        ["admin.token_file = \"/gone\" (from flag): must be readable: entity not found"]
    );
    assert_eq!(
        with("/run/short").faults(),
        ["admin.token_file = \"/run/short\" (from flag): \
          must hold one token or two, each on a line of its own, of 16 or more visible ASCII \
          characters"]
    );
    let tokens = with("/run/token").settings().admin.tokens;
    let tokens: Vec<_> = tokens.iter().map(Secret::expose).collect();
    assert_eq!(tokens, ["0123456789abcdef-from-file"]);
}

#[test]
fn secrets_are_seen_in_no_fault() {
    let faults = Given::nothing()
        .file("weir.toml", "[admin]\ntokn = 's3cret'\n[database]\nurl = 5")
        .env("WEIR__ADMIN__TOKEN", "s3cret")
        .env("WEIR__DATABASE__URL", "mysql://weir:s3cret@db/weir")
        .faults();

    assert_eq!(faults.len(), 3, "{faults:#?}");
    assert!(!faults.concat().contains("s3cret"), "{faults:#?}");
}

#[test]
fn secrets_are_seen_neither_in_debug_nor_in_show() {
    let effective = Given::nothing()
        .env("WEIR__ADMIN__TOKEN", "s3cret-s3cret-s3cret")
        .env("WEIR__DATABASE__URL", "postgres://weir:s3cret@db/weir")
        .load()
        .unwrap();

    let (debug, shown) = (format!("{:#?}", effective.settings), effective.show());

    assert!(!debug.contains("s3cret"), "{debug}");
    assert!(!shown.contains("s3cret"), "{shown}");
    assert!(shown.contains("token = \"[redacted]\" # environment WEIR__ADMIN__TOKEN"), "{shown}");
    assert!(shown.contains("url = \"postgres://weir:[redacted]@db/weir\" #"), "{shown}");
}
