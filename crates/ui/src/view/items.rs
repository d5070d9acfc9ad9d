//! The objects of a list, newest first.

use std::collections::HashMap;

use leptos::{ev::MouseEvent, prelude::*};
use monoxide_protocol::{Glob, Key};
use wasm_bindgen::JsCast;
use web_sys::Element;

use crate::{
    Live,
    model::{Flash, Folds, List, Place, Row, Shown, name_in, summary},
    view::{
        Icon, Lamp, Link, More, Times, Tracked, When,
        document::Data,
        tree::{label_text, value_class},
    },
};

/// How many objects are made at first, and whenever the reader comes near the end of them: few
/// enough that making them does not hold up scrolling.
const PAGE: usize = 50;

/// How many members of an object show in its row.
const IN_SUMMARY: usize = 6;

/// One object of a list, and what the reader did with it.
#[derive(Debug, Clone)]
pub struct Item {
    key: Key,
    tracked: Tracked,
    arrival: Lamp,
    open: ArcRwSignal<bool>,
    folds: ArcRwSignal<Folds>,
}

impl Item {
    fn new(object: Shown) -> Self {
        Self {
            key: object.key.clone(),
            tracked: Tracked::new(object),
            arrival: Lamp::default(),
            open: ArcRwSignal::new(false),
            folds: ArcRwSignal::default(),
        }
    }

    /// Folds or unfolds the item.
    pub fn set_open(&self, open: bool) {
        self.open.set(open);
    }

    /// Whether it is unfolded.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.get()
    }
}

/// The objects of the list that `live` follows, in its order; `None` before they are known.
///
/// Each object keeps its own signals: a change of one touches nothing of the others.
#[must_use]
pub fn use_items(live: Live) -> RwSignal<Option<Vec<Item>>> {
    let items = RwSignal::new(None::<Vec<Item>>);
    let list = StoredValue::new(List::default());
    let known = StoredValue::new(HashMap::<Key, Item>::new());
    Effect::new(move |_| {
        let update = live.with(|document| {
            document.and_then(|document| list.try_update_value(|list| list.follow(document)))
        });
        let Some(update) = update else { return };
        let first = items.with_untracked(Option::is_none);
        for (object, places) in update.changed {
            if let Some(item) = known.with_value(|known| known.get(&object.key).cloned()) {
                item.tracked.change(object, places);
            }
        }
        if !update.moved && !first {
            return;
        }
        let order = known.try_update_value(|known| {
            list.with_value(|list| known.retain(|key, _| list.contains(key)));
            for object in update.added {
                let item = Item::new(object);
                if !first {
                    item.arrival.light();
                }
                known.insert(item.key.clone(), item);
            }
            list.with_value(|list| {
                list.order().iter().filter_map(|key| known.get(key).cloned()).collect()
            })
        });
        items.set(order);
    });
    items
}

/// The objects of a list as rows that unfold.
///
/// The first fifty are made at once and the rest while the reader scrolls, so a long list
/// shows as fast as a short one.
#[component]
pub fn Items(
    /// The objects, in order.
    #[prop(into)]
    items: Signal<Vec<Item>>,
    /// The list that they are in.
    list: Glob,
) -> impl IntoView {
    let shown = RwSignal::new(PAGE);
    let each =
        move || items.with(|items| items.iter().take(shown.get()).cloned().collect::<Vec<_>>());
    let rest = move || items.with(|items| items.len().saturating_sub(shown.get()));
    let label = list.to_string();
    view! {
        <ul class="card items" aria-label=label>
            <For each key=|item| item.key.clone() let:item>
                <ItemRow name=name_in(&list, &item.key) item/>
            </For>
        </ul>
        <More rest=Signal::derive(rest) show=move || shown.update(|shown| *shown += PAGE)/>
    }
}

/// One object of a list.
#[component]
fn ItemRow(
    /// What it is called in this list.
    name: String,
    item: Item,
) -> impl IntoView {
    let Item { key, tracked, arrival, open, folds } = item;
    let open = RwSignal::from(open);
    let place = Place::Document(key.clone().into());
    let changed = {
        let object = tracked.object.clone();
        move || object.with(|object| object.updated.max(object.created))
    };
    let class = move || match arrival.get() {
        Flash::Off => "item",
        Flash::Tick | Flash::Tock => "item flash flash-tick",
    };
    let toggle = move |click: MouseEvent| {
        if !is_for_something_else(&click) {
            open.update(|open| *open = !*open);
        }
    };
    let label = format!("Details of {name}");
    let summarised = tracked.clone();
    let body = {
        let key = key.clone();
        move || {
            let (tracked, folds) = (tracked.clone(), RwSignal::from(folds.clone()));
            open.get().then(|| view! { <ItemBody key=key.clone() tracked folds/> })
        }
    };
    view! {
        <li class=class data-key=key.to_string()>
            <div class="item-row" on:click=toggle>
                <button
                    type="button"
                    class="item-toggle"
                    aria-label=label
                    aria-expanded=move || open.get().to_string()
                >
                    {Icon::Chevron.with_class("icon chevron")}
                </button>
                <Link to=place class="item-key">{name}</Link>
                {summary_of(summarised)}
                <When at=Signal::derive(changed)/>
            </div>
            {body}
        </li>
    }
}

/// Whether a click on a row follows its link, or ends the selection of some text.
fn is_for_something_else(click: &MouseEvent) -> bool {
    let target = click.target().and_then(|target| target.dyn_into::<Element>().ok());
    let link = target.and_then(|target| target.closest("a").ok().flatten());
    let selection = window().get_selection().ok().flatten();
    link.is_some() || selection.is_some_and(|selection| !selection.is_collapsed())
}

/// What is in an object, in one line.
fn summary_of(tracked: Tracked) -> impl IntoView {
    let Tracked { object, flashes } = tracked;
    move || {
        let rows = object.with(|object| flashes.with(|lit| summary(&object.data, lit, IN_SUMMARY)));
        view! { <div class="summary">{rows.iter().map(pair).collect_view()}</div> }
    }
}

/// A name and a value of a summary.
fn pair(row: &Row) -> impl IntoView + use<> {
    view! {
        <span class="pair">
            <span class="label">{label_text(row)}</span>
            <span class=value_class(row)>{row.text.clone()}</span>
        </span>
    }
}

/// What shows below an unfolded row.
#[component]
fn ItemBody(key: Key, tracked: Tracked, folds: RwSignal<Folds>) -> impl IntoView {
    view! {
        <div class="item-body">
            <Times object=tracked.object.clone()/>
            <Data tracked folds label=key.to_string()/>
        </div>
    }
}
