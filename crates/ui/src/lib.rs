//! Leptos pieces that every application on Monoxide reuses.
//!
//! [`Session`] knows who is signed in, [`use_live`] follows a key, a list or a document of the
//! server, and [`use_clock`] its clock. [`view`] has what a page is made of: from a folding tree to
//! the [`Explorer`](view::Explorer), the [live view](view::WatchPage) and the
//! [monitor](view::MonitorPage). [`model`] has what those show, as plain values.

mod live;
pub mod model;
mod session;
pub mod view;

pub use monoxide_client::{Change, Client, Reason, State, Trouble};

pub use crate::{
    live::{Live, use_clock, use_live, use_subscription, use_window},
    session::{Out, Session, Standing, Why, use_session},
};
