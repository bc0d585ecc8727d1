//! The schema's history on both databases: SQLite always, PostgreSQL when
//! `WEIR_TEST_POSTGRES_URL` names one. Every test gets a file or a schema of its own.

use std::{collections::BTreeSet, env, fs, io::ErrorKind, process};

use entity::{
    batches, blotters, counters, holders, letters, order_tallies, order_types, orders, statuses,
};
use migration::{Migrator, known_names};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ConnectOptions, ConnectionTrait, Database,
    DatabaseConnection, DbBackend, DbErr, EntityTrait, IntoActiveModel, JoinType, ModelTrait,
    QueryOrder, QuerySelect, RelationTrait, SqlErr, Statement, prelude::Uuid,
};
use sea_orm_migration::MigratorTrait;

#[tokio::test]
async fn going_down_leaves_nothing_and_going_up_again_the_same() -> Result<(), DbErr> {
    on_each_database("up_down_up", async |database| {
        let first = catalogue(&database).await?;

        Migrator::down(&database, None).await?;
        let ground = catalogue(&database).await?;
        Migrator::up(&database, None).await?;
        let second = catalogue(&database).await?;

        assert!(ground.iter().all(|name| name.contains("seaql_migrations")), "left: {ground:?}");
        assert!(first.contains("orders_readable"));
        assert_eq!(first, second);
        assert_eq!(blotters::Entity::find().all(&database).await?.len(), 5);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_step_that_fails_halfway_leaves_nothing_behind() -> Result<(), DbErr> {
    on_each_database("halfway", async |database| {
        Migrator::down(&database, None).await?;
        database.execute_unprepared("create table batches (in_the_way integer)").await?;
        let before = catalogue(&database).await?;

        let outcome = Migrator::up(&database, None).await;

        assert!(outcome.is_err());
        assert_eq!(catalogue(&database).await?, before);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn every_step_taken_is_a_known_name() -> Result<(), DbErr> {
    on_each_database("known_names", async |database| {
        let taken = Migrator::get_migration_models(&database).await?;

        let taken: Vec<String> = taken.into_iter().map(|step| step.version).collect();
        assert_eq!(taken, known_names());
        let steps = ["000001_ground_floor", "000002_letters", "000003_operators"];
        assert_eq!(taken, steps.map(|step| format!("m20261121_{step}")));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn seeds_are_what_callers_have_written_down() -> Result<(), DbErr> {
    on_each_database("seeds", async |database| {
        let blotters = blotters::Entity::find().order_by_id_asc().all(&database).await?;
        let types = order_types::Entity::find().order_by_id_asc().all(&database).await?;
        let statuses = statuses::Entity::find().order_by_id_asc().all(&database).await?;
        let counters = counters::Entity::find().all(&database).await?;

        let expected = ["Default", "Equity", "Fixed Income", "Hold", "Crypto"];
        let expected: Vec<_> = (1..)
            .zip(expected)
            .map(|(id, name)| blotters::Model { id, name: name.to_owned(), version: 1 })
            .collect();
        assert_eq!(blotters, expected);

        let types: Vec<_> = types
            .iter()
            .map(|row| (row.id, row.abbreviation.as_str(), row.description.as_str(), row.version))
            .collect();
        assert_eq!(types, ORDER_TYPES);

        let statuses: Vec<_> = statuses
            .iter()
            .map(|row| (row.id, row.abbreviation.as_str(), row.description.as_str(), row.version))
            .collect();
        assert_eq!(statuses, STATUSES);

        assert_eq!(counters, [counters::Model { name: "order_id".to_owned(), next: 1 }]);
        Ok(())
    })
    .await
}

const ORDER_TYPES: [(i32, &str, &str, i32); 5] = [
    (1, "BUY", "Buy", 1),
    (2, "SELL", "Sell", 1),
    (3, "SHORT", "Sell to Open", 1),
    (4, "COVER", "Buy to Close", 1),
    (5, "EXRC", "Exercise", 1),
];

const STATUSES: [(i32, &str, &str, i32); 10] = [
    (1, "NEW", "New", 1),
    (2, "SENT", "Sent", 1),
    (3, "WORK", "In progress", 1),
    (4, "FULL", "Filled", 1),
    (5, "PART", "Partial fill", 1),
    (6, "HOLD", "Hold", 1),
    (7, "CNCL", "Cancel", 1),
    (8, "CNCLD", "Cancelled", 1),
    (9, "CPART", "Cancelled with partial fill", 1),
    (10, "DEL", "Delete", 1),
];

#[tokio::test]
async fn numbering_goes_on_after_the_seeds_and_never_back() -> Result<(), DbErr> {
    on_each_database("numbering", async |database| {
        let blotter = blotters::ActiveModel { name: Set("Rates".to_owned()), ..Default::default() };
        let order_type = order_types::ActiveModel {
            abbreviation: Set("SWAP".to_owned()),
            description: Set("Swap".to_owned()),
            ..Default::default()
        };
        let status = statuses::ActiveModel {
            abbreviation: Set("LATE".to_owned()),
            description: Set("Late".to_owned()),
            ..Default::default()
        };

        let sixth = blotter.clone().insert(&database).await?;
        let order_type = order_type.insert(&database).await?;
        let status = status.insert(&database).await?;
        blotters::Entity::delete_by_id(sixth.id).exec(&database).await?;
        let seventh = blotter.insert(&database).await?;

        assert_eq!((sixth.id, sixth.version), (6, 1));
        assert_eq!(order_type.id, 6);
        assert_eq!(status.id, 11);
        assert_eq!(seventh.id, 7, "a deleted id must not be given out again");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn orders_come_back_as_they_went_in_and_sort_by_a_joined_name() -> Result<(), DbErr> {
    on_each_database("round_trip", async |database| {
        let full = orders::Model {
            quantity: i64::MAX,
            limit_price: Some(1),
            trade_order_id: Some(i64::MAX),
            letter_id: Some(Uuid::from_u128(7)),
            client_order_id: Some("a".to_owned()),
            last_error: Some("refused".to_owned()),
            blotter_id: 2,
            ..order(i64::MAX)
        };
        let bare = orders::Model { blotter_id: 5, ..order(1) };

        insert(&database, full.clone()).await?;
        insert(&database, bare.clone()).await?;
        let sorted = orders::Entity::find()
            .join(JoinType::InnerJoin, orders::Relation::Blotter.def())
            .join(JoinType::InnerJoin, orders::Relation::Status.def())
            .join(JoinType::InnerJoin, orders::Relation::OrderType.def())
            .order_by_asc(blotters::Column::Name)
            .all(&database)
            .await?;

        assert_eq!(sorted, [bare, full], "Crypto stands before Equity");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_trade_order_id_names_one_order_at_most() -> Result<(), DbErr> {
    on_each_database("trade_order_id", async |database| {
        let named = |id| orders::Model { trade_order_id: Some(77), ..order(id) };

        insert(&database, order(1)).await?;
        insert(&database, order(2)).await?;
        insert(&database, named(3)).await?;
        let second = insert(&database, named(4)).await;

        assert_refused_as_double(second);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_client_order_id_names_one_order_per_client_at_most() -> Result<(), DbErr> {
    on_each_database("client_order_id", async |database| {
        let named = |id, client: &str| orders::Model {
            client: client.to_owned(),
            client_order_id: Some("mine-1".to_owned()),
            ..order(id)
        };

        insert(&database, order(1)).await?;
        insert(&database, order(2)).await?;
        insert(&database, named(3, "desk")).await?;
        insert(&database, named(4, "portal")).await?;
        let second = insert(&database, named(5, "desk")).await;

        assert_refused_as_double(second);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_idempotency_key_names_one_batch_per_client_and_route() -> Result<(), DbErr> {
    on_each_database("idempotency_key", async |database| {
        let keyed = |id, route: &str| batches::Model {
            route: route.to_owned(),
            idempotency_key: Some("k".to_owned()),
            fingerprint: Some(vec![0, 255]),
            answer: Some(Vec::new()),
            ..batch(id)
        };

        insert(&database, batch(1)).await?;
        insert(&database, batch(2)).await?;
        insert(&database, keyed(3, "create")).await?;
        insert(&database, keyed(4, "submit")).await?;
        let second = insert(&database, keyed(5, "create")).await;

        assert_refused_as_double(second);
        let third = batches::Entity::find_by_id(Uuid::from_u128(3)).one(&database).await?;
        assert_eq!(third, Some(keyed(3, "create")));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn letters_come_back_as_they_went_in() -> Result<(), DbErr> {
    on_each_database("letters", async |database| {
        let full = letters::Model {
            holder: Some(Uuid::from_u128(8)),
            trouble: Some("{}".to_owned()),
            last_error: Some("no answer".to_owned()),
            attempts: i32::MAX,
            fence: i64::MAX,
            state: 1,
            ..letter(2)
        };

        insert(&database, letter(1)).await?;
        insert(&database, full.clone()).await?;
        let second = insert(&database, letter(1)).await;
        let unheard_of = insert(&database, letters::Model { state: 4, ..letter(3) }).await;

        assert_refused_as_double(second);
        assert!(unheard_of.is_err());
        let found = letters::Entity::find().order_by_id_asc().all(&database).await?;
        assert_eq!(found, [letter(1), full]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn holders_have_not_ended_until_somebody_says_so() -> Result<(), DbErr> {
    on_each_database("holders", async |database| {
        let holder = holders::ActiveModel {
            epoch: Set(Uuid::from_u128(1)),
            started_at: Set(1),
            expires_at: Set(i64::MAX),
            instance: Set("weir-1".to_owned()),
            ..Default::default()
        };

        holders::Entity::insert(holder).exec_without_returning(&database).await?;

        let found = holders::Entity::find().one(&database).await?;
        let expected = holders::Model {
            epoch: Uuid::from_u128(1),
            started_at: 1,
            expires_at: i64::MAX,
            ended: false,
            instance: "weir-1".to_owned(),
        };
        assert_eq!(found, Some(expected));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn nothing_below_one_unit_is_stored() -> Result<(), DbErr> {
    on_each_database("checks", async |database| {
        let no_quantity = orders::Model { quantity: 0, ..order(1) };
        let no_price = orders::Model { limit_price: Some(0), ..order(2) };

        assert!(insert(&database, no_quantity).await.is_err());
        assert!(insert(&database, no_price).await.is_err());
        assert_eq!(orders::Entity::find().all(&database).await?, []);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn reference_data_that_a_tally_names_cannot_be_deleted() -> Result<(), DbErr> {
    on_each_database("restrict", async |database| {
        let tally = order_tallies::Model {
            shard: 0,
            blotter_id: 1,
            status_id: 2,
            order_type_id: 3,
            orders: -4,
        };

        insert(&database, tally.clone()).await?;
        let blotter = blotters::Entity::delete_by_id(1).exec(&database).await;
        let status = statuses::Entity::delete_by_id(2).exec(&database).await;
        let order_type = order_types::Entity::delete_by_id(3).exec(&database).await;
        let unused = statuses::Entity::delete_by_id(3).exec(&database).await?;
        let dangling = insert(&database, order_tallies::Model { status_id: 99, ..tally }).await;

        assert!(blotter.is_err() && status.is_err() && order_type.is_err());
        assert_eq!(statuses::Entity::find().all(&database).await?.len(), 9);
        assert_eq!(unused.rows_affected, 1);
        assert!(dangling.is_err());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn people_read_exact_decimals_and_times() -> Result<(), DbErr> {
    on_each_database("readable", async |database| {
        let largest = orders::Model {
            quantity: i64::MAX,
            limit_price: Some(1),
            order_timestamp: 1_763_000_000_000_001,
            letter_id: Some(Uuid::from_u128(0xabc)),
            ..order(1)
        };
        let lost =
            orders::Model { quantity: 150_000_000, order_timestamp: -1, status_id: 99, ..order(2) };

        insert(&database, largest).await?;
        insert(&database, lost).await?;
        let rows = database.query_all_raw(readable(&database)).await?;

        let rows: Vec<String> =
            rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
        assert_eq!(
            rows,
            [
                "Default NEW BUY 92233720368.54775807 0.00000001 2025-11-13T02:13:20.000001Z \
                 00000000000000000000000000000abc",
                "Default - BUY 1.50000000 - 1969-12-31T23:59:59.999999Z -",
            ]
        );
        Ok(())
    })
    .await
}

/// One line per order of the view; PostgreSQL's types are brought to SQLite's text first.
fn readable(database: &DatabaseConnection) -> Statement {
    let backend = database.get_database_backend();
    let [moment, letter] = if backend == DbBackend::Postgres {
        [
            r#"to_char(order_timestamp at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"#,
            "replace(letter_id::text, '-', '')",
        ]
    } else {
        ["order_timestamp", "letter_id"]
    };
    Statement::from_string(
        backend,
        format!(
            "select blotter || ' ' || coalesce(status, '-') || ' ' || order_type || ' ' \
             || quantity || ' ' || coalesce(cast(limit_price as text), '-') || ' ' \
             || {moment} || ' ' || coalesce({letter}, '-') from orders_readable order by id"
        ),
    )
}

fn order(id: i64) -> orders::Model {
    orders::Model {
        id,
        quantity: 100_000_000,
        order_timestamp: 0,
        created_at: 0,
        updated_at: 0,
        blotter_id: 1,
        status_id: 1,
        order_type_id: 1,
        version: 1,
        limit_price: None,
        trade_order_id: None,
        letter_id: None,
        portfolio_id: "5f8d0d55b54764421b7156d9".to_owned(),
        security_id: "5f8d0d55b54764421b7156da".to_owned(),
        client: "desk".to_owned(),
        client_order_id: None,
        last_error: None,
    }
}

fn batch(id: u128) -> batches::Model {
    batches::Model {
        id: Uuid::from_u128(id),
        created_at: 0,
        expires_at: 0,
        client: "desk".to_owned(),
        route: "create".to_owned(),
        idempotency_key: None,
        fingerprint: None,
        fates: "[]".to_owned(),
        answer: None,
    }
}

fn letter(id: u128) -> letters::Model {
    letters::Model {
        id: Uuid::from_u128(id),
        batch_id: Uuid::from_u128(7),
        due_at: 0,
        fence: 0,
        created_at: 0,
        updated_at: 0,
        attempts: 0,
        state: 0,
        holder: None,
        client: "desk".to_owned(),
        undecided: "1-25".to_owned(),
        trouble: None,
        last_error: None,
    }
}

/// Without reading the row back, as the ledger does it too.
async fn insert<M>(database: &DatabaseConnection, model: M) -> Result<(), DbErr>
where
    M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
    <M::Entity as EntityTrait>::ActiveModel: Send,
{
    M::Entity::insert(model.into_active_model()).exec_without_returning(database).await.map(|_| ())
}

#[track_caller]
fn assert_refused_as_double(outcome: Result<(), DbErr>) {
    let cause = outcome.err().and_then(|error| error.sql_err());
    assert!(matches!(cause, Some(SqlErr::UniqueConstraintViolation(_))), "{cause:?}");
}

/// Names of all tables, views, indexes and sequences.
async fn catalogue(database: &DatabaseConnection) -> Result<BTreeSet<String>, DbErr> {
    let backend = database.get_database_backend();
    let text = if backend == DbBackend::Postgres {
        "select relname::text from pg_class where relnamespace = current_schema()::regnamespace"
    } else {
        "select name from sqlite_master where name <> 'sqlite_sequence'"
    };
    let rows = database.query_all_raw(Statement::from_string(backend, text)).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// Runs a test on a fresh, migrated database of either kind, through a pool of several
/// connections, on SQLite with foreign keys enforced.
async fn on_each_database(
    name: &str,
    check: impl AsyncFn(DatabaseConnection) -> Result<(), DbErr>,
) -> Result<(), DbErr> {
    let name = format!("weir_history_{name}_{}", process::id());

    let path = format!("{}/{name}.sqlite", env!("CARGO_TARGET_TMPDIR"));
    remove(&path)?;
    let mut options = ConnectOptions::new(format!("sqlite://{path}?mode=rwc"));
    options.max_connections(4).map_sqlx_sqlite_opts(|sqlite| sqlite.foreign_keys(true));
    run(options, &check).await?;
    remove(&path)?;

    if let Ok(url) = env::var("WEIR_TEST_POSTGRES_URL") {
        let desk = Database::connect(&url).await?;
        desk.execute_unprepared(&format!("drop schema if exists {name} cascade")).await?;
        desk.execute_unprepared(&format!("create schema {name}")).await?;
        let mut options = ConnectOptions::new(url);
        options.max_connections(4).set_schema_search_path(&name);
        run(options, &check).await?;
        desk.execute_unprepared(&format!("drop schema {name} cascade")).await?;
    }
    Ok(())
}

async fn run(
    options: ConnectOptions,
    check: &impl AsyncFn(DatabaseConnection) -> Result<(), DbErr>,
) -> Result<(), DbErr> {
    let database = Database::connect(options).await?;
    Migrator::up(&database, None).await?;
    check(database.clone()).await?;
    database.close().await
}

fn remove(path: &str) -> Result<(), DbErr> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(DbErr::Custom(error.to_string())),
        Ok(()) | Err(_) => Ok(()),
    }
}
