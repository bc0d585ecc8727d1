//! One test per row of the table in `contradictions.rs`, and one for what is passed over.

use super::Given;

/// Exactly one fault, beginning and going on as told.
fn contradicts(given: Given, told: &[&str]) {
    let faults = given.faults();

    assert_eq!(faults.len(), 1, "{faults:#?}");
    for part in told {
        assert!(faults[0].contains(part), "{part}: {faults:#?}");
    }
}

/// Defect 3 of the ancestor.
#[test]
fn workers_and_reserve_fit_the_pool() {
    let least = || Given::nothing().flag("pool.min_idle", "0");

    assert_eq!(least().flag("pool.max", "27").settings().pool.max, 27);
    contradicts(
        least().flag("pool.max", "26"),
        &["pool.max = 26 (from flag): must be at least 15", "; pool.reserve = 12 (from default)"],
    );
}

#[test]
fn idle_connections_fit_the_pool() {
    assert_eq!(Given::nothing().flag("pool.min_idle", "60").settings().pool.min_idle, 60);
    contradicts(
        Given::nothing().env("WEIR__POOL__MIN_IDLE", "61"),
        &["pool.min_idle = 61 (from environment WEIR__POOL__MIN_IDLE): must be at most pool.max"],
    );
}

#[test]
fn lanes_leave_room_in_the_pool() {
    let small = |lanes: &str| {
        let given = Given::nothing().flag("pool.max", "15").flag("pool.reserve", "0");
        given.flag("pool.min_idle", "0").flag("ledger.lanes", lanes)
    };

    assert_eq!(small("12").settings().ledger.lanes, 12);
    contradicts(small("13"), &["ledger.lanes = 13", "pool.max = 15 (from flag)"]);
}

#[test]
fn acquiring_ends_before_the_answer() {
    contradicts(
        Given::nothing().flag("pool.acquire_timeout", "25s"),
        &["pool.acquire_timeout = \"25s\"", "less than server.answer_within"],
    );
}

#[test]
fn reading_ends_before_the_answer() {
    contradicts(
        Given::nothing().flag("database.read_within", "25s"),
        &["database.read_within = \"25s\"", "server.answer_within = \"25s\" (from default)"],
    );
}

#[test]
fn writing_ends_before_the_answer() {
    contradicts(
        Given::nothing().flag("database.write_within", "26s"),
        &["database.write_within = \"26s\"", "server.answer_within = \"25s\" (from default)"],
    );
}

#[test]
fn validation_is_part_of_acquiring() {
    assert!(Given::nothing().flag("pool.validation_timeout", "5s").load().is_ok());
    contradicts(
        Given::nothing().flag("pool.validation_timeout", "5001ms"),
        &["pool.validation_timeout = \"5001ms\"", "at most pool.acquire_timeout"],
    );
}

#[test]
fn hold_warning_outlasts_a_write() {
    contradicts(
        Given::nothing().flag("pool.hold_warning", "5s"),
        &["pool.hold_warning = \"5s\"", "more than database.write_within"],
    );
}

#[test]
fn patience_outlasts_acquiring() {
    assert!(Given::nothing().flag("pool_breaker.patience", "5001ms").load().is_ok());
    contradicts(
        Given::nothing().flag("pool_breaker.patience", "5s"),
        &["pool_breaker.patience = \"5s\"", "more than pool.acquire_timeout"],
    );
}

#[test]
fn connecting_ends_before_the_call() {
    assert!(Given::nothing().flag("trade.connect_timeout", "44s").load().is_ok());
    contradicts(
        Given::nothing().flag("trade.connect_timeout", "45s"),
        &["trade.connect_timeout = \"45s\"", "less than trade.answer_timeout"],
    );
}

#[test]
fn a_letter_fits_a_call() {
    assert_eq!(Given::nothing().flag("trade.bulk_max", "50").settings().trade.bulk_max, 50);
    contradicts(
        Given::nothing().flag("trade.bulk_max", "49"),
        &["trade.bulk_max = 49", "; supervisor.chunk = 50 (from default)"],
    );
}

