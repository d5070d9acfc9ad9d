//! The gateway as its clients see it: over real sockets, byte for byte.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

mod admin;
mod ask;
mod bodies;
mod clock;
mod conditions;
mod endpoints;
mod hooks;
mod keys;
mod liveness;
mod middleware;
mod page;
mod patches;
mod redact;
mod rest;
mod shutdown;
mod sockets;
mod stopping;
mod upgrades;
