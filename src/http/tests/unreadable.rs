//! What cannot be read: unknown routes, wrong methods, media types, bodies.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::test::TestRequest;
use actix_web::{FromRequest, web};

use super::super::body::Body;
use super::house::{House, json};

#[actix::test]
async fn unknown_routes_are_problems() {
    let house = House::new();
    for uri in ["/", "/api/v1/nothing", "/api/v1/orders/", "/docs/nothing.js"] {
        let answer = house.get(uri).await;
        assert_eq!((answer.status, answer.code()), (404, "NOT_FOUND"), "{uri}");
    }
}

#[actix::test]
async fn wrong_methods_hear_the_right_ones() {
    let house = House::new();
    let table = [
        (Method::PUT, "/api/v1/orders", "GET, HEAD, POST"),
        (Method::POST, "/api/v1/order/1", "GET, HEAD, PUT, DELETE"),
        (Method::PATCH, "/api/v1/order/1", "GET, HEAD, PUT, DELETE"),
        (Method::OPTIONS, "/api/v1/orders", "GET, HEAD, POST"),
        (Method::DELETE, "/health", "GET, HEAD"),
        (Method::POST, "/openapi.json", "GET, HEAD"),
        (Method::POST, "/docs", "GET, HEAD"),
        (Method::POST, "/api/v1/orderTypes/1", "GET, HEAD"),
    ];
    for (method, uri, allow) in table {
        let answer = house.call(TestRequest::default().method(method).uri(uri)).await;

        assert_eq!((answer.status, answer.code()), (405, "METHOD_NOT_ALLOWED"), "{uri}");
        assert_eq!(answer.header("allow"), Some(allow));
    }
}

#[actix::test]
async fn what_takes_get_takes_head() {
    let house = House::new();

    let answer = house.call(TestRequest::default().method(Method::HEAD).uri("/health")).await;

    assert_eq!(answer.status, 200);
    assert_eq!(house.state().answered.last().unwrap().0, "HEAD");
}

#[actix::test]
async fn bodies_must_be_declared_as_json() {
    let house = House::new();
    for (media_type, status) in [
        (Some("application/json; charset=utf-8"), 400),
        (Some("application/vnd.weir+json"), 400),
        (Some("text/plain"), 415),
        (Some("application/xml"), 415),
        (Some("nonsense"), 415),
        (None, 415),
    ] {
        let mut request = TestRequest::post().uri("/api/v1/orders").set_payload("[]");
        if let Some(media_type) = media_type {
            request = request.insert_header(("Content-Type", media_type));
        }

        let answer = house.call(request).await;

        assert_eq!(answer.status, status, "{media_type:?}");
        assert!(status != 415 || answer.code() == "UNSUPPORTED_MEDIA_TYPE");
    }
}

#[actix::test]
async fn bodies_are_bounded_announced_or_not() {
    let house = House::new();
    let large = " ".repeat(house.doors.limits.body_max + 1);
    let announced = json(TestRequest::post().uri("/api/v1/orders"), "[]")
        .insert_header(("Content-Length", (large.len()).to_string()));

    for answer in [house.post("/api/v1/orders", &large).await, house.call(announced).await] {
        assert_eq!((answer.status, answer.code()), (413, "PAYLOAD_TOO_LARGE"));
    }
    assert_eq!(house.put("/api/v1/order/1", &large).await.status, 413);
}

#[actix::test]
async fn a_body_that_does_not_come_is_given_up() {
    let house = House::new();
    let never = futures_util::stream::pending();
    let request = json(TestRequest::default(), "").app_data(web::Data::new(house.doors.clone()));
    let mut payload: Payload = Payload::Stream { payload: Box::pin(never) };

    let reading = Body::from_request(&request.to_http_request(), &mut payload);
    let outcome = tokio::time::timeout(Duration::from_secs(5), reading).await.unwrap();

    assert_eq!(outcome.err().unwrap().code().name(), "REQUEST_TIMEOUT");
}

#[actix::test]
async fn malformed_and_ill_typed_json_names_the_place() {
    let house = House::new();
    let table = [
        ("/api/v1/orders", "[{]", None),
        ("/api/v1/orders", "", None),
        ("/api/v1/orders", "null", None),
        ("/api/v1/orders", "{}", None),
        ("/api/v1/orders", r#"[{}, {"quantity": true}]"#, Some("[1].quantity")),
        ("/api/v1/orders", r#"[{"statusId": "one"}]"#, Some("[0].statusId")),
        ("/api/v1/blotters", r#"{"name": []}"#, Some("name")),
        ("/api/v1/blotters", "[]", None),
    ];
    for (uri, body, field) in table {
        let answer = house.post(uri, body).await;

        assert_eq!((answer.status, answer.code()), (400, "INVALID_REQUEST_FORMAT"), "{body}");
        assert_eq!(answer.body["details"]["field"].as_str(), field, "{}", answer.text);
    }
}

#[actix::test]
async fn the_document_and_its_page_need_nobody_else() {
    let house = House::new();

    let document = house.get("/openapi.json").await;
    let redirect = house.get("/docs").await;
    let page = house.get("/docs/").await;
    let script = house.get("/docs/swagger-initializer.js").await;

    assert_eq!(document.body["openapi"], "3.1.0");
    assert_eq!(document.body["info"]["license"]["name"], "MIT");
    assert_eq!((redirect.status, redirect.header("location")), (308, Some("/docs/")));
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("://"), "{}", page.text);
    assert!(script.text.contains("/openapi.json") && script.text.contains("\"none\""));
    assert!(!script.text.contains("://"), "{}", script.text);
}

#[actix::test]
async fn every_reference_in_the_document_leads_somewhere() {
    let document = House::new().get("/openapi.json").await;

    let parts = document.text.split("\"$ref\":\"#/components/schemas/").skip(1);
    let names: std::collections::HashSet<_> =
        parts.map(|part| part.split('"').next().unwrap()).collect();

    assert!(names.contains("Problem") && names.contains("OrderWithDetails"), "{names:?}");
    for name in names {
        assert!(document.body["components"]["schemas"][name].is_object(), "{name}");
    }
}
