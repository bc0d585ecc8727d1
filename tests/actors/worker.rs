//! The worker: what it does with what lies in a hand, and what it leaves there.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr};
use resilience::breaker::Command;
use tokio::time::{Instant, sleep};
use uuid::Uuid;
use weir::actors::batch_worker::{BatchWorker, Carried, Carry, Hand, Written};
use weir::actors::ledger::{Gather, Settle};
use weir::domain::letter::{LetterState, Load, Rest, Settled, Settlement, Trouble};
use weir::domain::order::Order;
use weir::domain::trade::Placing;
use weir::ports::post::Collect;

use crate::desk::{Manner, unknown};
use crate::house::{House, QUIET_AFTER, RULES, Shape, is_about};
use crate::memory::Weather;

const SECOND: Duration = Duration::from_secs(1);

/// A worker, and a load that it is to carry: one letter with four orders.
struct Work {
    house: House,
    worker: Addr<BatchWorker>,
    epoch: Uuid,
    letter_id: Uuid,
    load: Load,
}

impl Work {
    async fn new() -> Self {
        let shape = Shape { meets: false, sweep_every: 3600 * SECOND, ..Shape::default() };
        let house = House::open(shape).await;
        let epoch = house.epoch().unwrap();
        let recorded = house.write_letters(4, 10, Some(epoch)).await;
        let letter_id = recorded.letters[0].id;
        let mut letter = house.letter(letter_id).unwrap();
        assert_eq!((letter.state, letter.fence), (LetterState::Held, 1));
        letter.state = LetterState::Waiting;
        let orders: Vec<Order> = recorded.items.into_iter().flatten().collect();
        let worker = BatchWorker::new(house.tools.clone()).start();
        Self { house, worker, epoch, letter_id, load: Load { letter, orders } }
    }

    fn hand(&self) -> Arc<Hand> {
        Arc::new(Hand::new(vec![self.load.clone()], RULES, 1))
    }

    async fn carry(&self, hand: &Arc<Hand>, epoch: Uuid) -> Carried {
        let (hand, trace) = (Arc::clone(hand), Uuid::nil());
        self.worker.send(Carry { hand, epoch, trace }).await.unwrap()
    }

    async fn carry_now(&self) -> Vec<Written> {
        done(self.carry(&self.hand(), self.epoch).await)
    }

    fn is_all_sent(&self) -> bool {
        self.load.orders.iter().all(|order| self.house.is_sent(order.id))
    }
}

fn done(carried: Carried) -> Vec<Written> {
    let Carried::Done { written, .. } = carried else { panic!("{carried:?}") };
    written
}

/// Defects 25, 28 of the ancestor.
#[actix::test]
async fn what_was_sent_is_on_the_disk_when_it_answers() {
    let work = Work::new().await;

    let carried = work.carry(&work.hand(), work.epoch).await;

    assert!(work.is_all_sent());
    assert!(work.house.letter(work.letter_id).is_none(), "the letter is closed");
    let Carried::Done { written, times } = carried else { panic!("{carried:?}") };
    assert_eq!(written.iter().map(|it| it.settled).collect::<Vec<_>>(), [Settled::Done]);
    assert!((SECOND..2 * SECOND).contains(&times.trade) && times.calls == 1, "{times:?}");
}

#[actix::test]
async fn a_breaker_that_lets_nothing_through_leaves_the_hand_as_it_was() {
    let work = Work::new().await;
    work.house.operate(Command::ForceOpen).await;
    let hand = work.hand();

    let carried = work.carry(&hand, work.epoch).await;

    assert!(matches!(carried, Carried::NotNow { wait } if !wait.is_zero()), "{carried:?}");
    assert!(work.house.desk.calls().is_empty());
    let letter = work.house.letter(work.letter_id).unwrap();
    assert_eq!((letter.state, letter.attempts, letter.fence), (LetterState::Held, 0, 1));
    assert_eq!(hand.give_back(), std::slice::from_ref(&work.load));
}

