//! What several benches stand on: the same rows, the same load, the same meters.
//!
//! | file | what is in it |
//! |---|---|
//! | `fixture` | the orders: the same rows, whoever writes them |
//! | `bare` | a database with Weir's schema and no Weir: the bounds and the plain way |
//! | `databases` | fresh ones, and their end |
//! | `http` | the load generator |
//! | `connections`, `answers` | those of a crowd, and what it reads |
//! | `load`, `usage`, `figures` | closed loops, CPU and memory, medians |
//! | `calm` | what callers get done who wait |
//! | `account` | what must be true when all is over |
//! | `simulator` | the trade service, as a process of its own |
//! | `machine`, `environment` | where a run takes place, and what it was asked for |
//!
//! It needs the tests' `support` beside it at the root of the bench.

#![allow(dead_code, reason = "a toolbox: a bench takes what it needs")]

pub(crate) mod account;
pub(crate) mod answers;
pub(crate) mod bare;
pub(crate) mod calm;
pub(crate) mod connections;
pub(crate) mod databases;
pub(crate) mod environment;
pub(crate) mod figures;
pub(crate) mod fixture;
pub(crate) mod http;
pub(crate) mod load;
pub(crate) mod machine;
pub(crate) mod simulator;
pub(crate) mod usage;

/// What takes longer than this hangs: the bench shall say so rather than wait.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
