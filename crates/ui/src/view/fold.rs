//! A button that folds and unfolds everything at once.

use leptos::prelude::*;

use crate::{model::Folds, view::Icon};

/// Unfolds a whole tree, or folds it.
#[component]
pub(super) fn FoldTree(folds: RwSignal<Folds>) -> impl IntoView {
    let unfolded = RwSignal::new(false);
    let press = move || {
        unfolded.update(|it| *it = !*it);
        folds.set(Folds::all(unfolded.get_untracked()));
    };
    view! { <FoldButton unfolded press/> }
}

#[component]
fn FoldButton(
    #[prop(into)] unfolded: Signal<bool>,
    press: impl Fn() + Send + 'static,
) -> impl IntoView {
    let icon = move || if unfolded.get() { Icon::Fold.draw() } else { Icon::Unfold.draw() };
    view! {
        <button type="button" class="button" on:click=move |_| press()>
            {icon}
            {move || if unfolded.get() { "Fold all" } else { "Unfold all" }}
        </button>
    }
}
