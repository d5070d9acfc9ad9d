//! What lies over the page: the command palette, and the sheet of shortcuts.

use leptos::prelude::*;
use monoxide_ui::{
    Live,
    view::{Later, use_commands},
};

use crate::chunks;

/// Its program, loaded when something of it is first wanted.
#[component]
pub(crate) fn OverlayLater(
    /// Which keys exist.
    keys: Live,
) -> impl IntoView {
    let commands = use_commands();
    let wanted = Memo::new(move |before: Option<&bool>| {
        before.is_some_and(|it| *it) || commands.overlay.get().is_some()
    });
    move || {
        wanted.get().then(|| {
            view! { <div class="overlay"><Later load=chunks::overlay of=keys/></div> }
        })
    }
}
