//! Buckets on a clock of steps.

use proptest::prelude::*;

use super::*;
use crate::domain::client::ClientId;
use crate::ports::clock::{Clock, SystemClock};

const SECOND: Duration = Duration::from_secs(1);

fn rate(per_second: u32, burst: u32) -> Rate {
    let [per_second, burst] = [per_second, burst].map(|it| NonZeroU32::new(it).unwrap());
    Rate { per_second, burst }
}

/// Ten orders a second, a hundred at once.
fn quota() -> (Quota, Instant) {
    let now = SystemClock.instant();
    (Quota::new(rate(10, 100), now), now)
}

fn caller(number: usize) -> Caller {
    Caller::Named(ClientId::from_header(format!("desk-{number}").as_bytes()).unwrap())
}

fn standing(left: u32, full_in: Duration) -> Standing {
    Standing { left, full_in }
}

#[test]
fn a_burst_comes_in_at_once_and_what_follows_at_the_rate() {
    let (mut quota, now) = quota();
    let heavy = caller(1);
    assert_eq!(quota.standing(&heavy, now), standing(100, Duration::ZERO));

    assert_eq!(quota.take(&heavy, 60, now), Ok(()));
    assert_eq!(quota.standing(&heavy, now), standing(40, 6 * SECOND));
    let spent = quota.take(&heavy, 50, now).unwrap_err();
    assert_eq!(spent.wait, SECOND, "ten are missing");
    assert_eq!(quota.standing(&heavy, now), standing(40, 6 * SECOND), "none were taken");
    assert_eq!(quota.take(&heavy, 40, now), Ok(()), "fewer come in");

    let waits = [(quota.look(&heavy, now), 100), (quota.take(&heavy, 25, now), 2_500)];
    for (spent, millis) in waits {
        assert_eq!(spent.unwrap_err().wait, Duration::from_millis(millis));
    }
    let later = now + Duration::from_millis(2_500);
    assert_eq!(quota.take(&heavy, 26, later).unwrap_err().wait, Duration::from_millis(100));
    assert_eq!(quota.take(&heavy, 25, later), Ok(()));
    assert_eq!(quota.standing(&heavy, later), standing(0, 10 * SECOND));
    assert_eq!(quota.standing(&heavy, later + 20 * SECOND), standing(100, Duration::ZERO));
}

#[test]
fn each_client_has_a_bucket_of_its_own() {
    let (mut quota, now) = quota();
    assert_eq!(quota.take(&caller(1), 100, now), Ok(()));

    assert!(quota.take(&caller(1), 1, now).is_err());
    assert_eq!(quota.take(&caller(2), 100, now), Ok(()));
}

#[test]
fn what_did_not_come_in_is_given_back_and_no_more() {
    let (mut quota, now) = quota();
    let heavy = caller(1);
    quota.take(&heavy, 70, now).unwrap();
    quota.take(&heavy, 30, now).unwrap();

    quota.give_back(&heavy, 70);
    assert_eq!(quota.standing(&heavy, now), standing(70, 3 * SECOND));

    quota.give_back(&heavy, 1_000);
    assert_eq!(quota.standing(&heavy, now), standing(100, Duration::ZERO));
    assert!(quota.take(&heavy, 101, now).is_err(), "a bucket holds no more than a burst");
}

#[test]
fn only_the_first_refusal_after_some_calm_is_news() {
    let (mut quota, now) = quota();
    let heavy = caller(1);
    quota.take(&heavy, 100, now).unwrap();
    let mut begins = |seconds| quota.take(&heavy, 100, now + seconds * SECOND).unwrap_err().begins;

    let news = [0, 1, 9].map(&mut begins);
    assert_eq!(news, [true, false, false]);
    quota.take(&heavy, 100, now + 10 * SECOND).unwrap();
    let spent = quota.look(&heavy, now + 10 * SECOND).unwrap_err();
    assert!(!spent.begins, "the calm was short");
    quota.take(&heavy, 100, now + 20 * SECOND).unwrap();
    assert!(quota.look(&heavy, now + 20 * SECOND).unwrap_err().begins);
}

#[test]
fn who_is_idle_is_forgotten_when_its_bucket_is_full() {
    let (mut quota, now) = quota();
    quota.take(&caller(1), 100, now).unwrap();
    quota.take(&caller(2), 20, now).unwrap();

    let mut known_after = |seconds| {
        quota.take(&caller(3), 1, now + seconds * SECOND).unwrap();
        [1, 2].map(|number| quota.buckets.contains_key(&caller(number)))
    };

    assert_eq!(known_after(1), [true, true]);
    assert_eq!(known_after(5), [true, false]);
    assert_eq!(known_after(10), [false, false]);
}

#[test]
fn strangers_beyond_all_bounds_share_one_bucket() {
    let (mut quota, now) = quota();
    for number in 0..CLIENTS_MAX {
        quota.take(&caller(number), 1, now).unwrap();
    }

    quota.take(&caller(CLIENTS_MAX), 60, now).unwrap();
    assert!(quota.take(&caller(CLIENTS_MAX + 1), 60, now).is_err());
    assert_eq!(quota.take(&caller(1), 60, now), Ok(()), "who was there keeps its own");
    assert_eq!(quota.buckets.len(), CLIENTS_MAX + 1);
}

proptest! {
    /// Whatever is asked for, given back and refused.
    #[test]
    fn in_no_window_come_more_than_a_burst_and_what_the_rate_allows(
        per_second in 1_u32..2_000,
        burst in 1_u32..5_000,
        asked in proptest::collection::vec((0_u64..3_000, 1_usize..1_500, any::<bool>()), 1..60),
    ) {
        let start = SystemClock.instant();
        let mut quota = Quota::new(rate(per_second, burst), start);
        let (mut now, mut came) = (start, Vec::new());
        for (millis, orders, stays) in asked {
            now += Duration::from_millis(millis);
            let before = quota.standing(&caller(1), now);
            match quota.take(&caller(1), orders, now) {
                Ok(()) if stays => came.push((now, orders)),
                Ok(()) => {
                    quota.give_back(&caller(1), orders);
                    prop_assert_eq!(quota.standing(&caller(1), now), before);
                }
                Err(spent) => {
                    prop_assert!(u64::from(before.left) < u64::try_from(orders).unwrap());
                    if orders <= usize::try_from(burst).unwrap() {
                        let mut then = Quota { buckets: quota.buckets.clone(), ..quota_of(&quota) };
                        prop_assert!(then.take(&caller(1), orders, now + spent.wait).is_ok());
                    }
                }
            }
        }
        for (first, (from, _)) in came.iter().enumerate() {
            let mut sum = 0.0;
            for (until, orders) in &came[first..] {
                sum += super::super::number(*orders);
                let window = until.duration_since(*from).as_secs_f64();
                let allowed = f64::from(burst) + f64::from(per_second) * window;
                prop_assert!(sum <= allowed * (1.0 + 1e-5), "{sum} in {window} s");
            }
        }
    }
}

/// The same promise, with nobody known.
fn quota_of(quota: &Quota) -> Quota {
    let Quota { limiter, since, forgot_at, .. } = *quota;
    Quota { limiter, since, buckets: HashMap::new(), forgot_at }
}
