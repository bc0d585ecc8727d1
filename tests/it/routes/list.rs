//! `GET /api/v1/orders`: a page of the list, exact in its place, order and totals.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::desk::{Desk, problem};
use super::orders::{order, order_with, view};
use crate::support::{Kind, on_both};

on_both! {
    pages_lie_exactly_where_the_offset_says,
    every_field_sorts_both_ways_and_the_id_breaks_ties,
    filters_find_what_they_name_and_nothing_else,
    a_filter_that_nobody_can_resolve_is_refused,
    queries_that_cannot_be_meant_are_told,
}

const FIELDS: [&str; 8] = [
    "id",
    "security.ticker",
    "portfolio.name",
    "blotter.name",
    "status.abbreviation",
    "orderType.abbreviation",
    "quantity",
    "orderTimestamp",
];

fn ids(page: &Value) -> Vec<i64> {
    let content = page["content"].as_array().unwrap();
    content.iter().map(|order| order["id"].as_i64().unwrap()).collect()
}

/// (69) The ancestor rounded the offset down to whole pages. Both styles of paging are there.
async fn pages_lie_exactly_where_the_offset_says(kind: Kind) {
    let desk = Desk::open(kind).await;
    let empty = desk.get("/api/v1/orders").await.expect(200).body;
    let pagination = |page_size, offset, total, pages, current, next, previous| {
        json!({
            "pageSize": page_size, "offset": offset, "totalElements": total,
            "totalPages": pages, "currentPage": current, "hasNext": next, "hasPrevious": previous,
        })
    };
    let none = pagination(50, 0, 0, 0, 0, false, false);
    assert_eq!(empty, json!({"content": [], "pagination": none}));

    let all = desk.create_all(&json!(vec![order(); 100])).await;
    let table = [
        ("", 0..50, pagination(50, 0, 100, 2, 0, true, false)),
        ("limit=25&offset=37", 37..62, pagination(25, 37, 100, 4, 1, true, true)),
        ("limit=25&offset=75", 75..100, pagination(25, 75, 100, 4, 3, false, true)),
        ("limit=25&offset=76", 76..100, pagination(25, 76, 100, 4, 3, false, true)),
        ("offset=99&limit=1", 99..100, pagination(1, 99, 100, 100, 99, false, true)),
        ("limit=1000", 0..100, pagination(1000, 0, 100, 1, 0, false, false)),
        ("limit=30&offset=100", 100..100, pagination(30, 100, 100, 4, 3, false, true)),
        ("limit=7&offset=5000000", 0..0, pagination(7, 5_000_000, 100, 15, 714_285, false, true)),
        ("limit=&offset=&sort=", 0..50, pagination(50, 0, 100, 2, 0, true, false)),
        // The portal's own (contract 5.1).
        (
            "limit=25&offset=50&sort=id&status.abbreviation=NEW",
            50..75,
            pagination(25, 50, 100, 4, 2, true, true),
        ),
    ];
    for (query, range, pagination) in table {
        let page = desk.get(&format!("/api/v1/orders?{query}")).await.expect(200).body;

        let content: Vec<_> = all[range].iter().map(|id| view(*id)).collect();
        assert_eq!(page, json!({"content": content, "pagination": pagination}), "{query}");
    }
}

