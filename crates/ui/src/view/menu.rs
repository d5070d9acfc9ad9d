//! A button that opens a menu below it.

use std::sync::atomic::{AtomicU32, Ordering};

use leptos::{ev::KeyboardEvent, html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::view::Icon;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A button with a menu. What is chosen in it closes it.
#[component]
pub(super) fn MenuButton(
    /// What the button says.
    label: &'static str,
    /// What is beside it.
    icon: Icon,
    /// The choices.
    children: Children,
) -> impl IntoView {
    let id = format!("menu-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let (button, menu) = (NodeRef::<html::Button>::new(), NodeRef::<html::Div>::new());
    let place = RwSignal::new((String::new(), String::new()));
    // The menu is in the top layer, which knows nothing of the button.
    let below = move |_| {
        let Some(button) = button.get_untracked() else { return };
        let rect = button.get_bounding_client_rect();
        let width = document().document_element().map_or(0, |it| it.client_width());
        let right = (f64::from(width) - rect.right()).max(8.0);
        place.set((format!("{}px", rect.bottom() + 4.0), format!("{right}px")));
    };
    let chosen = move |_| _ = menu.get_untracked().map(|menu| menu.hide_popover());
    let opened = move |_| {
        if let Some(first) = items(menu).into_iter().next() {
            _ = first.focus();
        }
    };
    view! {
        <button
            type="button"
            class="button"
            popovertarget=id.clone()
            aria-haspopup="menu"
            node_ref=button
            on:click=below
        >
            {icon.draw()}
            {label}
        </button>
        <div
            id=id
            class="menu card dropdown"
            role="menu"
            aria-label=label
            popover="auto"
            node_ref=menu
            style:top=move || place.get().0
            style:right=move || place.get().1
            on:click=chosen
            on:toggle=opened
            on:keydown=move |event| walk(&event, menu)
        >
            {children()}
        </div>
    }
}

/// What can be chosen, in order.
fn items(menu: NodeRef<html::Div>) -> Vec<HtmlElement> {
    let Some(menu) = menu.get_untracked() else { return Vec::new() };
    let first = menu.first_element_child();
    let all = std::iter::successors(first, |it| it.next_element_sibling());
    all.filter_map(|it| it.dyn_into().ok()).collect()
}

/// Arrows walk through a menu.
fn walk(event: &KeyboardEvent, menu: NodeRef<html::Div>) {
    let items = items(menu);
    let active = document().active_element();
    let here = items.iter().position(|it| active.as_ref().is_some_and(|active| **it == *active));
    let count = items.len().max(1);
    let to = match (event.key().as_str(), here) {
        ("ArrowDown", Some(here)) => (here + 1) % count,
        ("ArrowUp", Some(here)) => (here + count - 1) % count,
        ("ArrowDown" | "Home", _) => 0,
        ("ArrowUp" | "End", _) => count - 1,
        _ => return,
    };
    if let Some(item) = items.get(to) {
        _ = item.focus();
        event.prevent_default();
    }
}

/// A choice of a menu.
#[component]
pub(super) fn MenuItem(
    /// What it says.
    label: &'static str,
    /// What is beside it.
    icon: Icon,
    /// Whether something goes away.
    #[prop(default = false)]
    danger: bool,
    /// What it does.
    #[prop(into)]
    act: Callback<()>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="menu-item"
            class:danger=danger
            role="menuitem"
            on:click=move |_| act.run(())
        >
            {icon.draw()}
            {label}
        </button>
    }
}
