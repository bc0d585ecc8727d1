//! Values that are sound alone and wrong together. Each row is one sentence about two or more keys.

use std::net::{IpAddr, SocketAddr};

use super::fault::Fault;
use super::reader::Seen;
use super::sections::Settings;

/// Calls to the trade service that are in flight at once, at any load; each may need a connection
/// when it returns. A constant and no setting, because it is what callers and the trade service
/// are promised.
pub const WORKERS: u32 = 15;

const _: () = assert!(WORKERS == 15, "the sentence of the first check names the number");

/// Connections that must be left beside the ledger's lanes: one to read, one for health.
const BESIDE_LANES: u32 = 2;

struct Check {
    /// The key that is told to be wrong.
    key: &'static str,
    /// The others that are told with it.
    with: &'static [&'static str],
    /// The end of a sentence that begins with "must".
    must: &'static str,
    holds: fn(&Settings) -> bool,
}

#[rustfmt::skip] // A table: one row, one rule.
const CHECKS: &[Check] = &[
    Check { key: "pool.max", with: &["pool.reserve"], holds: workers_and_reserve_fit_the_pool,
        must: "be at least 15 (the workers) + pool.reserve" },
    Check { key: "pool.min_idle", with: &["pool.max"], holds: idle_fits_the_pool,
        must: "be at most pool.max" },
    Check { key: "ledger.lanes", with: &["pool.max"], holds: lanes_leave_room_in_the_pool,
        must: "be at least 3 less than pool.max, to leave connections beside the lanes" },
    Check { key: "pool.acquire_timeout", with: &["server.answer_within"], holds: acquiring_ends_before_the_answer,
        must: "be less than server.answer_within" },
    Check { key: "database.read_within", with: &["server.answer_within"], holds: reading_ends_before_the_answer,
        must: "be less than server.answer_within" },
    Check { key: "database.write_within", with: &["server.answer_within"], holds: writing_ends_before_the_answer,
        must: "be less than server.answer_within" },
    Check { key: "pool.validation_timeout", with: &["pool.acquire_timeout"], holds: validation_is_part_of_acquiring,
        must: "be at most pool.acquire_timeout" },
    Check { key: "pool.hold_warning", with: &["database.write_within"], holds: hold_warning_outlasts_a_write,
        must: "be more than database.write_within, or sound writes are called leaks" },
    Check { key: "pool_breaker.patience", with: &["pool.acquire_timeout"], holds: patience_outlasts_acquiring,
        must: "be more than pool.acquire_timeout, or a probe that waits for a connection counts as lost" },
    Check { key: "trade.connect_timeout", with: &["trade.answer_timeout"], holds: connecting_ends_before_the_call,
        must: "be less than trade.answer_timeout" },
    Check { key: "trade.bulk_max", with: &["supervisor.chunk"], holds: a_letter_fits_a_call,
        must: "be at least supervisor.chunk, or a letter would not fit into a call" },
    Check { key: "trade_breaker.patience", with: &["trade.answer_timeout"], holds: patience_outlasts_a_call,
        must: "be more than trade.answer_timeout, or a probe that waits for its answer counts as lost" },
    Check { key: "trade_breaker.patience", with: &["trade_breaker.slow_call"], holds: patience_outlasts_a_slow_call,
        must: "be more than trade_breaker.slow_call, or no probe can be slow" },
    Check { key: "supervisor.wait_max", with: &["server.answer_within"], holds: waiting_ends_before_the_answer,
        must: "be less than server.answer_within" },
    Check { key: "mailbox.lease", with: &["mailbox.renew_every"], holds: a_lease_outlasts_two_renewals,
        must: "be more than twice mailbox.renew_every, so that one lost renewal ends nothing" },
    Check { key: "mailbox.retry_base", with: &["mailbox.retry_cap"], holds: the_first_pause_is_no_longer_than_the_longest,
        must: "be at most mailbox.retry_cap" },
    Check { key: "idempotency.body_within", with: &["idempotency.kept"], holds: bodies_are_known_no_longer_than_keys,
        must: "be at most idempotency.kept" },
    Check { key: "admin.bind", with: &["server.bind"], holds: listeners_do_not_collide,
        must: "differ from server.bind" },
    Check { key: "admin.bind", with: &["admin.token", "admin.token_file"], holds: open_admin_has_a_token,
        must: "be loopback unless admin.token or admin.token_file is given" },
    Check { key: "admin.token_file", with: &["admin.token"], holds: token_has_one_source,
        must: "be empty when admin.token is given" },
];