/// (69) Ties are broken by the id in the direction of the last field, so pages neither overlap nor
/// leave gaps. (70) Ticker and name sort by the ids behind them, which the document says.
async fn every_field_sorts_both_ways_and_the_id_breaks_ties(kind: Kind) {
    let desk = Desk::open(kind).await;
    let quantities = [0.5, 9.0, 10.0, 2.25];
    let order = |n: usize| {
        order_with(json!({
            "blotterId": n % 5 + 1, "orderTypeId": n * 3 % 5 + 1, "statusId": 1 + n % 2 * 5,
            "portfolioId": format!("P{}", n * 7 % 4), "securityId": format!("s{}", n * 5 % 3),
            "quantity": quantities[n % 4],
            "orderTimestamp": format!("2026-01-0{}T00:00:00Z", n * 11 % 3 + 1),
        }))
    };
    let orders: Vec<_> = (0..60).map(order).collect();
    desk.create_all(&json!(orders)).await;
    let all = desk.get("/api/v1/orders?limit=1000").await.expect(200).body;
    let all = all["content"].as_array().unwrap().clone();
    let key = |field: &str, order: &Value| match field {
        "security.ticker" => order["security"]["securityId"].clone(),
        "portfolio.name" => order["portfolio"]["portfolioId"].clone(),
        field => order.pointer(&format!("/{}", field.replace('.', "/"))).unwrap().clone(),
    };
    let compare = |field: &str, a: &Value, b: &Value| match (key(field, a), key(field, b)) {
        (Value::String(a), Value::String(b)) => a.cmp(&b),
        (a, b) => a.as_f64().unwrap().total_cmp(&b.as_f64().unwrap()),
    };
    let sorted = |sort: &str| {
        let mut expected = all.clone();
        let last_descends = sort.rsplit(',').next().unwrap().starts_with('-');
        expected.sort_by(|a, b| {
            let by = |word: &str| match word.strip_prefix('-') {
                Some(field) => compare(field, b, a),
                None => compare(word, a, b),
            };
            let fields = sort.split(',').map(by).fold(Ordering::Equal, Ordering::then);
            fields.then(if last_descends { compare("id", b, a) } else { compare("id", a, b) })
        });
        ids(&json!({"content": expected}))
    };

    let mut sorts: Vec<_> =
        FIELDS.iter().flat_map(|field| [(*field).to_owned(), format!("-{field}")]).collect();
    sorts.push("quantity,-orderTimestamp".into());
    sorts.push("-blotter.name,status.abbreviation,-id".into());
    for sort in sorts {
        let expected = sorted(&sort);
        let whole = desk.get(&format!("/api/v1/orders?limit=100&sort={sort}")).await.expect(200);
        assert_eq!(ids(&whole.body), expected, "{sort}");
        let mut pieces = Vec::new();
        for offset in [0, 17, 34, 51] {
            let page = format!("/api/v1/orders?limit=17&offset={offset}&sort={sort}");
            pieces.extend(ids(&desk.get(&page).await.expect(200).body));
        }
        assert_eq!(pieces, expected, "{sort}, page by page");
    }
    let parameters = &desk.document()["paths"]["/api/v1/orders"]["get"]["parameters"];
    let is_sort = |parameter: &&Value| parameter["name"] == "sort";
    let sort = parameters.as_array().unwrap().iter().find(is_sort).unwrap();
    let description = sort["description"].as_str().unwrap();
    assert!(description.contains("sort by the id behind the name"), "{description}");
    assert!(FIELDS.iter().all(|field| description.contains(field)));
}

async fn filters_find_what_they_name_and_nothing_else(kind: Kind) {
    let desk = Desk::open(kind).await;
    let orders = json!([
        order(),
        order_with(json!({"blotterId": 3, "statusId": 6, "orderTypeId": 1})),
        order_with(json!({"blotterId": 2, "orderTypeId": 1})),
        order_with(json!({"blotterId": 3, "orderTimestamp": "2026-01-05T14:30:00.000001Z"})),
    ]);
    let all = desk.create_all(&orders).await;
    let table: [(&str, &[usize]); 19] = [
        ("status.abbreviation=NEW", &[0, 2, 3]),
        ("status.abbreviation=HOLD", &[1]),
        ("status.abbreviation=NEW,HOLD", &[0, 1, 2, 3]),
        ("status.abbreviation=NEW&status.abbreviation=HOLD", &[0, 1, 2, 3]),
        ("status.abbreviation=new", &[]),
        ("status.abbreviation=NOSUCH", &[]),
        ("status.abbreviation=NOSUCH,HOLD", &[1]),
        ("status.abbreviation=", &[0, 1, 2, 3]),
        ("blotter.name=Fixed%20Income", &[1, 3]),
        ("blotter.name=Fixed+Income", &[1, 3]),
        ("blotter.name=Fixed%20Income,Equity", &[1, 2, 3]),
        ("blotter.name=Fixed%20Income&orderType.abbreviation=BUY", &[1]),
        ("blotter.name=Hold", &[]),
        ("orderType.abbreviation=BUY&status.abbreviation=NEW", &[2]),
        ("orderTimestamp=2026-01-05T14:30:00.181Z", &[0, 1, 2]),
        ("orderTimestamp=2026-01-05T15:30:00.181%2B01:00", &[0, 1, 2]),
        ("orderTimestamp=2026-01-05T14:30:00.000001Z,2026-01-05T14:30:00.181Z", &[0, 1, 2, 3]),
        ("orderTimestamp=2026-01-05T14:30:00Z", &[]),
        ("blotter.name='%20OR%201=1--", &[]),
    ];
    for (query, places) in table {
        let page = desk.get(&format!("/api/v1/orders?{query}")).await.expect(200).body;

        let expected: Vec<_> = places.iter().map(|place| all[*place]).collect();
        assert_eq!(ids(&page), expected, "{query}");
        assert_eq!(page["pagination"]["totalElements"], places.len(), "{query}");
    }
    // The totals follow what happens to orders.
    let path = format!("/api/v1/order/{}", all[0]);
    desk.put(&path, &order_with(json!({"statusId": 6}))).await.expect(200);
    desk.delete(&format!("/api/v1/order/{}?version=1", all[2])).await.expect(204);
    let page = desk.get("/api/v1/orders?status.abbreviation=HOLD").await.body;
    assert_eq!(
        (ids(&page), page["pagination"]["totalElements"].as_i64()),
        (all[..2].to_vec(), Some(2))
    );
    let page = desk.get("/api/v1/orders?limit=1").await.body;
    assert_eq!(page["pagination"]["totalElements"], 3);
}

