//! What lies over the page: the command palette, the sheet of shortcuts, toasts.

use leptos::prelude::*;
use monoxide_ui::{
    Live,
    view::{Later, use_commands, use_toasts},
};

use crate::chunks;

/// Its program, loaded when something of it is first wanted.
#[component]
pub(crate) fn OverlayLater(
    /// Which keys exist.
    keys: Live,
) -> impl IntoView {
    let (commands, toasts) = (use_commands(), use_toasts());
    let over = once(move || commands.overlay.get().is_some());
    let said = once(move || toasts.any());
    let over = move || over.get().then(|| view! { <Later load=chunks::overlay of=Some(keys)/> });
    let said = move || said.get().then(|| view! { <Later load=chunks::overlay of=None/> });
    view! {
        <div class="overlay">{over}</div>
        // What is said is heard only in a place that was there before.
        <div class="overlay" role="status" aria-live="polite" aria-label="What was done">{said}</div>
    }
}

/// Whether something is so, or was.
fn once(is_so: impl Fn() -> bool + Send + Sync + 'static) -> Memo<bool> {
    Memo::new(move |before: Option<&bool>| before.is_some_and(|it| *it) || is_so())
}
