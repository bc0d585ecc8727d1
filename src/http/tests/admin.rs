//! The admin listener.

use std::sync::Arc;

use actix_web::test::TestRequest;

use super::house::{House, TOKEN};

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
    house.doors.admin_token = Some(TOKEN.into());
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
