//! Listing: every order is on exactly one page, in the order that was asked for.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use weir::domain::listing::{Listing, sort_fields};
use weir::domain::moment::Moment;
use weir::domain::order::Order;
use weir::domain::reference::{ReferenceKind, References};
use weir::ports::catalogue::Catalogue;
use weir::ports::journal::Journal;
use weir::ports::library::{Library, Page};
use weir::store::Store;

use super::shelf::{Dice, LANE, NOON, batch, fresh, order, snapshot};
use crate::support::{Database, Kind, on_both};

const ORDERS: i64 = 300;

on_both! {
    every_field_sorts_both_ways_and_pages_join_without_a_seam,
    several_fields_sort_one_after_the_other,
    offset_is_exact_at_every_place,
    filters_find_the_same_orders_alone_and_together,
    equal_timestamps_are_found_to_the_microsecond,
    unknown_name_finds_nothing,
    name_that_another_process_added_is_found,
    new_name_is_found_beside_one_that_two_rows_share,
    empty_database_has_an_empty_first_page,
}

async fn filled(kind: Kind) -> (Database, std::sync::Arc<Store>, Vec<Order>) {
    let (database, store) = fresh(kind).await;
    let mut dice = Dice(42);
    let mut orders: Vec<Order> =
        (1..=ORDERS).map(|id| Order { terms: dice.terms(), ..order(id) }).collect();
    // Stored in another order than that of their ids.
    orders.sort_by_key(|order| (order.id * 7919) % 1009);
    for part in orders.chunks(50) {
        store.record(LANE, &[batch(part.iter().cloned())]).await.unwrap();
    }
    orders.sort_by_key(|order| order.id);
    (database, store, orders)
}

async fn list(store: &Store, pairs: &[(&str, &str)]) -> Page {
    let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    store.orders(&Listing::parse(&pairs).unwrap()).await.unwrap()
}

fn ids(orders: &[Order]) -> Vec<i64> {
    orders.iter().map(|order| order.id).collect()
}

/// What the database must do, done here: the names' bytes decide, as in the C collation.
fn compare(one: &Order, other: &Order, field: &str, references: &References) -> Ordering {
    let name = |kind, id| references.of(kind)[&id].key().to_owned();
    let by_name = |kind, id: fn(&Order) -> i32| name(kind, id(one)).cmp(&name(kind, id(other)));
    let (mine, theirs) = (&one.terms, &other.terms);
    match field {
        "id" => one.id.cmp(&other.id),
        "security.ticker" => mine.security_id.cmp(&theirs.security_id),
        "portfolio.name" => mine.portfolio_id.cmp(&theirs.portfolio_id),
        "blotter.name" => by_name(ReferenceKind::Blotter, |order| order.terms.blotter_id),
        "status.abbreviation" => by_name(ReferenceKind::Status, |order| order.terms.status_id),
        "orderType.abbreviation" => {
            by_name(ReferenceKind::OrderType, |order| order.terms.order_type_id)
        }
        "quantity" => mine.quantity.cmp(&theirs.quantity),
        "orderTimestamp" => mine.ordered_at.cmp(&theirs.ordered_at),
        unknown => panic!("{unknown} is a new field: say how it sorts"),
    }
}

async fn every_field_sorts_both_ways_and_pages_join_without_a_seam(kind: Kind) {
    let (_database, store, orders) = filled(kind).await;
    let references = snapshot(&store);
    for field in sort_fields() {
        for sign in ["", "-"] {
            let sort = format!("{sign}{field}");
            let mut expected = orders.clone();
            expected.sort_by(|one, other| {
                let ordering = compare(one, other, field, &references).then(one.id.cmp(&other.id));
                if sign.is_empty() { ordering } else { ordering.reverse() }
            });

            let mut found = Vec::new();
            while let offset = found.len().to_string()
                && let page =
                    list(&store, &[("sort", &sort), ("limit", "37"), ("offset", &offset)]).await
                && !page.orders.is_empty()
            {
                assert_eq!(page.total, 300, "{sort}");
                found.extend(page.orders);
            }

            assert_eq!(ids(&found), ids(&expected), "{sort}");
            assert!(found == expected, "{sort}: an order differs from what was recorded");
        }
    }
}

