//! The console's files: open to anybody, and closed to everything but themselves.

use actix_web::test::TestRequest;

use super::super::admin::console;
use super::super::admin::tokens::Tokens;
use super::house::{House, TOKEN};

fn get(uri: &str) -> TestRequest {
    TestRequest::get().uri(uri)
}

#[actix::test]
async fn every_file_is_told_without_the_token_and_nothing_beside_them_is() {
    let mut house = House::new();
    house.doors.admin_tokens = Tokens::new([TOKEN]);

    for path in console::paths().into_iter().filter(|path| *path != "/console/") {
        let answer = house.call_admin(get(path)).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text.is_empty(), "{path}");
    }
    for path in ["/console/nothing.js", "/console/../metrics", "/consoles", "/metrics"] {
        assert_eq!(house.call_admin(get(path)).await.status, 401, "{path}");
    }
    let wrong = house.call_admin(TestRequest::post().uri("/console")).await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("GET, HEAD")));
}

#[actix::test]
async fn a_browser_may_take_nothing_from_elsewhere() {
    let answer = House::new().call_admin(get("/console")).await;

    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    for word in ["unsafe", "http", "*", "data:"] {
        assert!(!policy.contains(word), "{policy}");
    }
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
}

#[actix::test]
async fn a_file_that_is_known_is_not_sent_again() {
    let house = House::new();
    let ask =
        |tag: &str| get("/console/style.css").insert_header(("If-None-Match", tag.to_owned()));
    let first = house.call_admin(get("/console/style.css")).await;
    let tag = first.header("etag").unwrap();

    let again = house.call_admin(ask(tag)).await;
    let other = house.call_admin(ask("\"another\"")).await;

    assert_eq!((again.status, again.text.as_str(), again.header("etag")), (304, "", Some(tag)));
    assert_eq!((other.status, &other.text), (200, &first.text));
    assert_ne!(house.call_admin(get("/console")).await.header("etag"), Some(tag));
}

#[actix::test]
async fn the_path_with_a_slash_leads_home() {
    let answer = House::new().call_admin(get("/console/")).await;

    assert_eq!((answer.status, answer.header("location")), (308, Some("../console")));
}

#[actix::test]
async fn each_file_that_a_file_names_is_there() {
    let house = House::new();
    let paths = console::paths();
    for path in &paths {
        let text = house.call_admin(get(path)).await.text;
        let named = text.split(['"', '\'']).filter_map(|word| {
            let name = word.strip_prefix("./").or_else(|| word.strip_prefix("console/"))?;
            Some(format!("/console/{name}"))
        });
        for name in named {
            assert!(paths.contains(&name.as_str()), "{path} names {name}");
        }
    }
}
