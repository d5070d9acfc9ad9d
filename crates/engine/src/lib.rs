//! What is kept and who hears of it, without a network.
//!
//! ```text
//! key ─▶ decide ─▶ log ─▶ store ─▶ hub ─▶ topic ─▶ outbox
//! ```
//!
//! Data only ever moves to the right. This crate has no HTTP and no sockets: the gateway brings
//! requests in and carries messages away. The log is there only with a [`backend`]; without one, decide,
//! apply and publish happen under one lock.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use monoxide_engine::Engine;
//! use monoxide_protocol::{Glob, Json, Key};
//!
//! let engine = Engine::builder().start()?;
//! let mut books = engine.subscribe(Glob::parse("books/*")?, None).await?;
//! engine.set(Key::parse("books/dune")?, Json::parse(br#"{"pages": 412}"#)?).await?;
//!
//! let snapshot = books.next().await.ok_or("the engine is running")?;
//! assert!(snapshot.starts_with(br#"{"snapshot":true"#));
//! let patch = books.next().await.ok_or("the engine is running")?;
//! assert!(patch.starts_with(br#"{"snapshot":false"#));
//! # Ok(()) }
//! ```

mod access;
pub mod backend;
pub mod backup;
mod care;
mod clock;
mod condition;
mod engine;
mod error;
mod event;
mod filter;
mod guard;
mod hooks;
mod hub;
mod identity;
mod log;
mod patch;
mod rules;
#[cfg(test)]
mod schedules;
mod store;
mod sync;
pub mod transfer;
mod trie;

pub use crate::{
    condition::Condition,
    engine::{Builder, Engine, Session},
    error::Error,
    event::Event,
    filter::{Context, Denied, FilterError, FilterInfo, Filters, Limit, Seen},
    hub::{Backlog, Listing, Overdue, Page, Stats, Subscription, TopicState, list_json},
    identity::Identity,
    log::{Durability, Health},
    patch::Patch,
    rules::{Asked, Inputs, Operation, Rules, Verdict},
    store::{AccountChanges, AccountEntry},
};
