//! How the connection is, said honestly.

use leptos::prelude::*;

use crate::State;

/// The state of a subscription in a word; hovering over it says more.
#[component]
pub fn Connection(
    /// The state.
    #[prop(into)]
    state: Signal<State>,
) -> impl IntoView {
    let class = move || {
        let class = match state.get() {
            State::Connecting(_) => "connecting",
            State::Live => "live",
            State::Stale(_) => "stale",
            State::Closed(_) => "closed",
        };
        format!("connection {class}")
    };
    let word = move || match state.get() {
        State::Connecting(_) => "Connecting",
        State::Live => "Live",
        State::Stale(_) => "Reconnecting",
        State::Closed(_) => "Closed",
    };
    view! {
        <span class=class role="status" title=move || state.get().to_string()>
            <span class="dot"></span>
            {word}
        </span>
    }
}
