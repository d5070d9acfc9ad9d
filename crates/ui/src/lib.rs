//! Leptos pieces that every application on Monoxide reuses.

mod live;

pub use monoxide_client::{Change, Client, Reason, State, Trouble};

pub use crate::live::{Live, use_clock, use_live};