/// The contradictions. A rule is passed over when one of its keys is faulty already: it would
/// speak of a stand-in that nobody gave.
pub(super) fn contradictions(settings: &Settings, seen: &[Seen]) -> Vec<Fault> {
    CHECKS.iter().filter(|check| !(check.holds)(settings)).filter_map(|it| it.fault(seen)).collect()
}

impl Check {
    fn fault(&self, seen: &[Seen]) -> Option<Fault> {
        let sound = |key: &str| seen.iter().find(|seen| seen.key == key && seen.sound);
        let Seen { key, value, origin, .. } = sound(self.key)?;
        let mut must = self.must.to_owned();
        for other in self.with {
            let Seen { key, value, origin, .. } = sound(other)?;
            must.push_str(&format!("; {key} = {value} (from {origin})"));
        }
        let (key, value, origin) = ((*key).to_owned(), value.clone(), origin.clone());
        Some(Fault::Value { key, value, origin, must })
    }
}

fn workers_and_reserve_fit_the_pool(s: &Settings) -> bool {
    s.pool.max >= WORKERS.saturating_add(s.pool.reserve)
}

fn idle_fits_the_pool(s: &Settings) -> bool {
    s.pool.min_idle <= s.pool.max
}

fn lanes_leave_room_in_the_pool(s: &Settings) -> bool {
    u32::try_from(s.ledger.lanes).is_ok_and(|lanes| lanes + BESIDE_LANES < s.pool.max)
}

fn acquiring_ends_before_the_answer(s: &Settings) -> bool {
    s.pool.acquire_timeout < s.server.answer_within
}

fn reading_ends_before_the_answer(s: &Settings) -> bool {
    s.database.read_within < s.server.answer_within
}

fn writing_ends_before_the_answer(s: &Settings) -> bool {
    s.database.write_within < s.server.answer_within
}

fn validation_is_part_of_acquiring(s: &Settings) -> bool {
    s.pool.validation_timeout <= s.pool.acquire_timeout
}

fn hold_warning_outlasts_a_write(s: &Settings) -> bool {
    s.pool.hold_warning > s.database.write_within
}

fn patience_outlasts_acquiring(s: &Settings) -> bool {
    s.pool_breaker.patience > s.pool.acquire_timeout
}

fn connecting_ends_before_the_call(s: &Settings) -> bool {
    s.trade.connect_timeout < s.trade.answer_timeout
}

fn a_letter_fits_a_call(s: &Settings) -> bool {
    s.trade.bulk_max >= s.supervisor.chunk
}

fn patience_outlasts_a_call(s: &Settings) -> bool {
    s.trade_breaker.patience > s.trade.answer_timeout
}

fn patience_outlasts_a_slow_call(s: &Settings) -> bool {
    s.trade_breaker.patience > s.trade_breaker.slow_call
}

fn waiting_ends_before_the_answer(s: &Settings) -> bool {
    s.supervisor.wait_max < s.server.answer_within
}

fn a_lease_outlasts_two_renewals(s: &Settings) -> bool {
    s.mailbox.lease > 2 * s.mailbox.renew_every
}

fn the_first_pause_is_no_longer_than_the_longest(s: &Settings) -> bool {
    s.mailbox.retry_base <= s.mailbox.retry_cap
}

fn bodies_are_known_no_longer_than_keys(s: &Settings) -> bool {
    s.idempotency.body_within <= s.idempotency.kept
}

fn open_admin_has_a_token(s: &Settings) -> bool {
    let loopback = s.admin.bind.ip().to_canonical().is_loopback();
    loopback || !s.admin.tokens.is_empty() || s.admin.token_file.is_some()
}

fn token_has_one_source(s: &Settings) -> bool {
    s.admin.tokens.is_empty() || s.admin.token_file.is_none()
}

/// Port 0 is a free port that the system picks, so two of them never meet.
fn listeners_do_not_collide(s: &Settings) -> bool {
    let (server, admin) = (s.server.bind, s.admin.bind);
    server.port() == 0 || server.port() != admin.port() || !addresses_meet(server, admin)
}

/// Whether one of them listens where the other does: 0.0.0.0 is every IPv4 address, and `[::]` is
/// every address of either kind.
fn addresses_meet(one: SocketAddr, other: SocketAddr) -> bool {
    let covers = |wide: IpAddr, narrow: IpAddr| {
        wide == narrow || wide.is_unspecified() && (wide.is_ipv6() || narrow.is_ipv4())
    };
    covers(one.ip(), other.ip()) || covers(other.ip(), one.ip())
}
