//! Text to be copied.

use std::time::Duration;

use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen_futures::JsFuture;

use crate::{
    model::Command,
    view::{Icon, Toasts},
};

/// How long a button says that it did it.
const DONE: Duration = Duration::from_secs(2);

/// A button that puts a text on the clipboard.
#[component]
pub fn CopyButton(
    /// What is copied; asked for at the moment of the click.
    text: impl Fn() -> String + Send + 'static,
    /// What the button says.
    label: &'static str,
    /// The picture beside it.
    #[prop(default = Icon::Copy)]
    icon: Icon,
    /// Where the text can be seen. Without a clipboard it is selected there instead.
    #[prop(optional)]
    shown: Option<NodeRef<html::Code>>,
) -> impl IntoView {
    let done = RwSignal::new(false);
    let copy = move |_| {
        let text = text();
        spawn_local(async move {
            if to_clipboard(&text).await {
                // The button may be gone by now, and then.
                _ = done.try_set(true);
                set_timeout(move || _ = done.try_set(false), DONE);
            } else if let Some(code) = shown.and_then(|it| it.try_get_untracked().flatten()) {
                select(&code);
            }
        });
    };
    let picture = move || if done.get() { Icon::Check.draw() } else { icon.draw() };
    view! {
        <button type="button" class="button" class:done=done on:click=copy>
            {picture}
            <span aria-live="polite">{move || if done.get() { "Copied" } else { label }}</span>
        </button>
    }
}

/// Puts a text on the clipboard, and says that it did, or could not.
pub(super) fn copy(text: String, done: &'static str, toasts: Toasts) {
    spawn_local(async move {
        if to_clipboard(&text).await {
            toasts.say(done);
        } else {
            toasts.complain("The browser does not let this page use the clipboard");
        }
    });
}

/// A command, and a button that copies it.
#[component]
pub fn CommandLine(
    /// The command.
    command: Command,
) -> impl IntoView {
    let code = NodeRef::<html::Code>::new();
    let part = |part: &String| view! { <span class="part">{part.clone()}</span> " " };
    view! {
        <div class="command">
            <code node_ref=code>{command.parts().iter().map(part).collect_view()}</code>
            <CopyButton text=move || command.to_string() label="Copy" shown=code/>
        </div>
    }
}

/// Puts `text` on the clipboard, if the browser lets the page: it does on `localhost` and on
/// encrypted pages.
async fn to_clipboard(text: &str) -> bool {
    if !window().is_secure_context() {
        return false;
    }
    JsFuture::from(window().navigator().clipboard().write_text(text)).await.is_ok()
}

/// Selects what stands in `element`, so that the reader's own keys copy it.
fn select(element: &web_sys::Element) {
    if let Ok(Some(selection)) = window().get_selection() {
        _ = selection.select_all_children(element);
    }
}
