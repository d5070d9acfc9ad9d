//! JSON as a folding tree.

use std::{collections::HashMap, sync::Arc};

use leptos::{ev::KeyboardEvent, prelude::*, tachys::html::attribute::custom::custom_attribute};
use serde_json::Value;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

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
    let row = move |line: &Element| {
        let place = line.get_attribute("data-place")?;
        rows.with_untracked(|rows| rows.by_place.get(place.as_str()).cloned())
    };
    let press = move |event: leptos::ev::MouseEvent| {
        if let Some(row) = line_of(&event).and_then(|line| row(&line)) {
            press(&row, folds);
        }
    };
    let walk = move |event: KeyboardEvent| {
        let found = line_of(&event).and_then(|line| Some((row(&line)?, line)));
        if found.is_some_and(|(row, line)| walk(&event.key(), &row, &line, folds)) {
            event.prevent_default();
        }
    };
    let choose = move |event: leptos::ev::FocusEvent| {
        chosen.set(line_of(&event).and_then(|line| row(&line)).map(|row| row.place));
    };
    // A place of an array that became an object has another label, and so another line.
    let each = move || {
        rows.with(|rows| {
            let label = |place: &Pointer| rows.by_place.get(place).map(label_class);
            rows.order.iter().map(|place| (place.clone(), label(place))).collect::<Vec<_>>()
        })
    };
    view! {
        <div
            class="tree"
            role="tree"
            aria-label=label
            on:click=press
            on:keydown=walk
            on:focusin=choose
        >
            <For each key=Clone::clone let((place, _))>
                {line(place, rows, reachable)}
            </For>
        </div>
    }
}

/// One line of a tree. What its place fixes is drawn once; the rest are four small effects.
fn line(
    place: Pointer,
    rows: Memo<Rows>,
    reachable: Memo<Option<Pointer>>,
) -> Option<impl IntoView + use<>> {
    let first = rows.with_untracked(|rows| rows.by_place.get(&place).cloned())?;
    let more = if first.kind == Kind::More { " more-row" } else { "" };
    let class = format!("row depth-{}{more}", first.depth.min(DEEPEST));
    // Leptos has no attribute of this name.
    let level = custom_attribute("aria-level", first.depth.to_string());
    let name = place.to_string();
    let label = label_text(&first);
    let label_class = label_class(&first);
    let tab_index = {
        let place = place.clone();
        move || if reachable.with(|it| it.as_ref() == Some(&place)) { "0" } else { "-1" }
    };
    let row = Memo::new(move |old: Option<&Row>| {
        let now = rows.with(|rows| rows.by_place.get(&place).cloned());
        // A line that is about to be taken away stays as it was.
        now.or_else(|| old.cloned()).unwrap_or_else(|| first.clone())
    });
    let expanded = move || match row.with(|row| row.fold) {
        Fold::Leaf => None,
        Fold::Closed => Some("false"),
        Fold::Open => Some("true"),
    };
    Some(view! {
        <div
            {..level}
            role="treeitem"
            class=class
            aria-expanded=expanded
            tabindex=tab_index
            data-place=name
        >
            <span class="twist">{Icon::Chevron.draw()}</span>
            <span class=label_class>{label}</span>
            <span class=move || row.with(value_class)>
                {move || row.with(|row| row.text.clone())}
            </span>
        </div>
    })
}

/// The classes of a value in the style sheet.
pub(super) fn value_class(row: &Row) -> String {
    format!("value {} {}", row.kind.class(), row.flash.class())
}

/// The classes of what stands before a value.
fn label_class(row: &Row) -> &'static str {
    match row.label {
        Label::None => "label none",
        Label::Member(_) => "label",
        Label::Element(_) => "label element",
    }
}

/// What stands before a value.
pub(super) fn label_text(row: &Row) -> String {
    match &row.label {
        Label::None => String::new(),
        Label::Member(name) => name.clone(),
        Label::Element(nth) => nth.to_string(),
    }
}

/// The line that an event of the tree is about.
fn line_of(event: &web_sys::Event) -> Option<Element> {
    let target: Element = event.target()?.dyn_into().ok()?;
    target.closest("[role=treeitem]").ok()?
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
fn walk(key: &str, row: &Row, line: &Element, folds: RwSignal<Folds>) -> bool {
    let to = match (key, row.fold) {
        ("Enter" | " ", _) | ("ArrowRight", Fold::Closed) | ("ArrowLeft", Fold::Open) => {
            press(row, folds);
            return true;
        }
        ("ArrowDown", _) | ("ArrowRight", Fold::Open) => line.next_element_sibling(),
        ("ArrowUp", _) => line.previous_element_sibling(),
        ("ArrowLeft", _) => outer(line, row.depth),
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
fn outer(line: &Element, depth: usize) -> Option<Element> {
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
