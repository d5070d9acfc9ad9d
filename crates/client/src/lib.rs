//! A live copy of a key or a list on a Monoxide server, for Rust programs and for the browser.
//!
//! A [`Client`] knows where the server is. A [`Subscription`] holds a document and keeps it equal
//! to the server's: it connects, reconnects, goes on from the version it has, and starts again
//! from a snapshot when something does not fit. It works while it is polled and ends when it is
//! dropped; nothing runs beside it, so a program that reads slowly is simply sent less.
//!
//! ```no_run
//! use monoxide_client::{Client, Update};
//! use monoxide_protocol::Glob;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new("http://127.0.0.1:8800")?;
//! let mut books = client.subscribe(Glob::parse("books/*")?);
//! while let Some(update) = books.next().await {
//!     match update {
//!         Update::State(state) => println!("{state}"),
//!         Update::Change(_) => println!("{:?}", books.document()),
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Read the modules in this order: `state` has the words, `machine` decides, `link` does what
//! it says with the sockets and timers of `native` or `web`.

pub mod accounts;
pub mod admin;
mod backoff;
mod bell;
mod client;
mod clock;
pub mod data;
mod link;
mod machine;
pub mod monitor;
pub mod range;
mod state;
mod subscription;

#[cfg(target_arch = "wasm32")]
mod fetch;
#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod web;

#[cfg(not(target_arch = "wasm32"))]
use crate::native as platform;
#[cfg(target_arch = "wasm32")]
use crate::web as platform;

pub use crate::{
    client::{AddressError, Client},
    clock::{Clock, Tick},
    state::{Reason, State, Trouble},
    subscription::{Change, Subscription, Update},
};

/// The README's program compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
