//! The admin listener.

use std::sync::Arc;

use actix_web::test::TestRequest;

use super::super::admin::tokens::Tokens;
use super::super::routes::documented_admin;
use super::house::{House, TOKEN, json};

const NOBODYS_ID: &str = "0190b8a0-0000-7000-8000-000000000000";

#[actix::test]
async fn the_series_are_text_under_both_names() {
    let house = House::new();
    for uri in ["/metrics", "/actuator/prometheus"] {
        let answer = house.call_admin(TestRequest::get().uri(uri)).await;

        assert_eq!((answer.status, answer.text.as_str()), (200, "weir_up 1\n"));
        assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4"));
    }
}

#[actix::test]
async fn who_has_no_token_learns_nothing() {
    let mut house = House::new();
    house.doors.admin_tokens = Tokens::new([TOKEN]);
    let ask = |uri: &str, value: &str| {
        TestRequest::get().uri(uri).insert_header(("Authorization", value.to_owned()))
    };

    for uri in ["/metrics", "/nothing"] {
        for value in ["", "Bearer ", "Bearer open", "Basic open-sesame", "Bearer open-sesame-"] {
            let answer = house.call_admin(ask(uri, value)).await;
            assert_eq!((answer.status, answer.code()), (401, "AUTHENTICATION_ERROR"), "{value}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    assert_eq!(house.call_admin(ask("/metrics", "bearer open-sesame")).await.status, 200);
    assert_eq!(house.call_admin(ask("/nothing", "Bearer open-sesame")).await.status, 404);
}

/// Operators find each route, and what is tried of the page is tried of all routes.
#[test]
fn the_page_about_the_listener_names_every_route() {
    let page = include_str!("../../../docs/admin.md");
    for (path, item) in documented_admin().1.paths.paths {
        let item = serde_json::to_value(item).unwrap();
        for method in item.as_object().unwrap().keys().map(|method| method.to_uppercase()) {
            let alone = format!("`{method} {path}`");
            let with_the_other = format!("`{method}` and `POST {path}`");
            assert!(page.contains(&alone) || page.contains(&with_the_other), "{alone}");
        }
    }
}

/// Whatever stands in the document of the admin listener, and with it whatever is served.
#[actix::test]
async fn no_route_answers_without_the_token_and_each_does_with_it() {
    let mut house = House::new();
    house.doors.admin_tokens = Tokens::new([TOKEN, "the-next-one"]);
    let mut routes = 0;
    for (path, item) in documented_admin().1.paths.paths {
        let id = if path.starts_with("/admin/orders") { "7" } else { NOBODYS_ID };
        let uri = path.replace("{name}", "pool").replace("{id}", id);
        assert!(!uri.contains('{'), "a part of {path} is not known here");
        let item = serde_json::to_value(item).unwrap();
        for method in item.as_object().unwrap().keys() {
            let ask = |token: Option<&str>| {
                let method = method.to_uppercase().parse().unwrap();
                let request = json(TestRequest::default().method(method).uri(&uri), "{}");
                match token {
                    Some(token) => {
                        request.insert_header(("Authorization", format!("Bearer {token}")))
                    }
                    None => request,
                }
            };
            for token in [None, Some(""), Some("wrong")] {
                let answer = house.call_admin(ask(token)).await;
                assert_eq!(answer.code(), "AUTHENTICATION_ERROR", "{method} {uri}");
            }
            // A stream has no end that could be waited for.
            for token in [TOKEN, "the-next-one"].into_iter().filter(|_| path != "/admin/events") {
                let answer = house.call_admin(ask(Some(token))).await;
                assert_ne!(answer.status, 401, "{method} {uri}");
            }
            routes += 1;
        }
    }
    assert!(routes >= 15, "{routes}");
    let events = house.observe_breaker().await.events;
    assert!(events.is_empty(), "orders without a word are none: {events:?}");
}

#[actix::test]
async fn problems_have_the_same_shape_here() {
    let mut house = House::new();

    let wrong = house.call_admin(TestRequest::post().uri("/metrics")).await;
    house.doors.exposition = Arc::new(|| Err("inner reason".to_owned()));
    let broken = house.call_admin(TestRequest::get().uri("/metrics")).await;

    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("GET, HEAD")));
    assert_eq!((broken.status, broken.code()), (500, "INTERNAL_ERROR"));
    assert!(!broken.text.contains("inner reason"));
}
