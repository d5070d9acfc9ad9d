//! Who asks: accounts, passwords, tokens and sessions, without HTTP.
//!
//! Accounts and sessions are in memory, and durable in a space of the engine's backend to which no
//! key leads. What a token says is checked against them each time, so a session that has ended or
//! a role that was taken away counts at once.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::net::Ipv4Addr;
//! use monoxide_engine::Engine;
//! use monoxide_identity::{Identities, NewAccount, Origin};
//!
//! let engine = Engine::builder().start()?;
//! let identities = Identities::builder(&engine).build()?;
//! identities.load().await?;
//!
//! // Whoever starts the server is shown a link with this in it.
//! let link = identities.set_up_link()?.ok_or("there is no administrator yet")?;
//! let ann = NewAccount {
//!     account: "ann".to_owned(),
//!     name: "Ann".to_owned(),
//!     email: String::new(),
//!     phone: String::new(),
//!     password: "correct horse battery".into(),
//! };
//! let origin = Origin::new(Ipv4Addr::LOCALHOST.into());
//! let signed_in = identities.set_up(&link, &ann, &origin).await?;
//!
//! let caller = identities.check(&signed_in.token)?;
//! assert!(caller.identity.has_role("admin"));
//! assert!(identities.set_up(&link, &ann, &origin).await.is_err(), "a link is used once");
//! # Ok(()) }
//! ```

mod account;
mod attempts;
mod clock;
mod error;
mod field;
mod identities;
mod key;
mod network;
mod order;
mod password;
mod random;
mod session;
mod state;
mod token;
mod verified;

pub use crate::{
    account::{Account, AccountChange, NewAccount},
    attempts::Lock,
    clock::Clock,
    error::Error,
    field::{ADMIN, AccountName, FieldError, Role},
    identities::{Builder, Caller, Identities, SignedIn},
    key::{Key, KeyError},
    order::Order,
    password::{Cost, Password},
    session::{Origin, RefreshToken, Session, SessionId},
    token::TokenError,
};