/// (19, 20) 501, and never unfiltered data, nor an empty page that looks like an answer.
async fn a_filter_that_nobody_can_resolve_is_refused(kind: Kind) {
    let desk = Desk::open(kind).await;
    desk.create(order()).await;
    for (query, field) in [
        ("security.ticker=AAPL", "security.ticker"),
        ("portfolio.name=Growth,Value", "portfolio.name"),
        ("status.abbreviation=NEW&portfolio.name=Growth", "portfolio.name"),
    ] {
        let answer = desk.get(&format!("/api/v1/orders?{query}")).await.expect(501);

        let message = format!("filtering by {field} is not available yet: filter by another field");
        let expected = json!({
            "code": "FILTER_NOT_AVAILABLE", "error": "Filter not available", "message": message,
            "details": {"field": field},
        });
        assert_eq!(problem(&answer), expected);
    }
    let skipped = desk.get("/api/v1/orders?security.ticker=&portfolio.name=,").await.expect(200);
    assert_eq!(skipped.body["content"].as_array().unwrap().len(), 1, "an empty value is no filter");
}

/// (66) All 400, in the words that callers of the ancestor know.
async fn queries_that_cannot_be_meant_are_told(kind: Kind) {
    let desk = Desk::open(kind).await;
    let refused = |error: &str, message: String, field: &str| {
        let details = json!({"field": field});
        json!({"code": "INVALID_FIELD_VALUE", "error": error, "message": message, "details": details})
    };
    let ask = async |query: &str| {
        problem(&desk.get(&format!("/api/v1/orders?{query}")).await.expect(400))
    };
    for value in ["0", "1001", "-1", "abc", "1.5", "99999999999999999999"] {
        let message = format!("Limit must be between 1 and 1000, got: {value}");
        let expected = refused("Invalid limit parameter", message, "limit");
        assert_eq!(ask(&format!("limit={value}")).await, expected);
    }
    for value in ["-1", "abc", "0.5", "9223372036854775808"] {
        let message = format!("Offset must be >= 0, got: {value}");
        let expected = refused("Invalid offset parameter", message, "offset");
        assert_eq!(ask(&format!("offset={value}")).await, expected);
    }
    let fields = FIELDS.join(", ");
    for (value, unknown) in [("price", "price"), ("id,-x,quantity,y", "x, y"), ("--id", "-id")] {
        let message = format!("Invalid sort fields: [{unknown}]. Valid fields are: [{fields}]");
        let mut expected = refused("Invalid sort parameter", message, "sort");
        expected["validSortFields"] = json!(FIELDS);
        assert_eq!(ask(&format!("sort={value}")).await, expected);
    }
    let filters = [
        "security.ticker",
        "portfolio.name",
        "blotter.name",
        "status.abbreviation",
        "orderType.abbreviation",
        "orderTimestamp",
    ];
    for (query, unknown) in [("status=NEW", "status"), ("a=1&b=2", "a, b"), ("Limit=5", "Limit")] {
        let valid = filters.join(", ");
        let message = format!("Invalid filter fields: [{unknown}]. Valid fields are: [{valid}]");
        let first = unknown.split(", ").next().unwrap();
        let mut expected = refused("Invalid filter parameter", message, first);
        expected["validFilterFields"] = json!(filters);
        assert_eq!(ask(query).await, expected);
    }
    for value in ["today", "2026-01-05", "2026-01-05T14:30:00", "1767623400"] {
        let message = "orderTimestamp must be an ISO-8601 date and time with offset, such as \
                       2026-01-05T14:30:00.181Z";
        let expected = refused("Validation error", message.into(), "orderTimestamp");
        assert_eq!(ask(&format!("orderTimestamp={value}")).await, expected);
    }
    let many = vec!["NEW"; 101].join(",");
    let message = "status.abbreviation takes at most 100 values".to_owned();
    let expected = refused("Validation error", message, "status.abbreviation");
    assert_eq!(ask(&format!("status.abbreviation={many}")).await, expected);
}
