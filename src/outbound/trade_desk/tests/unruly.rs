//! Servers that are no trade service, or a bad one.

use super::server::{Server, Then, answer};
use super::*;

const EMPTY_SUCCESS: &str = r#"{"status":"SUCCESS","results":[]}"#;

async fn placing(said: impl Into<String>, then: Then) -> Placing {
    let server = Server::saying(said, then).await;
    let placing = place(&desk(&server.base), &orders([7])).await;
    assert_eq!(server.heard().len(), 1, "no call is made twice");
    placing
}

#[track_caller]
fn assert_unknown(placing: &Placing, is_over: bool, said: &str) {
    let Placing::Unknown { over, reason, .. } = placing else { panic!("{said}: {placing:?}") };
    assert_eq!(*over, is_over, "{said}: {placing:?}");
    assert!(reason.contains(said), "{said}: {placing:?}");
}

#[actix_web::test]
async fn a_server_that_hangs_up_without_an_answer_was_sent_the_call() {
    for then in [Then::Close, Then::Reset] {
        let placing = placing("", then).await;
        assert_unknown(&placing, false, "");
    }
}

#[actix_web::test]
async fn what_is_no_http_is_unknown() {
    assert_unknown(&placing("SSH-2.0-OpenSSH_9.6\r\n", Then::Close).await, false, "");
}

#[actix_web::test]
async fn an_answer_that_ends_before_its_length_may_still_go_on_elsewhere() {
    let whole = answer("201 Created", "", EMPTY_SUCCESS);
    for cut in [1, EMPTY_SUCCESS.len() - 1] {
        let part = &whole[..whole.len() - cut];
        assert_unknown(&placing(part, Then::Close).await, false, "");
    }
    // Without a length only the JSON shows that something is missing.
    let chunked = "HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n";
    let part = format!("{chunked}10\r\n{}\r\n", &EMPTY_SUCCESS[..16]);
    assert_unknown(&placing(part, Then::Close).await, false, "");
    let whole = format!("{chunked}{:x}\r\n{EMPTY_SUCCESS}\r\n0\r\n\r\n", EMPTY_SUCCESS.len());
    assert_eq!(self::placing(whole, Then::Stay).await, Placing::Placed(Vec::new()));
}

#[actix_web::test]
async fn an_answer_that_is_too_large_is_not_read() {
    let settings = trade_settings(&[("trade.answer_max", "1024")]);
    let body =
        |length: usize| format!(r#"{{"status":"SUCCESS","results":[{}]}}"#, " ".repeat(length));
    let fits = body(1024 - body(0).len());
    for (body, fits) in [(fits.clone(), true), (fits + " ", false)] {
        let chunked = format!(
            "HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        );
        for said in [answer("201 Created", "", &body), chunked] {
            let server = Server::saying(said, Then::Stay).await;
            let placing = place(&desk_with(&server.base, &settings), &orders([7])).await;
            match fits {
                true => assert_eq!(placing, Placing::Placed(Vec::new())),
                false => assert_unknown(&placing, true, "too large"),
            }
        }
    }
}

#[actix_web::test]
async fn a_head_without_its_body_is_believed_where_the_status_says_it_all() {
    let head = |status: &str| format!("HTTP/1.1 {status}\r\ncontent-length: 99\r\n\r\n");
    let hasty_placing = async |status: &str| {
        let server = Server::saying(head(status), Then::Stay).await;
        place(&hasty(&server.base), &orders([7])).await
    };

    assert_unknown(&hasty_placing("201 Created").await, false, "no whole answer");
    let refused = hasty_placing("400 Bad Request").await;
    let reason = "the trade service answered 400 Bad Request".to_owned();
    assert_eq!(refused, Placing::Refused { reason, index: None });
}

#[actix_web::test]
async fn a_redirect_is_not_followed() {
    let other = Server::saying(answer("201 Created", "", EMPTY_SUCCESS), Then::Stay).await;
    let to = format!("location: {}/elsewhere\r\n", other.base);

    for status in ["307 Temporary Redirect", "308 Permanent Redirect", "303 See Other"] {
        let placing = placing(answer(status, &to, ""), Then::Stay).await;
        assert_unknown(&placing, true, status);
    }

    assert!(other.heard().is_empty());
}

#[actix_web::test]
async fn what_cannot_be_reached_was_sent_nothing() {
    for base in [
        // Nobody listens on this port.
        "http://127.0.0.1:1",
        "http://name.invalid",
        // It is no TLS that answers.
        &Server::saying("", Then::Close).await.base.replace("http://", "https://"),
    ] {
        // A resolver may take its time, too.
        let settings = TradeSettings { connect_timeout: SHORT, ..trade_settings(&[]) };
        let placing = place(&desk_with(base, &settings), &orders([7])).await;
        assert!(matches!(placing, Placing::NotSent { .. }), "{base}: {placing:?}");
    }
}

#[actix_web::test]
async fn a_connection_that_is_not_made_in_time_was_sent_nothing() {
    // It accepts TCP and never answers the greeting of TLS.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://{}", silent.local_addr().unwrap());
    let settings = TradeSettings { connect_timeout: SHORT, ..trade_settings(&[]) };

    let placing = place(&desk_with(&base, &settings), &orders([7])).await;

    assert!(matches!(placing, Placing::NotSent { .. }), "{placing:?}");
}

/// Defect 29 of the ancestor.
#[actix_web::test]
async fn a_connection_is_used_again() {
    let server = Server::saying(answer("201 Created", "", EMPTY_SUCCESS), Then::Stay).await;
    let desk = desk(&server.base);

    for _ in 0..20 {
        place(&desk, &orders([7])).await;
    }

    assert_eq!(server.connections(), 1);
}