async fn several_fields_sort_one_after_the_other(kind: Kind) {
    let (_database, store, mut orders) = filled(kind).await;
    let references = snapshot(&store);
    orders.sort_by(|one, other| {
        let status = compare(one, other, "status.abbreviation", &references).reverse();
        let blotter = compare(one, other, "blotter.name", &references);
        let order_type = compare(one, other, "orderType.abbreviation", &references);
        let quantity = compare(one, other, "quantity", &references).reverse();
        status.then(blotter).then(order_type).then(quantity).then(other.id.cmp(&one.id))
    });

    let sort = "-status.abbreviation,blotter.name,orderType.abbreviation,-quantity";
    let page = list(&store, &[("sort", sort), ("limit", "1000")]).await;

    assert_eq!(ids(&page.orders), ids(&orders));
}

async fn offset_is_exact_at_every_place(kind: Kind) {
    let (_database, store, orders) = filled(kind).await;
    let all = ids(&orders);
    for offset in [0, 1, 36, 37, 38, 150, 298, 299] {
        let page = list(&store, &[("limit", "37"), ("offset", &offset.to_string())]).await;

        let end = all.len().min(offset + 37);
        assert_eq!((ids(&page.orders), page.total), (all[offset..end].to_vec(), 300), "{offset}");
    }
    for offset in ["300", "301", "9223372036854775807"] {
        let page = list(&store, &[("limit", "37"), ("offset", offset)]).await;

        assert_eq!(page, Page { orders: Vec::new(), total: 300 }, "{offset}");
    }
}

async fn filters_find_the_same_orders_alone_and_together(kind: Kind) {
    let (_database, store, orders) = filled(kind).await;
    let references = snapshot(&store);
    let (noon, later) = (moment(NOON), moment(NOON + 1));
    let table: [&[(&str, &str)]; 9] = [
        &[("blotter.name", "Equity")],
        &[("blotter.name", "Equity,Fixed Income,Equity")],
        &[("status.abbreviation", "HOLD")],
        &[("status.abbreviation", "SENT")],
        &[("orderType.abbreviation", "SHORT,EXRC")],
        &[("orderTimestamp", &noon)],
        &[("orderTimestamp", &noon), ("orderTimestamp", &later)],
        &[("blotter.name", "Hold,Crypto"), ("status.abbreviation", "NEW")],
        &[
            ("blotter.name", "Default,Equity,Hold"),
            ("status.abbreviation", "NEW,HOLD"),
            ("orderType.abbreviation", "BUY,SELL,COVER"),
            ("orderTimestamp", &noon),
        ],
    ];
    for filter in table {
        let matches = |order: &&Order| filter_finds(filter, order, &references);
        let expected: Vec<Order> = orders.iter().filter(matches).cloned().collect();
        let (limit, offset) = (("limit", "20"), ("offset", "3"));

        let whole = list(&store, &[filter, &[("limit", "1000")]].concat()).await;
        let part = list(&store, &[filter, &[limit, offset]].concat()).await;

        assert_eq!(ids(&whole.orders), ids(&expected), "{filter:?}");
        let third: Vec<i64> = ids(&expected).into_iter().skip(3).take(20).collect();
        assert_eq!(ids(&part.orders), third, "{filter:?}");
        let total = expected.len() as u64;
        assert_eq!((whole.total, part.total), (total, total), "{filter:?}");
        let finds_none = *filter == [("status.abbreviation", "SENT")];
        assert_eq!(total == 0, finds_none, "{filter:?} tries nothing");
    }
}

fn moment(micros: i64) -> String {
    Moment::from_micros(micros).to_string()
}

fn filter_finds(filter: &[(&str, &str)], order: &Order, references: &References) -> bool {
    let of = |field| match field {
        "blotter.name" => references.blotters[&order.terms.blotter_id].key().to_owned(),
        "status.abbreviation" => references.statuses[&order.terms.status_id].key().to_owned(),
        "orderType.abbreviation" => {
            references.order_types[&order.terms.order_type_id].key().to_owned()
        }
        _ => order.terms.ordered_at.to_string(),
    };
    let fields: BTreeSet<&str> = filter.iter().map(|(field, _)| *field).collect();
    fields.into_iter().all(|field| {
        let named = filter.iter().filter(|(name, _)| *name == field);
        named.flat_map(|(_, values)| values.split(',')).any(|value| value == of(field))
    })
}

