//! What is looked at when a fault is over: everything that could grow for ever.

use crate::crowd::Crowd;
use crate::shared::simulator::Simulator;
use crate::shared::usage::{memory_now, open_files, threads};
use crate::support::{Database, Kind, Weir};

const TABLES: &str = "SELECT relname || ' ' || pg_total_relation_size(oid) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname";
const WAL: &str = "SELECT sum(size) FROM pg_ls_waldir()";
const PAGES: &str = "SELECT (page_count - freelist_count) * page_size
    FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
const FREE_PAGES: &str = "SELECT freelist_count * page_size
    FROM pragma_freelist_count, pragma_page_size";
const MIB: f64 = 1_048_576.0;

/// One figure at one moment, and how much more of it may be there in the end.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) may_grow: Growth,
}

/// By a factor, and by so much beside it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Growth(pub(crate) f64, pub(crate) f64);

const MEMORY: Growth = Growth(1.15, 8.0);
const FILES: Growth = Growth(1.0, 10.0);
const THREADS: Growth = Growth(1.0, 2.0);
const LETTERS: Growth = Growth(1.25, 20.0);
const DISK: Growth = Growth(1.25, 1.0);
/// Its files have 16 MiB.
const LOG: Growth = Growth(1.25, 16.0);
const PER_ORDER: Growth = Growth(1.05, 8.0);
const SHARE: Growth = Growth(1.0, 0.05);

pub(crate) async fn look(
    weir: &Weir,
    id: u32,
    crowd: &Crowd,
    simulator: &Simulator,
) -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut note = |name: &str, value: f64, may_grow: Growth| {
        figures.push(Figure { name: name.to_owned(), value, may_grow });
    };
    let database = &weir.database;
    let connections = crowd.connections();
    let files = open_files(id).saturating_sub(connections);
    note("resident memory, MiB", memory_now(id), MEMORY);
    note("files open, without clients", files as f64, FILES);
    note("threads", threads(id), THREADS);
    let letters = database.number("SELECT count(*) FROM letters").await;
    note("letters", letters as f64, LETTERS);
    note("pool in use, of 1", utilisation(weir).await, SHARE);
    let orders = simulator.totals().await.orders.max(1) as f64;
    match database.kind {
        Kind::Sqlite => {
            let wal = database.file().with_extension("db-wal");
            let wal = std::fs::metadata(wal).map_or(0, |file| file.len());
            note("write-ahead log, MiB", wal as f64 / MIB, LOG);
            note("free pages, MiB", database.number(FREE_PAGES).await as f64 / MIB, DISK);
            note("file, bytes per order", database.number(PAGES).await as f64 / orders, PER_ORDER);
        }
        Kind::Postgres => {
            note("write-ahead log, MiB", database.number(WAL).await as f64 / MIB, LOG);
            for (table, bytes) in tables(database).await {
                // Orders are kept for ever.
                if table == "orders" {
                    note("table orders, bytes per order", bytes / orders, PER_ORDER);
                } else {
                    note(&format!("table {table}, MiB"), bytes / MIB, DISK);
                }
            }
        }
    }
    figures
}

/// In bytes, with their indexes.
async fn tables(database: &Database) -> Vec<(String, f64)> {
    let rows = database.texts(TABLES).await;
    let read = |row: &String| {
        let (name, bytes) = row.rsplit_once(' ').unwrap();
        (name.to_owned(), bytes.parse().unwrap())
    };
    rows.iter().map(read).collect()
}

async fn utilisation(weir: &Weir) -> f64 {
    const NAME: &str = "db_pool_utilization_ratio ";
    let metrics = weir.admin_get("/metrics").await.expect(200).text;
    metrics.lines().find_map(|line| line.strip_prefix(NAME)?.parse().ok()).expect(NAME)
}
