//! JSON as a folding tree.

use std::{collections::HashMap, sync::Arc};

use leptos::{ev::KeyboardEvent, prelude::*, tachys::html::attribute::custom::custom_attribute};
use serde_json::Value;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::{
    model::{Flashes, Fold, Folds, Kind, Label, Pointer, Row, rows},
    view::Icon,
};

/// The deepest indentation that the style sheet knows.
const DEEPEST: usize = 12;

/// The rows of a tree, to be found by place.
#[derive(Debug, Default, PartialEq)]
struct Rows {
    order: Vec<Pointer>,
    by_place: HashMap<Pointer, Row>,
}

/// A JSON value as a tree whose parts fold, and whose changed values flash.
///
/// A change touches the lines that differ and no others. Up and down walk the lines, right and
/// left unfold and fold, as in other trees.
#[component]
pub fn Tree(
    /// What is shown.
    #[prop(into)]
    value: Signal<Arc<Value>>,
    /// Which places of it flash.
    #[prop(into)]
    flashes: Signal<Flashes>,
    /// What is folded.
    folds: RwSignal<Folds>,
    /// What the value is called, for those who do not see it.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let rows = Memo::new(move |_| {
        let rows = value.with(|value| folds.with(|it| flashes.with(|lit| rows(value, it, lit))));
        let order = rows.iter().map(|row| row.place.clone()).collect();
        Rows { order, by_place: rows.into_iter().map(|row| (row.place.clone(), row)).collect() }
    });
    let chosen = RwSignal::new(None::<Pointer>);
    // One line of the tree can be reached with the tabulator; the arrows do the rest.
    let reachable = Memo::new(move |_| {
        let chosen = chosen.get();
        rows.with(|rows| {
            chosen.filter(|it| rows.by_place.contains_key(it)).or(rows.order.first().cloned())
        })
    });
    view! {
        <div class="tree" role="tree" aria-label=label>
            <For each=move || rows.with(|rows| rows.order.clone()) key=Pointer::clone let:place>
                <Line place rows folds chosen reachable/>
            </For>
        </div>
    }
}

/// One line of a tree.
#[component]
fn Line(
    place: Pointer,
    rows: Memo<Rows>,
    folds: RwSignal<Folds>,
    chosen: RwSignal<Option<Pointer>>,
    reachable: Memo<Option<Pointer>>,
) -> impl IntoView {
    let Some(first) = rows.with_untracked(|rows| rows.by_place.get(&place).cloned()) else {
        return None;
    };
    let row = {
        let place = place.clone();
        // A line that is about to be taken away stays as it was.
        Memo::new(move |old: Option<&Row>| {
            let now = rows.with(|rows| rows.by_place.get(&place).cloned());
            now.or_else(|| old.cloned()).unwrap_or_else(|| first.clone())
        })
    };
    let press = move || row.with_untracked(|row| press(row, folds));
    let keys = move |event: KeyboardEvent| {
        if row.with_untracked(|row| walk(&event, row, folds)) {
            event.prevent_default();
        }
    };
    let tab_index = {
        let place = place.clone();
        move || if reachable.with(|it| it.as_ref() == Some(&place)) { "0" } else { "-1" }
    };
    let expanded = move || match row.with(|row| row.fold) {
        Fold::Leaf => None,
        Fold::Closed => Some("false"),
        Fold::Open => Some("true"),
    };
    // Leptos has no attribute of this name.
    let level = custom_attribute("aria-level", move || row.with(|row| row.depth.to_string()));
    let address = place.to_string();
    Some(view! {
        <div
            {..level}
            role="treeitem"
            class=move || row.with(line_class)
            aria-expanded=expanded
            tabindex=tab_index
            data-place=address
            on:click=move |_| press()
            on:keydown=keys
            on:focus=move |_| chosen.set(Some(place.clone()))
        >
            <span class="twist">{Icon::Chevron.draw()}</span>
            <span
                class="label"
                class:element=move || row.with(|row| matches!(row.label, Label::Element(_)))
                hidden=move || row.with(|row| row.label == Label::None)
            >
                {move || row.with(label_text)}
            </span>
            <span class=move || row.with(value_class)>{move || row.with(|it| it.text.clone())}</span>
        </div>
    })
}

fn line_class(row: &Row) -> String {
    let more = if row.kind == Kind::More { " more-row" } else { "" };
    format!("row depth-{}{more}", row.depth.min(DEEPEST))
}

/// The classes of a value in the style sheet.
pub(super) fn value_class(row: &Row) -> String {
    format!("value {} {}", row.kind.class(), row.flash.class())
}

/// What stands before a value.
pub(super) fn label_text(row: &Row) -> String {
    match &row.label {
        Label::None => String::new(),
        Label::Member(name) => name.clone(),
        Label::Element(nth) => nth.to_string(),
    }
}

/// Does what a click on a line means.
fn press(row: &Row, folds: RwSignal<Folds>) {
    match (row.kind, row.fold) {
        (Kind::More, _) => {
            if let Some(place) = row.place.parent() {
                folds.update(|folds| folds.show_more(place));
            }
        }
        (_, Fold::Leaf) => {}
        (_, fold) => folds.update(|folds| folds.set(row.place.clone(), fold == Fold::Closed)),
    }
}

/// Does what a key on a line means; says whether it meant something.
fn walk(event: &KeyboardEvent, row: &Row, folds: RwSignal<Folds>) -> bool {
    let Some(line) = event.current_target().and_then(|it| it.dyn_into::<HtmlElement>().ok()) else {
        return false;
    };
    let to = match (event.key().as_str(), row.fold) {
        ("Enter" | " ", _) | ("ArrowRight", Fold::Closed) | ("ArrowLeft", Fold::Open) => {
            press(row, folds);
            return true;
        }
        ("ArrowDown", _) | ("ArrowRight", Fold::Open) => line.next_element_sibling(),
        ("ArrowUp", _) => line.previous_element_sibling(),
        ("ArrowLeft", _) => outer(&line, row.depth),
        ("Home", _) => line.parent_element().and_then(|tree| tree.first_element_child()),
        ("End", _) => line.parent_element().and_then(|tree| tree.last_element_child()),
        _ => return false,
    };
    if let Some(to) = to.and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
        _ = to.focus();
    }
    true
}

/// The line that `line` is folded away with.
fn outer(line: &HtmlElement, depth: usize) -> Option<web_sys::Element> {
    let mut above = line.previous_element_sibling();
    while let Some(it) = above {
        let level = it.get_attribute("aria-level").and_then(|level| level.parse().ok());
        if level.is_some_and(|level: usize| level < depth) {
            return Some(it);
        }
        above = it.previous_element_sibling();
    }
    None
}
