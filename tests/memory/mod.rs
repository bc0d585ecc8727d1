//! A store in memory behind the same ports as the database, which outlives those who use it.
//!
//! [`Memory`] is the disk: it stays when a process dies. A process works with a [`Session`] of
//! its own, through which calls fail as a seed wants it and end for good when the process does:
//! what a dead process had not written is never written.

mod book;
mod clock;
mod faults;
mod journal;
mod leases;
mod letters;
mod post;
mod process;
mod session;

pub(crate) use book::{Book, LetterRow, OrderRow};
pub(crate) use clock::SimClock;
pub(crate) use faults::Weather;
pub(crate) use process::Process;
pub(crate) use session::{Memory, Session};
