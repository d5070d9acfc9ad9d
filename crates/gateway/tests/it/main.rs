//! The gateway as its clients see it: over real sockets, byte for byte.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

mod bodies;
mod clock;
mod compression;
mod cors;
mod deadline;
mod keys;
mod liveness;
mod origins;
mod page;
mod redact;
mod rest;
mod sockets;
mod stopping;
mod timeouts;
mod tls;
mod upgrades;
