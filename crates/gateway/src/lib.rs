//! How requests get in and messages get out: HTTP, WebSockets and the page.
//!
//! Each module turns one kind of request into a call on the [`Engine`](monoxide_engine::Engine)
//! and the answer back into that protocol's words. The wire is that of the Go server `ooo`.
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use monoxide_engine::Engine;
//! use monoxide_gateway::{Server, listen};
//! use tokio_util::sync::CancellationToken;
//!
//! let listener = listen("127.0.0.1:8800".parse()?)?;
//! let server = Server::builder(Engine::builder().start()?).name("books").build()?;
//! server.serve(listener, CancellationToken::new()).await?;
//! # Ok(()) }
//! ```

mod admin;
mod application;
mod assets;
mod auth;
mod backups;
mod base_path;
mod body;
mod clock;
mod connections;
mod deadline;
mod door;
mod doors;
mod edge;
mod endpoint;
mod error;
mod example;
mod guests;
mod health;
mod hooks;
mod hosts;
mod linger;
mod listen;
mod listener;
mod monitor;
mod operator;
mod origins;
mod pace;
mod phases;
mod preconditions;
mod proxies;
mod quotas;
mod range;
mod rest;
mod seats;
mod server;
mod socket;
mod tls;
mod told;
mod turned_away;
mod upgrade;
mod websocket;

pub use ipnet::IpNet;

pub use crate::{
    assets::Site,
    base_path::{BasePath, BasePathError},
    door::Caller,
    endpoint::{Endpoint, EndpointError},
    hooks::Subscriber,
    listener::listen,
    server::{BuildError, Builder, Server},
    tls::TlsError,
};
