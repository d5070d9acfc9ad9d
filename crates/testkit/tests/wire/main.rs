//! The wire, case by case, against the fixture: over real sockets, as its clients see it.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

// It looks into /proc.
#[cfg(target_os = "linux")]
mod churn;
mod docs;
mod doors;
mod filters;
mod limits;
mod messages;
mod program;
mod quirks;
mod table;
mod transport;
