//! The faults that only a connection can show.

use std::time::Duration;

use super::house::{DEADLINE, Ending, Running, hear, hear_answer, hear_rest, send};

const MOMENT: Duration = Duration::from_millis(150);

#[actix_web::test]
async fn a_reset_comes_without_a_byte_before_or_after_the_storing() {
    let sim = Running::start();
    sim.script(r#"[{"kind": "reset_before"}, {"kind": "reset_after"}]"#);

    for placed in [0, 1] {
        let mut stream = sim.send(&[1]).await;
        let heard = hear(&mut stream, DEADLINE).await;
        assert_eq!(heard, (String::new(), Ending::Reset));
        assert_eq!(sim.sim.count(1).placed, placed);
    }
    sim.stop().await;
}

#[actix_web::test]
async fn a_reset_can_hit_a_connection_that_was_used_before() {
    let sim = Running::start();
    sim.script(r#"[{"kind": "ok"}, {"kind": "reset_before"}]"#);
    let mut stream = sim.send(&[1]).await;
    assert!(hear_answer(&mut stream).await.starts_with("HTTP/1.1 201"));

    send(&mut stream, &[2]).await;

    assert_eq!(hear(&mut stream, DEADLINE).await, (String::new(), Ending::Reset));
    sim.stop().await;
}

#[actix_web::test]
async fn a_hanging_call_hears_nothing_whether_it_was_stored_or_not() {
    let sim = Running::start();
    sim.script(r#"[{"kind": "hang_before"}, {"kind": "hang_after"}]"#);

    for placed in [0, 1] {
        let mut stream = sim.send(&[1]).await;
        assert_eq!(hear(&mut stream, MOMENT).await, (String::new(), Ending::Silence));
        assert_eq!(sim.sim.count(1).placed, placed);
    }
    sim.stop().await;
}

#[actix_web::test]
async fn a_late_call_arrives_after_its_caller_has_gone() {
    let sim = Running::start();
    sim.script(r#"[{"kind": "hang_before", "lateMs": 50}]"#);
    let mut stream = sim.send(&[1]).await;
    assert_eq!(hear(&mut stream, MOMENT).await.1, Ending::Silence);
    assert_eq!(sim.sim.lock().pending, 1);
    assert_eq!(sim.sim.count(1).placed, 0, "the time begins when the caller leaves");

    drop(stream);

    sim.until(|sim| sim.count(1).placed == 1).await;
    sim.until(|sim| sim.lock().pending == 0).await;
    sim.stop().await;
}

#[actix_web::test]
async fn a_late_call_may_have_been_answered_or_reset() {
    let sim = Running::start();
    sim.script(
        r#"[{"kind": "unavailable", "lateMs": 50}, {"kind": "reset_before", "lateMs": 50}]"#,
    );

    let mut answered = sim.send(&[1]).await;
    assert!(hear_answer(&mut answered).await.starts_with("HTTP/1.1 503"));
    sim.until(|sim| sim.count(1).placed == 1).await;
    let mut reset = sim.send(&[2]).await;
    assert_eq!(hear(&mut reset, DEADLINE).await.1, Ending::Reset);
    sim.until(|sim| sim.count(2).placed == 1).await;
    sim.stop().await;
}

#[actix_web::test]
async fn a_call_under_way_is_placed_although_its_caller_left() {
    let sim = Running::start();
    sim.script(r#"[{"kind": "ok", "latencyMs": 100}]"#);
    let stream = sim.send(&[1]).await;
    sim.until(|sim| sim.lock().pending == 1).await;

    drop(stream);

    sim.until(|sim| sim.count(1).placed == 1).await;
    sim.stop().await;
}

#[actix_web::test]
async fn bodies_are_garbage_truncated_or_cut() {
    let sim = Running::start();
    let table = [
        ("garbage_before", true, 0),
        ("garbage_after", true, 1),
        ("truncated_before", true, 1),
        ("truncated_after", true, 2),
        ("cut_after", false, 3),
    ];
    for (order_id, (kind, is_whole, placed)) in (1..).zip(table) {
        sim.script(&format!(r#"[{{"kind": "{kind}"}}]"#));

        let mut stream = sim.send(&[order_id]).await;
        let heard = if is_whole {
            hear_answer(&mut stream).await
        } else {
            let (heard, ending) = hear(&mut stream, DEADLINE).await;
            assert_eq!(ending, Ending::Reset);
            heard
        };

        let (head, body) = heard.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 201"), "{kind}: {head}");
        assert!(serde_json::from_str::<serde_json::Value>(body).is_err(), "{kind}: {body}");
        assert!(!body.is_empty());
        assert_eq!(sim.sim.totals().placed, placed, "{kind}");
    }
    sim.stop().await;
}

#[actix_web::test]
async fn a_dripping_body_comes_whole_and_slowly() {
    let sim = Running::start();
    sim.faults(r#"{"dripMs": 20, "rates": {"drip": 1}}"#);
    let mut stream = sim.send(&[1]).await;

    let mut first = [0; 1];
    stream.peek(&mut first).await.unwrap();
    let (begin, ending) = hear(&mut stream, Duration::from_millis(5)).await;
    let length = begin.len();
    let whole = hear_rest(&mut stream, begin).await;

    let (_, body) = whole.split_once("\r\n\r\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["results"][0]["tradeOrder"]["orderId"], 1);
    assert!(ending == Ending::Silence && length < whole.len() / 2, "most of it came later");
    sim.stop().await;
}
