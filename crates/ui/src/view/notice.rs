//! What shows when there is no document: waiting, nothing there, trouble.

use leptos::prelude::*;

use crate::view::Icon;

/// A page that says one thing, and what to do about it.
#[component]
pub fn Notice(
    /// The picture above.
    icon: Icon,
    /// What is the matter.
    #[prop(into)]
    title: String,
    /// Whether something is wrong, rather than not there.
    #[prop(optional)]
    trouble: bool,
    /// What it means, and what to do next.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="notice" class:trouble=trouble>
            <span class="badge">{icon.draw()}</span>
            <h2>{title}</h2>
            {children()}
        </section>
    }
}

/// Where a document will stand in a moment.
#[component]
pub fn Skeleton() -> impl IntoView {
    view! {
        <div class="skeleton" role="status">
            <span class="unseen">"Loading"</span>
            <div class="bone short"></div>
            <div class="bone long"></div>
            <div class="bone medium"></div>
            <div class="bone long"></div>
        </div>
    }
}
