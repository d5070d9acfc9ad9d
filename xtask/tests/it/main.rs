//! The chores as a person meets them: the program, in a workspace and with tools that are stand-ins.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

mod setup;
mod stage;
