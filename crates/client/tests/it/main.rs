//! The client over real sockets, against a server that does what a test tells it.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

mod clock;
mod data;
mod monitor;
mod real;
mod replica;
mod server;
mod subscription;
