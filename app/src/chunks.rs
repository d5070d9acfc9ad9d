//! The parts of the application that are loaded when they are first shown.
//!
//! With the feature `split`, which `cargo xtask` sets, each is a WASM file of its own, so that the
//! first page stays small; without it, as under `cargo leptos watch`, all are one file. What a
//! chunk shows may be reached through the chunk alone: what the rest of the application names is
//! part of the first file.
#![cfg_attr(
    feature = "split",
    allow(unsafe_code, reason = "`wasm_split` declares what another WASM file has")
)]

use leptos::prelude::*;
use monoxide_ui::{
    Live,
    model::Place,
    view::{Admission, Newcomer, OverlayView, Page},
};

use crate::pages::{
    document::DocumentPage, monitor::Monitor, people::People, tools::Tools, watch::Watch,
};

/// A function that fetches a page; `None` when it cannot be fetched.
macro_rules! chunk {
    ($(#[$doc:meta])* $name:ident: $page:ident of $argument:ident: $of:ty) => {
        $(#[$doc])*
        pub(crate) async fn $name() -> Option<Page<$of>> {
            #[cfg(feature = "split")]
            {
                #[wasm_split_helpers::wasm_split($name, fallible)]
                fn load() -> Result<Page<$of>, wasm_split_helpers::SplitLoaderError> {
                    Ok(|$argument| view! { <$page $argument/> }.into_any())
                }
                load().await.ok()
            }
            #[cfg(not(feature = "split"))]
            Some(|$argument| view! { <$page $argument/> }.into_any())
        }
    };
}

chunk! {
    /// How to become somebody whom the server knows.
    admission: Admission of newcomer: Newcomer
}
chunk! {
    /// One key or list.
    document: DocumentPage of place: Place
}
chunk! {
    /// How the server is doing.
    monitor: Monitor of place: Place
}
chunk! {
    /// What comes in from a key or list, message by message.
    watch: Watch of place: Place
}
chunk! {
    /// Accounts and profiles.
    people: People of place: Place
}
chunk! {
    /// Filters, endpoints, orphan keys, backups.
    tools: Tools of place: Place
}
chunk! {
    /// The command palette, the sheet of shortcuts, toasts.
    overlay: OverlayView of keys: Option<Live>
}
