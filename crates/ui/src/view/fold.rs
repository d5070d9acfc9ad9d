//! Buttons that fold and unfold everything at once.

use leptos::prelude::*;

use crate::{
    model::Folds,
    view::{Icon, Item},
};

/// Lists longer than this cannot be unfolded at once.
const UNFOLDABLE: usize = 100;

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

/// Unfolds all objects of a list, or folds them.
#[component]
pub(super) fn FoldItems(items: Signal<Vec<Item>>) -> impl IntoView {
    let unfolded = Memo::new(move |_| items.with(|items| items.iter().any(Item::is_open)));
    let useful = Memo::new(move |_| {
        unfolded.get() || items.with(|items| (1..=UNFOLDABLE).contains(&items.len()))
    });
    let press = move || {
        let open = !unfolded.get_untracked();
        items.with_untracked(|items| items.iter().for_each(|item| item.set_open(open)));
    };
    move || useful.get().then(|| view! { <FoldButton unfolded press/> })
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
