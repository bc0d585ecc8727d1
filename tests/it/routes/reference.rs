//! Blotters, statuses and order types: the same ways for the three kinds.

use serde_json::{Value, json};

use super::desk::{Desk, at, problem};
use super::orders::{STATUSES, order, order_with, status, with, without};
use crate::support::{Kind, on_both};

on_both! {
    the_seeds_are_the_ancestors_exactly,
    a_row_lives_from_post_to_delete,
    what_cannot_be_a_row_is_refused_by_field,
    rows_in_use_stay_and_rows_not_in_use_go,
    a_new_row_serves_at_once_and_a_deleted_one_never_again,
    ids_that_lead_nowhere_are_404_and_ill_typed_ones_400,
}

/// One kind: its paths, how its rows begin in sentences, and what its rows must have.
struct Shape {
    many: &'static str,
    one: &'static str,
    title: &'static str,
    /// Member, its name in sentences, the longest text.
    texts: &'static [(&'static str, &'static str, usize)],
    /// The member of an order that names a row of this kind.
    member: &'static str,
}

const SHAPES: [Shape; 3] = [
    Shape {
        many: "/api/v1/blotters",
        one: "/api/v1/blotter",
        title: "Blotter",
        texts: &[("name", "Name", 60)],
        member: "blotterId",
    },
    Shape {
        many: "/api/v1/statuses",
        one: "/api/v1/status",
        title: "Status",
        texts: &[("abbreviation", "Abbreviation", 20), ("description", "Description", 60)],
        member: "statusId",
    },
    Shape {
        many: "/api/v1/orderTypes",
        one: "/api/v1/orderType",
        title: "Order type",
        texts: &[("abbreviation", "Abbreviation", 10), ("description", "Description", 60)],
        member: "orderTypeId",
    },
];

impl Shape {
    /// A body with these texts and no version.
    fn draft(&self, text: &str) -> Value {
        self.texts.iter().map(|(name, ..)| ((*name).to_owned(), json!(text))).collect()
    }

    /// The whole row that readers get for such a body.
    fn row(&self, id: i64, text: &str, version: i64) -> Value {
        let row = with(self.draft(text), json!({"id": id, "version": version}));
        if self.title == "Blotter" { with(row, json!({"abbreviation": null})) } else { row }
    }

    fn at(&self, id: i64) -> String {
        format!("{}/{id}", self.one)
    }

    fn missing(&self, id: i64) -> Value {
        at("NOT_FOUND", format!("{} {id} does not exist", self.title), "id")
    }
}

async fn the_seeds_are_the_ancestors_exactly(kind: Kind) {
    let desk = Desk::open(kind).await;
    let names = ["Default", "Equity", "Fixed Income", "Hold", "Crypto"];
    let blotter = |(id, name): (i64, &str)| SHAPES[0].row(id, name, 1);
    let types = [
        ("BUY", "Buy"),
        ("SELL", "Sell"),
        ("SHORT", "Sell to Open"),
        ("COVER", "Buy to Close"),
        ("EXRC", "Exercise"),
    ];
    let order_type = |(id, (abbreviation, description)): (i64, (&str, &str))| json!({"id": id, "abbreviation": abbreviation, "description": description, "version": 1});
    let blotters: Vec<_> = (1..).zip(names).map(blotter).collect();
    let order_types: Vec<_> = (1..).zip(types).map(order_type).collect();
    let statuses: Vec<_> = (1..=STATUSES.len()).map(status).collect();
    let one_by_one = ["/api/v1/blotter", "/api/v1/status", "/api/v1/orderType"];
    for ((shape, one), rows) in SHAPES.iter().zip(one_by_one).zip([blotters, statuses, order_types])
    {
        assert_eq!(desk.get(shape.many).await.expect(200).body, json!(rows));
        for (id, row) in (1..).zip(&rows) {
            assert_eq!(&desk.get(&format!("{one}/{id}")).await.expect(200).body, row);
            if shape.title == "Order type" {
                // The plural is the ancestor's code, the singular its documentation.
                let plural = desk.get(&format!("/api/v1/orderTypes/{id}")).await.expect(200);
                assert_eq!(&plural.body, row);
            }
        }
    }
}