async fn equal_timestamps_are_found_to_the_microsecond(kind: Kind) {
    let (_database, store, orders) = filled(kind).await;
    for shift in -4..=4 {
        let at = Moment::from_micros(NOON + shift);
        let expected: Vec<Order> =
            orders.iter().filter(|order| order.terms.ordered_at == at).cloned().collect();

        let page = list(&store, &[("orderTimestamp", &at.to_string()), ("limit", "1000")]).await;

        assert_eq!((ids(&page.orders), page.total), (ids(&expected), expected.len() as u64));
        assert_eq!(expected.is_empty(), shift.abs() == 4);
    }
}

async fn unknown_name_finds_nothing(kind: Kind) {
    let (_database, store, orders) = filled(kind).await;
    let nothing = Page { orders: Vec::new(), total: 0 };

    for field in ["blotter.name", "status.abbreviation", "orderType.abbreviation"] {
        for name in ["No such name", "equity", "' OR 1 = 1 --", "%"] {
            assert_eq!(list(&store, &[(field, name)]).await, nothing, "{field}={name}");
        }
    }

    let beside_a_known_one = list(&store, &[("status.abbreviation", "nothing,NEW,HOLD")]).await;
    assert_eq!(beside_a_known_one.total, orders.len() as u64);
    let crossed = [("blotter.name", "nothing"), ("status.abbreviation", "NEW")];
    assert_eq!(list(&store, &crossed).await, nothing);
}

/// Moves the first orders into a blotter, as another instance would.
async fn foreign_blotter(database: &Database, id: i64, name: &str, orders: &str) {
    database
        .execute(&format!(
            "INSERT INTO blotters (id, name) VALUES ({id}, '{name}');
             INSERT INTO order_tallies (shard, blotter_id, status_id, order_type_id, orders)
             SELECT 9, {id}, status_id, order_type_id, count(*) FROM orders WHERE id IN ({orders})
             GROUP BY status_id, order_type_id;
             INSERT INTO order_tallies (shard, blotter_id, status_id, order_type_id, orders)
             SELECT 10 + {id}, blotter_id, status_id, order_type_id, -count(*) FROM orders
             WHERE id IN ({orders}) GROUP BY blotter_id, status_id, order_type_id;
             UPDATE orders SET blotter_id = {id} WHERE id IN ({orders});"
        ))
        .await;
}

async fn name_that_another_process_added_is_found(kind: Kind) {
    let (database, store, _) = filled(kind).await;
    assert_eq!(list(&store, &[("blotter.name", "Foreign")]).await.total, 0);
    foreign_blotter(&database, 77, "Foreign", "1, 2, 3").await;

    let page = list(&store, &[("blotter.name", "Foreign")]).await;

    assert_eq!((ids(&page.orders), page.total), (vec![1, 2, 3], 3));
}

async fn new_name_is_found_beside_one_that_two_rows_share(kind: Kind) {
    let (database, store, _) = filled(kind).await;
    foreign_blotter(&database, 77, "Twin", "1").await;
    foreign_blotter(&database, 78, "Twin", "2").await;
    store.refresh().await.unwrap();
    foreign_blotter(&database, 79, "Newcomer", "3").await;

    let page = list(&store, &[("blotter.name", "Twin,Newcomer")]).await;

    assert_eq!((ids(&page.orders), page.total), (vec![1, 2, 3], 3));
}

async fn empty_database_has_an_empty_first_page(kind: Kind) {
    let (_database, store) = fresh(kind).await;

    assert_eq!(list(&store, &[]).await, Page { orders: Vec::new(), total: 0 });
    let at_noon = list(&store, &[("orderTimestamp", &moment(NOON))]).await;
    assert_eq!(at_noon, Page { orders: Vec::new(), total: 0 });
}
