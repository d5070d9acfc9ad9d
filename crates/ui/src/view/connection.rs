//! How the connection is, said honestly: in a word, above a document, and instead of one.

use leptos::prelude::*;

use crate::{
    Reason, State,
    model::Moment,
    view::{Icon, Notice, Skeleton, now},
};

/// The state of a subscription in a word; hovering over it says more.
#[component]
pub fn Connection(
    /// The state.
    #[prop(into)]
    state: Signal<State>,
) -> impl IntoView {
    let said = move || match state.get() {
        State::Connecting(_) => ("connection connecting", "Connecting"),
        State::Live => ("connection live", "Live"),
        State::Stale(_) => ("connection stale", "Reconnecting"),
        State::Closed(_) => ("connection closed", "Closed"),
    };
    view! {
        <span class=move || said().0 role="status" title=move || state.get().to_string()>
            <span class="dot"></span>
            {move || said().1}
        </span>
    }
}

/// Says that a document is not up to date, and since when, while that is so.
#[component]
pub fn Age(
    /// How the subscription is doing.
    state: Signal<State>,
) -> impl IntoView {
    let since = Memo::new(move |old: Option<&Option<Moment>>| {
        let is_old = !state.with(State::is_live);
        is_old.then(|| old.copied().flatten().unwrap_or_else(now))
    });
    let banner = move || {
        let since = since.get()?.time();
        let (closed, title, why) = match state.get() {
            State::Live => return None,
            State::Connecting(None) => (false, "Connecting again", String::new()),
            State::Connecting(Some(trouble)) | State::Stale(trouble) => {
                (false, "Reconnecting", format!("{trouble}."))
            }
            State::Closed(reason) => (true, "No longer live", format!("{reason}.")),
        };
        let icon = if closed { Icon::Lock } else { Icon::Offline };
        Some(view! {
            <div class="banner" class:trouble=closed>
                {icon.draw()}
                <div>
                    <strong>{title}</strong>
                    <p class="sentence">{why}{format!(" This is how it was at {since}.")}</p>
                </div>
            </div>
        })
    };
    view! { <div role="status">{banner}</div> }
}

/// What shows until there is a document, or instead of one.
#[component]
pub fn Waiting(
    /// How the subscription is doing.
    state: Signal<State>,
) -> impl IntoView {
    move || match state.get() {
        State::Closed(reason) => view! { <Refused reason/> }.into_any(),
        State::Connecting(Some(trouble)) | State::Stale(trouble) => {
            let why = format!("{trouble}.");
            view! {
                <Notice icon=Icon::Offline title="Still trying">
                    <p class="sentence">
                        {why}" This page tries again by itself, nothing has to be done."
                    </p>
                </Notice>
            }
            .into_any()
        }
        State::Connecting(None) | State::Live => view! { <Skeleton/> }.into_any(),
    }
}

/// Why there will be no document.
#[component]
fn Refused(reason: Reason) -> impl IntoView {
    let (icon, title) = match reason {
        Reason::NeedsAuth => (Icon::Lock, "You have to sign in to see this"),
        Reason::Forbidden => (Icon::Lock, "You may not see this"),
        _ => (Icon::Alert, "The server does not show this"),
    };
    view! {
        <Notice icon title trouble=true>
            <p class="sentence">{format!("{reason}.")}" The page will not ask again by itself."</p>
            <a class="button" href="">"Ask again"</a>
        </Notice>
    }
}
