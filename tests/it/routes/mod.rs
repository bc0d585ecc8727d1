//! The HTTP contract, from outside: every route, on both databases, through a [`desk::Desk`] that
//! holds each answer against the OpenAPI document before the test sees it.
//!
//! Numbers in brackets, as in "(69)", are the ancestor's defects that a test keeps out.

mod amend;
mod create;
mod desk;
mod document;
mod exact;
mod frame;
mod health;
mod list;
mod metrics;
mod moves;
mod orders;
mod reference;
mod remove;
mod schema;
mod troubles;
