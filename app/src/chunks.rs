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
    model::{Badges, Place},
    view::{
        Admission, AskBadges, Asking, DialogPart, Editing, EditorPart, Newcomer, OverlayView, Page,
        Parts,
    },
};

use crate::pages::{
    document::DocumentPage, monitor::Monitor, people::People, tools::Tools, watch::Watch,
};

/// A function that fetches a page; `None` when it cannot be fetched. What is `in` one part is
/// fetched together.
macro_rules! chunk {
    ($(#[$doc:meta])* $name:ident in $part:ident: $page:ident of $argument:ident: $of:ty) => {
        $(#[$doc])*
        pub(crate) async fn $name() -> Option<Page<$of>> {
            #[cfg(feature = "split")]
            {
                #[wasm_split_helpers::wasm_split($part, fallible)]
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
    admission in admission: Admission of newcomer: Newcomer
}
chunk! {
    /// What filters say about keys and lists.
    badges in badges: AskBadges of badges: RwSignal<Badges>
}
chunk! {
    /// One key or list.
    document in data: DocumentPage of place: Place
}
chunk! {
    /// How the server is doing.
    monitor in server: Monitor of place: Place
}
chunk! {
    /// What comes in from a key or list, message by message.
    watch in data: Watch of place: Place
}
chunk! {
    /// Accounts and profiles.
    people in server: People of place: Place
}
chunk! {
    /// Filters, endpoints, orphan keys, backups.
    tools in server: Tools of place: Place
}
chunk! {
    /// The command palette, the sheet of shortcuts, toasts.
    overlay in overlay: OverlayView of keys: Option<Live>
}
chunk! {
    /// The editor of an object.
    editor in edit: EditorPart of of: Editing
}
chunk! {
    /// Dialogs about data: new objects, deletion, import and export.
    dialog in edit: DialogPart of of: Asking
}

/// What loads the parts of the pages about data.
pub(crate) fn parts() -> Parts {
    Parts { editor: || Box::pin(editor()), dialog: || Box::pin(dialog()) }
}