#[actix::test]
async fn without_a_good_lease_nothing_is_sent_and_the_letters_are_let_go() {
    let work = Work::new().await;

    let written = done(work.carry(&work.hand(), Uuid::from_u128(1)).await);

    assert_eq!(written.iter().map(|it| it.settled).collect::<Vec<_>>(), [Settled::Done]);
    assert!(work.house.desk.calls().is_empty());
    let letter = work.house.letter(work.letter_id).unwrap();
    assert_eq!((letter.state, letter.attempts), (LetterState::Waiting, 0));
    assert_eq!((letter.trouble, letter.undecided), (Trouble::default(), vec![1, 2, 3, 4]));
    assert!(letter.last_error.unwrap().contains("lease"));
}

#[actix::test]
async fn a_lease_that_is_about_to_end_is_none() {
    let work = Work::new().await;
    // Nothing can be renewed: ten of the fifteen seconds are good, in the last five nothing begins.
    work.house.session.set_weather(Weather { outage: 1.0, ..Weather::default() });
    sleep(16 * SECOND).await;
    work.house.session.set_weather(Weather::default());

    done(work.carry(&work.hand(), work.epoch).await);

    assert!(work.house.desk.calls().is_empty());
    let letter = work.house.letter(work.letter_id).unwrap();
    assert_eq!((letter.state, letter.attempts), (LetterState::Waiting, 0));
}

#[actix::test]
async fn an_outcome_that_the_database_cannot_take_is_tried_until_it_can() {
    let work = Work::new().await;
    let session = Arc::clone(&work.house.session);
    work.house.desk.follow(move |_| {
        session.set_weather(Weather { outage: 1.0, ..Weather::default() });
        Manner::Takes
    });
    let session = Arc::clone(&work.house.session);
    actix::spawn(async move {
        sleep(60 * SECOND).await;
        session.set_weather(Weather::default());
    });

    let began = Instant::now();
    let written = work.carry_now().await;

    assert!((60 * SECOND..63 * SECOND).contains(&began.elapsed()), "{:?}", began.elapsed());
    assert_eq!(written.iter().map(|it| it.settled).collect::<Vec<_>>(), [Settled::Done]);
    assert!(work.is_all_sent());
    assert_eq!(work.house.desk.called(), [1, 2, 3, 4], "sent once");
    let tries = work.house.memory.story().iter().filter(|line| line.contains("settles")).count();
    assert!((20..60).contains(&tries), "{tries} tries in a minute");
}

#[actix::test]
async fn an_outcome_whose_answer_is_lost_is_written_once_and_counts() {
    let work = Work::new().await;
    let session = Arc::clone(&work.house.session);
    work.house.desk.follow(move |_| {
        session.set_weather(Weather { losing: 1.0, ..Weather::default() });
        Manner::Takes
    });
    let house = &work.house;
    let calm = house.until("it is written", || house.letter(work.letter_id).is_none());
    let calm = async {
        calm.await;
        house.session.set_weather(Weather::default());
    };

    let (written, ()) = tokio::join!(work.carry_now(), calm);

    assert_eq!(written.iter().map(|it| it.settled).collect::<Vec<_>>(), [Settled::Done]);
    assert!(work.is_all_sent());
    assert_eq!(house.desk.called(), [1, 2, 3, 4], "sent once");
}

/// What is written of a call of which nobody knows what became, and when it is quiet.
async fn doubt(over: bool, quiet_after: Duration) {
    let work = Work::new().await;
    work.house.desk.follow(move |_| {
        Manner::Says(Placing::Unknown { reason: "no answer".to_owned(), over, wait: None })
    });

    let called = work.house.now();
    work.carry_now().await;

    let letter = work.house.letter(work.letter_id).unwrap();
    assert_eq!((letter.state, letter.attempts), (LetterState::Reconcile, 1));
    let Trouble { doubtful, quiet_at, part_max, tainted, absences, kills } = letter.trouble;
    assert_eq!((doubtful, part_max), (vec![1, 2, 3, 4], Some(2)));
    assert_eq!((tainted, absences, kills), (true, 0, 0));
    let quiet_in = Duration::from_micros((quiet_at.unwrap().micros() - called.micros()) as u64);
    assert!(is_about(quiet_in, SECOND + quiet_after), "{quiet_in:?} after the call began");
    assert!(work.house.memory.book().letters[&work.letter_id].holder.is_none());
}

