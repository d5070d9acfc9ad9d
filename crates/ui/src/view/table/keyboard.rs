//! What keys do in a table.

use leptos::{ev::KeyboardEvent, prelude::*, task::spawn_local};
use monoxide_client::range;
use monoxide_protocol::{Key, Range};
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::live::Table;
use crate::{
    model::{Place, table::Selection},
    view::Route,
};

/// A key was pressed in the grid.
pub(super) fn pressed(table: Table, route: Route, event: &KeyboardEvent) {
    if is_in_head(event) || event.alt_key() {
        return;
    }
    let count = table.rows.with_untracked(|rows| rows.matching());
    let Some(last) = count.checked_sub(1) else { return };
    let page = table.scroll.with_untracked(|scroll| scroll.page());
    let visible = table.scroll.with_untracked(|scroll| scroll.visible());
    let now = table.active.get_untracked();
    let with_control = event.ctrl_key() || event.meta_key();
    // Who has not begun begins with the first row that shows.
    let from = |step: isize| match now {
        Some(now) => now.saturating_add_signed(step).min(last),
        None => visible.start,
    };
    let far = isize::try_from(page).unwrap_or(1);
    let to = match event.key().as_str() {
        "ArrowDown" => from(1),
        "ArrowUp" => from(-1),
        "PageDown" => from(far),
        "PageUp" => from(-far),
        "Home" => 0,
        "End" => last,
        "Enter" => {
            if let Some(key) = now.and_then(|row| key_of(table, row)) {
                event.prevent_default();
                route.go(Place::Document(key.into()));
            }
            return;
        }
        " " => {
            event.prevent_default();
            return toggle(table);
        }
        "a" if with_control => {
            event.prevent_default();
            return table.selection.set(Selection::all());
        }
        "Escape" => return table.selection.set(Selection::default()),
        "Delete" => return table.deleting.update(|asked| *asked += 1),
        _ => return,
    };
    event.prevent_default();
    if event.shift_key() {
        if table.anchor.get_untracked().is_none() {
            table.anchor.set(now.or(Some(to)));
        }
        choose_to(table, to);
    } else {
        table.anchor.set(None);
    }
    table.active.set(Some(to));
    table.show(to);
}

/// Whether it is for what is in the head.
fn is_in_head(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|it| it.dyn_into::<Element>().ok());
    target.is_some_and(|it| matches!(it.closest(".table-head"), Ok(Some(_))))
}

fn key_of(table: Table, row: usize) -> Option<Key> {
    table.rows.with_untracked(|rows| rows.get(row).map(|object| object.key.clone()))
}

fn toggle(table: Table) {
    let Some(row) = table.active.get_untracked() else { return };
    let Some(key) = key_of(table, row) else { return };
    table.anchor.set(Some(row));
    let chosen = table.selection.with_untracked(|it| it.has(&key));
    table.selection.update(|it| it.set(&key, !chosen));
}

/// Chooses everything between where the choice began and a row. What is not known of it is asked
/// for.
pub(super) fn choose_to(table: Table, to: usize) {
    let from = table.anchor.get_untracked().or(table.active.get_untracked()).unwrap_or(to);
    table.anchor.set(Some(from));
    let rows = from.min(to)..from.max(to) + 1;
    let known: Vec<_> = rows.clone().map_while(|row| key_of(table, row)).collect();
    let is_known = known.len() == rows.len();
    table.selection.update(|selection| {
        if !selection.is_all() {
            *selection = Selection::default();
        }
        known.iter().for_each(|key| selection.set(key, true));
    });
    if is_known {
        return;
    }
    let (question, list) = (table.question.get_untracked(), table.list.get_value());
    spawn_local(async move {
        let mut start = rows.start + known.len();
        while start < rows.end {
            let end = rows.end.min(start + Range::MOST);
            let part = question.range(&list, &(start..end));
            let part = Range { pick: Some(Vec::new()), ..part };
            let Ok(page) = table.session.ask(&range::page(&part)).await else { return };
            if page.items.is_empty() {
                return;
            }
            start += page.items.len();
            let chosen = table.selection.try_update(|selection| {
                page.items.iter().for_each(|item| selection.set(&item.key, true));
            });
            if chosen.is_none() {
                return;
            }
        }
    });
}
