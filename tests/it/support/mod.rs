//! What the tests stand on: databases, the process under test, clients, and the one way to wait.

#![allow(
    dead_code,
    unused_imports,
    reason = "the helpers are a toolbox: a suite in progress does not use each"
)]

pub(crate) mod client;
pub(crate) mod databases;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod proxy;
pub(crate) mod raw;
pub(crate) mod wait;
pub(crate) mod weir;

pub(crate) use client::Answer;
pub(crate) use databases::{Database, Kind, on_both};
pub(crate) use proxy::{Fault, Proxy};
pub(crate) use raw::Raw;
pub(crate) use wait::wait_for;
pub(crate) use weir::Weir;
