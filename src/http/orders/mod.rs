//! Orders over HTTP: one file per verb, and the shapes in which orders come and go.

pub(super) mod amend;
pub(super) mod check;
pub(super) mod create;
pub(super) mod list;
pub(super) mod read;
pub(super) mod remove;
pub(super) mod view;
pub(super) mod wire;