#[actix::test]
async fn an_outcome_that_the_database_does_not_believe_is_for_an_operator_and_nothing_goes_on() {
    let mut work = Work::new().await;
    work.load.letter.trouble.part_max = Some(1);
    // The trade of the first order is another order's already.
    let another = work.house.write_letters(1, 1, Some(work.epoch)).await.letters.remove(0);
    let settlement = Settlement {
        letter_id: another.id,
        fence: 1,
        sent: vec![(another.undecided[0], 9_001)],
        rejected: Vec::new(),
        severed: None,
        rest: Rest::Closed,
    };
    work.house.ledger.send(Settle(settlement)).await.unwrap().unwrap();

    let written = work.carry_now().await;

    assert_eq!(work.house.desk.called(), [1], "no other part is sent");
    let letter = work.house.letter(work.letter_id).unwrap();
    assert_eq!((letter.state, letter.undecided), (LetterState::Dead, vec![1, 2, 3, 4]));
    let Trouble { doubtful, part_max, tainted, .. } = letter.trouble;
    assert!(doubtful.contains(&1) && tainted, "what was placed is looked up: {doubtful:?}");
    assert_eq!(part_max, Some(1));
    assert!(letter.last_error.unwrap().starts_with("TRADE_ID_CONFLICT"));
    let last = written.last().unwrap();
    assert_eq!((last.settled, last.is_buried), (Settled::Done, true));
}

#[actix::test]
async fn an_outcome_whose_answer_is_lost_counts_under_a_good_lease_only() {
    let work = Work::new().await;
    let session = Arc::clone(&work.house.session);
    work.house.desk.follow(move |_| {
        session.set_weather(Weather { losing: 1.0, ..Weather::default() });
        Manner::Takes
    });
    let house = &work.house;
    let calm = async {
        house.until("it is written", || house.letter(work.letter_id).is_none()).await;
        // Nothing can be renewed until the lease is over.
        house.session.set_weather(Weather { outage: 1.0, ..Weather::default() });
        sleep(20 * SECOND).await;
        house.session.set_weather(Weather::default());
    };

    let (written, ()) = tokio::join!(work.carry_now(), calm);

    assert_eq!(written.iter().map(|it| it.settled).collect::<Vec<_>>(), [Settled::Stale]);
}

#[actix::test]
async fn a_call_without_an_answer_is_doubted_until_it_can_no_longer_arrive() {
    doubt(false, QUIET_AFTER).await;
}

#[actix::test]
async fn a_call_that_is_over_can_be_looked_up_at_once() {
    doubt(true, Duration::ZERO).await;
}

#[actix::test]
async fn what_is_doubted_is_looked_up_and_not_sent_again() {
    let work = Work::new().await;
    work.house.desk.follow(|_| Manner::TakesUnheard);
    work.carry_now().await;
    assert_eq!(work.house.letters_in(LetterState::Reconcile).len(), 1);

    sleep(QUIET_AFTER).await;
    let collect = Collect { epoch: work.epoch, letters_max: 1, orders_max: 50, retries_max: 1 };
    let collected = work.house.ledger.send(Gather(collect)).await.unwrap().unwrap();
    let hand = Arc::new(Hand::new(collected.loads, RULES, 1));
    done(work.carry(&hand, work.epoch).await);

    assert!(work.is_all_sent());
    assert_eq!(work.house.desk.called(), [1, 2, 3, 4], "sent once");
}

#[actix::test]
async fn a_panic_ends_the_carriage_and_not_the_worker() {
    let work = Work::new().await;
    work.house.desk.follow(|_| Manner::Kills);
    let hand = work.hand();

    assert_eq!(work.carry(&hand, work.epoch).await, Carried::Died);

    let settlements = hand.killed(work.house.now());
    assert_eq!(settlements.len(), 1, "the hand tells over what it died");
    assert!(work.worker.connected());
    work.house.desk.follow(|_| Manner::Says(unknown()));
    let written = done(work.carry(&work.hand(), work.epoch).await);
    assert_eq!(written.len(), 1, "it goes on");
}
