//! The gateway as its clients see it: over real sockets, byte for byte.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

mod admin;
mod ask;
mod autobahn;
mod base_path;
mod bodies;
mod clock;
mod compression;
mod conditions;
mod cors;
mod deadline;
mod delivery;
mod endpoints;
mod guests;
mod hooks;
mod identity;
mod keys;
mod liveness;
mod middleware;
mod monitor;
mod operator;
mod origins;
mod page;
mod panics;
mod patches;
mod ranges;
mod redact;
mod refusals;
mod rest;
mod shutdown;
mod sockets;
mod stopping;
mod storage;
mod timeouts;
mod tls;
mod upgrades;