#[test]
fn patience_outlasts_a_call_and_a_slow_one() {
    assert!(Given::nothing().flag("trade_breaker.patience", "45001ms").load().is_ok());
    contradicts(
        Given::nothing().flag("trade_breaker.patience", "45s"),
        &["trade_breaker.patience = \"45s\"", "more than trade.answer_timeout"],
    );
    contradicts(
        Given::nothing().flag("trade_breaker.slow_call", "60s"),
        &["trade_breaker.patience = \"60s\"", "more than trade_breaker.slow_call"],
    );
}

#[test]
fn waiting_for_a_worker_ends_before_the_answer() {
    contradicts(
        Given::nothing().flag("supervisor.wait_max", "25s"),
        &["supervisor.wait_max = \"25s\"", "less than server.answer_within"],
    );
}

#[test]
fn a_lease_outlasts_two_renewals() {
    assert!(Given::nothing().flag("mailbox.lease", "10001ms").load().is_ok());
    contradicts(
        Given::nothing().flag("mailbox.lease", "10s"),
        &["mailbox.lease = \"10s\"", "more than twice mailbox.renew_every"],
    );
}

#[test]
fn the_first_pause_is_no_longer_than_the_longest() {
    let both =
        |cap| Given::nothing().flag("mailbox.retry_base", "5s").flag("mailbox.retry_cap", cap);

    assert!(both("5s").load().is_ok());
    contradicts(both("4s"), &["mailbox.retry_base = \"5s\"", "at most mailbox.retry_cap"]);
}

#[test]
fn bodies_are_known_no_longer_than_keys() {
    assert!(Given::nothing().flag("idempotency.kept", "5m").load().is_ok());
    contradicts(
        Given::nothing().flag("idempotency.kept", "4m"),
        &["idempotency.body_within = \"5m\"", "at most idempotency.kept"],
    );
}

#[test]
fn listeners_do_not_collide() {
    let both = |server, admin| {
        let given = Given::nothing().env("WEIR__ADMIN__TOKEN", "0123456789abcdef");
        given.flag("server.bind", server).flag("admin.bind", admin)
    };

    for (server, admin) in [
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("0.0.0.0:8080", "127.0.0.1:8080"),
        ("127.0.0.1:8080", "[::]:8080"),
    ] {
        contradicts(both(server, admin), &["admin.bind = ", "differ from server.bind", server]);
    }
    for (server, admin) in [
        ("127.0.0.1:0", "127.0.0.1:0"),
        ("127.0.0.1:8080", "127.0.0.2:8080"),
        ("0.0.0.0:8080", "[::1]:8080"),
    ] {
        assert!(both(server, admin).load().is_ok(), "{server} {admin}");
    }
}

#[test]
fn admin_that_is_open_to_others_has_a_token() {
    let open = || Given::nothing().flag("admin.bind", "0.0.0.0:9080");

    contradicts(open(), &["admin.bind = \"0.0.0.0:9080\" (from flag): must be loopback unless"]);
    assert!(open().flag("admin.token", "0123456789abcdef").load().is_ok());
    assert!(open().flag("admin.token_file", "/run/token").load().is_ok());
    assert!(Given::nothing().flag("admin.bind", "127.0.0.9:9080").load().is_ok());
    assert!(Given::nothing().flag("admin.bind", "[::1]:9080").load().is_ok());
}

#[test]
fn token_has_one_source() {
    contradicts(
        Given::nothing()
            .flag("admin.token", "0123456789abcdef")
            .file("weir.toml", "admin.token_file = '/run/token'"),
        &[
            "admin.token_file = \"/run/token\" (from file weir.toml): must be empty",
            "; admin.token = \"[redacted]\" (from flag)",
        ],
    );
}

#[test]
fn keys_that_are_faulty_already_contradict_nothing() {
    let faults = Given::nothing().flag("pool.max", "3").flag("admin.bind", "here").faults();

    assert_eq!(
        faults,
        [
            "admin.bind = \"here\" (from flag): must be an IP address with a port, such as \
             \"127.0.0.1:8080\"",
            "pool.max = 3 (from flag): must be from 4 to 10000",
        ]
    );
}