/// (47, 71) POST 200, PUT compares and raises the version, DELETE tells 404 from 409.
async fn a_row_lives_from_post_to_delete(kind: Kind) {
    let desk = Desk::open(kind).await;
    for shape in SHAPES {
        let before = desk.get(shape.many).await.body.as_array().unwrap().len();

        let created = desk.post(shape.many, &shape.draft("  One ")).await.expect(200).body;
        let id = created["id"].as_i64().unwrap();
        assert_eq!(created, shape.row(id, "One", 1), "trimmed, version 1, whole");
        assert_eq!(id, i64::try_from(before).unwrap() + 1);
        let seven = with(shape.draft("Seven"), json!({"id": 1, "version": 7, "unknown": 1}));
        let seven = desk.post(shape.many, &seven).await.expect(200).body;
        assert_eq!(seven, shape.row(id + 1, "Seven", 7));

        let path = shape.at(id);
        assert_eq!(desk.get(&path).await.expect(200).body, created);
        let change = |text: &str, version: i64| {
            with(shape.draft(text), json!({"version": version, "id": 1}))
        };
        let changed = desk.put(&path, &change("Two", 1)).await.expect(200).body;
        assert_eq!(
            changed,
            shape.row(id, "Two", 2),
            "the body's id is ignored, the version raised"
        );
        assert_eq!(desk.get(&path).await.expect(200).body, changed);
        let stale = desk.put(&path, &change("Three", 1)).await.expect(409);
        let stale_delete = desk.delete(&format!("{path}?version=1")).await.expect(409);
        for answer in [stale, stale_delete] {
            assert_eq!(answer.body["code"], "VERSION_CONFLICT", "{}", answer.text);
            assert_eq!(answer.body["details"], json!({"field": "version"}));
        }
        let rows = desk.get(shape.many).await.body;
        assert_eq!(rows.as_array().unwrap()[before..], [changed, seven]);

        let bare = desk.delete(&path).await.expect(400);
        let message = "Version is required: the one that was read";
        assert_eq!(problem(&bare), at("MISSING_REQUIRED_FIELD", message, "version"));
        let word = desk.delete(&format!("{path}?version=x")).await.expect(400);
        let message = "Version must be an integer, got: x";
        assert_eq!(problem(&word), at("INVALID_FIELD_VALUE", message, "version"));
        assert_eq!(desk.delete(&format!("{path}?version=2")).await.expect(204).text, "");
        for _ in 0..2 {
            let again = desk.delete(&format!("{path}?version=2")).await.expect(404);
            assert_eq!(problem(&again), shape.missing(id));
        }
        assert_eq!(problem(&desk.get(&path).await.expect(404)), shape.missing(id));
        let late = desk.put(&path, &change("Two", 2)).await.expect(404);
        assert_eq!(problem(&late), shape.missing(id));
    }
}

/// (66, 67)
async fn what_cannot_be_a_row_is_refused_by_field(kind: Kind) {
    let desk = Desk::open(kind).await;
    for shape in SHAPES {
        let path = shape.at(1);
        let before = desk.get(shape.many).await.body;
        let good = with(shape.draft("x"), json!({"version": 1}));
        let both =
            async |body: &Value| [desk.post(shape.many, body).await, desk.put(&path, body).await];
        for (name, title, length_max) in shape.texts {
            let mut table =
                vec![(without(good.clone(), name), "MISSING_REQUIRED_FIELD", "is required".into())];
            for empty in [Value::Null, json!(""), json!("  \t ")] {
                table.push((
                    with(good.clone(), json!({*name: empty})),
                    "MISSING_REQUIRED_FIELD",
                    "is required".into(),
                ));
            }
            let long = with(good.clone(), json!({*name: "ü".repeat(length_max + 1)}));
            let message =
                format!("must be at most {length_max} characters long, got {}", length_max + 1);
            table.push((long, "INVALID_FIELD_VALUE", message));
            let control = with(good.clone(), json!({*name: "a\u{0}b"}));
            table.push((control, "INVALID_FIELD_VALUE", "must not hold control characters".into()));
            for (body, code, message) in table {
                for answer in both(&body).await {
                    let expected = at(code, format!("{title} {message}"), name);
                    assert_eq!(problem(&answer.expect(400)), expected, "{body}");
                }
            }
        }
        for body in
            ["", "{", "null", "[]", "[\"x\", \"x\", 1]", "5", "\"x\"", "{\"version\": \"x\"}"]
        {
            for (method, path) in [("POST", shape.many), ("PUT", path.as_str())] {
                let answer = desk.write(method, path, body).await;
                assert_eq!(answer.status, 400, "{method} {path} {body}: {}", answer.text);
                assert_eq!(answer.body["code"], "INVALID_REQUEST_FORMAT", "{method} {body}");
            }
        }
        for version in [0, -1, 1_i64 << 32] {
            let body = with(good.clone(), json!({"version": version}));
            let answer = desk.post(shape.many, &body).await.expect(400);
            let message = format!("Version must be a positive integer, got: {version}");
            assert_eq!(problem(&answer), at("INVALID_FIELD_VALUE", message, "version"));
        }
        let bare = desk.put(&path, &shape.draft("x")).await.expect(400);
        let message = "Version is required: the one that was read";
        assert_eq!(problem(&bare), at("MISSING_REQUIRED_FIELD", message, "version"));
        assert_eq!(desk.get(shape.many).await.body, before, "nothing was written");
        // The longest that fits, in characters and not in bytes.
        let longest: Value = shape
            .texts
            .iter()
            .map(|(name, _, max)| ((*name).to_owned(), json!("ü".repeat(*max))))
            .collect();
        desk.post(shape.many, &longest).await.expect(200);
    }
}

