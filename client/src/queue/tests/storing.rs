//! What is kept, who holds it, and what is told of it.

use super::*;

#[tokio::test]
async fn what_was_put_is_taken_byte_by_byte_after_the_process_died() {
    let disk = Disk::new();
    let failure = Some(Failure { at: at(1), message: "reset".to_owned() });
    let waiting = Waiting { failure, attempts: 2, ..waiting(at(0)) };
    disk.open().await.put(&parcel("k", 25), &waiting).await.unwrap();

    let taken = disk.open().await.take(LEASE, at(9)).await.unwrap().unwrap();

    assert_eq!((taken.parcel, taken.waiting), (parcel("k", 25), waiting));
}

#[tokio::test]
async fn the_one_that_is_due_longest_goes_first_and_none_before_its_time() {
    let store = Disk::new().open().await;
    for (key, due) in [("late", 9), ("first", 1), ("second", 2)] {
        store.put(&parcel(key, 1), &waiting(at(due))).await.unwrap();
    }

    let mut keys = Vec::new();
    while let Some(taken) = store.take(LEASE, at(5)).await.unwrap() {
        keys.push(taken.parcel.key);
    }

    assert_eq!(keys, ["first", "second"]);
}

#[tokio::test]
async fn what_somebody_took_and_never_settled_is_taken_again_when_the_lease_ends() {
    let disk = Disk::new();
    let (first, second) = (disk.open().await, disk.open().await);
    first.put(&parcel("k", 1), &waiting(at(0))).await.unwrap();
    let dead = first.take(LEASE, at(0)).await.unwrap().unwrap();

    assert_eq!(second.take(LEASE, at(59)).await.unwrap(), None);
    let alive = second.take(LEASE, at(60)).await.unwrap().unwrap();

    assert_eq!((&alive.parcel, alive.id), (&dead.parcel, dead.id));
    first.settle(&dead, &[]).await.unwrap();
    assert_eq!(second.depth().await.unwrap().waiting, 1, "it is the other's to settle");
    second.settle(&alive, &[]).await.unwrap();
    assert_eq!(second.depth().await.unwrap(), Depth::default());
}

#[tokio::test]
async fn a_lease_from_a_clock_that_was_wrong_binds_nobody() {
    let store = Disk::new().open().await;
    store.put(&parcel("k", 1), &waiting(at(0))).await.unwrap();
    store.take(LEASE, at(1_000_000)).await.unwrap().unwrap();

    assert!(store.take(LEASE, at(10)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_full_queue_says_so_and_takes_no_more() {
    let store = Disk::new().with_room(2).await;
    for key in ["a", "b", "b"] {
        store.put(&parcel(key, 1), &waiting(at(0))).await.unwrap();
    }

    let error = store.put(&parcel("c", 1), &waiting(at(0))).await.unwrap_err();

    assert_eq!(error.to_string(), "the queue is full: it holds 2 submissions");
    assert_eq!(store.depth().await.unwrap().waiting, 2);
    let taken = store.take(LEASE, at(0)).await.unwrap().unwrap();
    let kept = |key| Kept { parcel: parcel(key, 1), waiting: waiting(at(0)), is_failed: false };
    store.settle(&taken, &[kept("d"), kept("e")]).await.unwrap();
    assert_eq!(store.depth().await.unwrap().waiting, 3, "what was in it is not lost for room");
}

#[tokio::test]
async fn what_failed_takes_up_room_until_somebody_discards_it() {
    let store = Disk::new().with_room(1).await;
    store.put(&parcel("a", 1), &waiting(at(0))).await.unwrap();
    let taken = store.take(LEASE, at(0)).await.unwrap().unwrap();
    let failed = Kept { parcel: parcel("a", 1), waiting: waiting(at(0)), is_failed: true };
    store.settle(&taken, &[failed]).await.unwrap();

    let error = store.put(&parcel("b", 1), &waiting(at(0))).await.unwrap_err();

    assert!(matches!(error, QueueError::Full { most: 1 }), "{error}");
    store.discard(store.list().await.unwrap()[0].id, at(0)).await.unwrap();
    store.put(&parcel("b", 1), &waiting(at(0))).await.unwrap();
}

#[tokio::test]
async fn a_key_with_other_orders_is_refused() {
    let store = Disk::new().open().await;
    store.put(&parcel("k", 1), &waiting(at(0))).await.unwrap();

    let error = store.put(&parcel("k", 2), &waiting(at(0))).await.unwrap_err();

    assert!(matches!(error, QueueError::KeyReused { .. }), "{error}");
}

#[tokio::test]
async fn people_see_what_waits_and_decide_about_what_failed() {
    let store = Disk::new().open().await;
    for key in ["waits", "fails"] {
        store.put(&parcel(key, 3), &waiting(at(0))).await.unwrap();
    }
    let second = store.take(LEASE, at(0)).await.unwrap().unwrap();
    assert_eq!(store.list().await.unwrap()[0].state, EntryState::Taken);
    assert_eq!(store.discard(second.id, at(1)).await.unwrap(), 0, "somebody is bringing it");
    let failure = Some(Failure { at: at(2), message: "500".to_owned() });
    let story = Waiting { attempts: 5, failure, ..second.waiting.clone() };
    let kept = Kept { parcel: second.parcel.clone(), waiting: story.clone(), is_failed: true };
    store.settle(&second, &[kept]).await.unwrap();

    let [other, failed] = store.list().await.unwrap().try_into().unwrap();
    assert_eq!((other.state, failed.state), (EntryState::Waiting, EntryState::Failed));
    assert_eq!((failed.order_count, failed.waiting), (3, story));
    assert_eq!(store.depth().await.unwrap(), Depth { waiting: 1, failed: 1 });

    assert_eq!(store.requeue(Some(other.id), at(3)).await.unwrap(), 0, "it has not failed");
    assert_eq!(store.requeue(None, at(3)).await.unwrap(), 1);
    let again = store.list().await.unwrap().into_iter().find(|e| e.id == failed.id).unwrap();
    assert_eq!((again.state, again.waiting.attempts), (EntryState::Waiting, 0));
    assert_eq!(store.discard(failed.id, at(4)).await.unwrap(), 1);
    assert_eq!(store.depth().await.unwrap(), Depth { waiting: 1, failed: 0 });
}

#[tokio::test]
async fn an_answer_is_remembered_for_its_time_and_then_forgotten() {
    let store = Disk::new().open().await;
    store.remember("old", "1", at(0), at(0)).await.unwrap();
    store.remember("new", "2", at(10), at(0)).await.unwrap();

    assert_eq!(store.recall("old", at(0)).await.unwrap().as_deref(), Some("1"));
    assert_eq!(store.recall("old", at(1)).await.unwrap(), None);
    store.remember("new", "3", at(11), at(5)).await.unwrap();
    assert_eq!(store.recall("old", at(0)).await.unwrap(), None);
    assert_eq!(store.recall("new", at(5)).await.unwrap().as_deref(), Some("3"));
}
