//! What stands above a table: what is looked for, what shows, and what is chosen.

use std::time::Duration;

use leptos::{ev::KeyboardEvent, prelude::*};
use monoxide_protocol::Order;

use super::live::Table;
use crate::{
    model::table::{Column, Selection},
    view::Icon,
};

/// How long one pauses before it is looked for what one types.
const PAUSE: Duration = Duration::from_millis(180);

/// The tools of a table.
#[component]
pub(super) fn Tools(table: Table) -> impl IntoView {
    let count =
        move || table.selection.with(|it| it.count(table.rows.with(|rows| rows.matching())));
    let chosen = Memo::new(move |_| count());
    let stars = move || {
        let list = table.list.get_value();
        let count = list.segments().filter(|it| *it == "*").count();
        (count > 1).then(|| {
            let columns = table.columns.with_untracked(crate::model::table::Columns::all);
            columns
                .into_iter()
                .take(count)
                .enumerate()
                .map(|(nth, column)| view! { <Star table nth label=column.label().to_owned()/> })
                .collect_view()
        })
    };
    view! {
        <div class="table-tools">
            <Find table/>
            {stars()}
            <span class="space"></span>
            <div class="picked">
                <span role="status">
                    {move || (chosen.get() > 0).then(|| format!("{} selected", chosen.get()))}
                </span>
                <button
                    type="button"
                    class="button"
                    hidden=move || chosen.get() == 0
                    on:click=move |_| table.selection.set(Selection::default())
                >
                    "Clear"
                </button>
                <button
                    type="button"
                    class="button danger"
                    hidden=move || chosen.get() == 0
                    on:click=move |_| table.deleting.update(|asked| *asked += 1)
                >
                    {Icon::Trash.draw()}
                    "Delete…"
                </button>
            </div>
            <Sorting table/>
            <Choice table/>
        </div>
    }
}

/// The field for words.
#[component]
fn Find(table: Table) -> impl IntoView {
    let pause = StoredValue::new(None::<TimeoutHandle>);
    let find = move |text: String, after: Duration| {
        let then = move || table.ask(|question| question.find = text);
        let handle = set_timeout_with_handle(then, after).ok();
        pause.update_value(|old| {
            if let Some(old) = old.take() {
                old.clear();
            }
            *old = handle;
        });
    };
    on_cleanup(move || {
        pause.try_update_value(|it| it.take().map(|it| it.clear()));
    });
    let typed = move |event| find(event_target_value(&event), PAUSE);
    let pressed = move |event: KeyboardEvent| match event.key().as_str() {
        "Enter" => find(event_target_value(&event), Duration::ZERO),
        "Escape" => find(String::new(), Duration::ZERO),
        _ => {}
    };
    view! {
        <label class="find">
            {Icon::Search.draw()}
            <span class="unseen">"Find in this list"</span>
            <input
                type="search"
                placeholder="Find in this list"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                prop:value=move || table.question.with(|it| it.find.clone())
                on:input=typed
                on:keydown=pressed
            />
        </label>
    }
}

/// The field for the segment that a star stands for.
#[component]
fn Star(table: Table, nth: usize, label: String) -> impl IntoView {
    let value = move || table.question.with(|it| it.stars.get(nth).cloned().unwrap_or_default());
    let narrow = move |event| {
        let text = event_target_value(&event).trim().to_owned();
        table.ask(|question| {
            if question.stars.len() <= nth {
                question.stars.resize(nth + 1, String::new());
            }
            if let Some(star) = question.stars.get_mut(nth) {
                *star = text;
            }
        });
    };
    view! {
        <label class="find star">
            <span>{label.clone()}</span>
            <input
                type="text"
                placeholder="all"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                aria-label=format!("Only {label}")
                prop:value=value
                on:change=narrow
            />
        </label>
    }
}

/// The order, where there is no head to click on.
#[component]
fn Sorting(table: Table) -> impl IntoView {
    let value = move || {
        table.question.with(|it| it.order.as_ref().map(Order::to_string).unwrap_or_default())
    };
    let options = move || {
        let columns = table.columns.with(crate::model::table::Columns::all);
        let both = |column: Column| {
            let by = column.order()?;
            let option = |is_descending, arrow| {
                let order = Order { by: by.clone(), is_descending }.to_string();
                let is_chosen = value() == order;
                let text = format!("{} {arrow}", column.label());
                view! { <option value=order selected=is_chosen>{text}</option> }
            };
            Some([option(false, "↑"), option(true, "↓")].collect_view())
        };
        columns.into_iter().filter_map(both).collect_view()
    };
    let sort = move |event| {
        let order = event_target_value(&event).parse().ok();
        table.ask(|question| question.order = order);
    };
    view! {
        <select class="button sorting" aria-label="Sort" on:change=sort>
            <option value="" selected=move || value().is_empty()>"Own order"</option>
            {options}
        </select>
    }
}

/// Which columns show.
#[component]
fn Choice(table: Table) -> impl IntoView {
    let all = Memo::new(move |_| table.columns.with(crate::model::table::Columns::all));
    let shown = Memo::new(move |_| table.shown());
    let boxes = move || {
        let choosable = |column: &Column| !matches!(column, Column::Star(..));
        all.get()
            .into_iter()
            .filter(choosable)
            .map(|column| {
                let label = column.label().to_owned();
                let is_shown = {
                    let column = column.clone();
                    move || shown.with(|shown| shown.contains(&column))
                };
                let toggle = move |_| {
                    table.choose(&column, !shown.with_untracked(|it| it.contains(&column)))
                };
                view! {
                    <label class="choice">
                        <input type="checkbox" prop:checked=is_shown on:click=toggle/>
                        <span>{label}</span>
                    </label>
                }
            })
            .collect_view()
    };
    view! {
        <details class="popup" on:keydown=close_on_escape on:focusout=close_when_left>
            <summary class="button">{Icon::Columns.draw()} "Columns"</summary>
            <div class="card popup-panel" role="group" aria-label="Columns">
                {boxes}
                <button type="button" class="text-button" on:click=move |_| table.choose_none()>
                    "As it was"
                </button>
            </div>
        </details>
    }
}

fn close_on_escape(event: KeyboardEvent) {
    if event.key() == "Escape"
        && let Some(menu) = menu_of(event.current_target())
    {
        menu.set_open(false);
        if let Ok(Some(summary)) = menu.query_selector("summary") {
            use wasm_bindgen::JsCast as _;
            _ = summary.unchecked_into::<web_sys::HtmlElement>().focus();
        }
    }
}

fn close_when_left(event: leptos::ev::FocusEvent) {
    use wasm_bindgen::JsCast as _;
    let to = event.related_target().and_then(|it| it.dyn_into::<web_sys::Node>().ok());
    if let Some(menu) = menu_of(event.current_target())
        && to.is_some_and(|to| !menu.contains(Some(&to)))
    {
        menu.set_open(false);
    }
}

fn menu_of(target: Option<web_sys::EventTarget>) -> Option<web_sys::HtmlDetailsElement> {
    use wasm_bindgen::JsCast as _;
    target?.dyn_into().ok()
}