/// (71) A referenced row is 409, also a blotter; it goes once no order uses it.
async fn rows_in_use_stay_and_rows_not_in_use_go(kind: Kind) {
    let desk = Desk::open(kind).await;
    let id =
        desk.create(order_with(json!({"blotterId": 4, "statusId": 6, "orderTypeId": 5}))).await;
    let before = desk.get(&format!("/api/v1/order/{id}")).await.body;
    for (shape, row) in SHAPES.iter().zip([4, 6, 5]) {
        let answer = desk.delete(&format!("{}?version=1", shape.at(row))).await.expect(409);

        assert_eq!(answer.body["code"], "RESOURCE_IN_USE", "{}", answer.text);
        let message = answer.body["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("{} {row} ", shape.title)), "{message}");
        desk.get(&shape.at(row)).await.expect(200);
    }
    assert_eq!(desk.get(&format!("/api/v1/order/{id}")).await.body, before, "no label was lost");

    desk.delete(&format!("/api/v1/order/{id}?version=1")).await.expect(204);
    for (shape, row) in SHAPES.iter().zip([4, 6, 5]) {
        // The rules of orders speak of HOLD: it stays, used or not.
        let ruled = shape.member == "statusId";
        let status = if ruled { 409 } else { 204 };
        desk.delete(&format!("{}?version=1", shape.at(row))).await.expect(status);
    }
}

/// (63) No window in which a row is there for one and not for another.
async fn a_new_row_serves_at_once_and_a_deleted_one_never_again(kind: Kind) {
    let desk = Desk::open(kind).await;
    for shape in SHAPES {
        let created = desk.post(shape.many, &shape.draft("Fresh")).await.expect(200).body;
        let row = created["id"].as_i64().unwrap();
        let body = json!([order_with(json!({shape.member: row}))]);

        // A status of the operator's own is known at once, but no order begins with it.
        let item = desk.post("/api/v1/orders", &body).await.body["orders"][0].clone();
        if shape.member == "statusId" {
            assert_eq!(item["message"], "A new order must be NEW or HOLD, got Fresh");
        } else {
            assert_eq!(item["success"], true, "{item}");
            let view = &item["order"];
            let label = if shape.member == "blotterId" { "blotter" } else { "orderType" };
            assert_eq!(view[label], created);
            // A renamed row shows its new name at once, and is found by it.
            let renamed = with(shape.draft("Newer"), json!({"version": 1}));
            let renamed = desk.put(&shape.at(row), &renamed).await.expect(200).body;
            let read = desk.get(&format!("/api/v1/order/{}", view["id"])).await.body;
            assert_eq!(read[label], renamed);
            let key = if label == "blotter" { "blotter.name" } else { "orderType.abbreviation" };
            let found = desk.get(&format!("/api/v1/orders?{key}=Newer")).await.body;
            assert_eq!(found["content"], json!([read]));
            let gone = desk.get(&format!("/api/v1/orders?{key}=Fresh")).await.body;
            assert_eq!(gone["content"], json!([]));
            desk.delete(&format!("/api/v1/order/{}?version=1", view["id"])).await.expect(204);
        }
        let version = desk.get(&shape.at(row)).await.body["version"].clone();
        desk.delete(&format!("{}?version={version}", shape.at(row))).await.expect(204);
        let refused = desk.post("/api/v1/orders", &body).await.expect(207);
        let item = &refused.body["orders"][0];
        assert_eq!(item["errorCode"], "INVALID_FIELD_VALUE");
        assert_eq!(item["field"], shape.member);
        assert!(item["message"].as_str().unwrap().ends_with(&format!(" with ID {row} not found")));
    }
    // What another hand wrote is found, too: a miss goes to the database.
    desk.weir
        .database
        .execute("INSERT INTO blotters (id, name, version) VALUES (900, 'Other', 1)")
        .await;
    desk.create(order_with(json!({"blotterId": 900}))).await;
    let listed = desk.get("/api/v1/blotters").await.body;
    assert_eq!(listed.as_array().unwrap().last().unwrap()["id"], 900);
    desk.create(order()).await;
}

/// (66)
async fn ids_that_lead_nowhere_are_404_and_ill_typed_ones_400(kind: Kind) {
    let desk = Desk::open(kind).await;
    for shape in SHAPES {
        let body = with(shape.draft("x"), json!({"version": 1}));
        for id in [0, 99, -1, 1_i64 << 32] {
            let path = shape.at(id);
            let get = desk.get(&path).await;
            let put = desk.put(&path, &body).await;
            let delete = desk.delete(&format!("{path}?version=1")).await;
            for answer in [get, put, delete] {
                assert_eq!(problem(&answer.expect(404)), shape.missing(id));
            }
        }
        for id in ["abc", "1.0", "99999999999999999999"] {
            let path = format!("{}/{id}", shape.one);
            let get = desk.get(&path).await;
            let put = desk.put(&path, &body).await;
            let delete = desk.delete(&format!("{path}?version=1")).await;
            for answer in [get, put, delete] {
                let expected =
                    at("INVALID_FIELD_VALUE", format!("id must be an integer, got: {id}"), "id");
                assert_eq!(problem(&answer.expect(400)), expected);
            }
        }
    }
    let plural = desk.get("/api/v1/orderTypes/99").await.expect(404);
    assert_eq!(problem(&plural), SHAPES[2].missing(99));
    desk.get("/api/v1/orderTypes/abc").await.expect(400);
}
