//! The rows that show, and their head.

use leptos::{
    ev::{self, MouseEvent},
    prelude::*,
};
use monoxide_protocol::Order;
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::{
    keyboard,
    live::{Row, Slot, Table},
};
use crate::{
    model::{
        Flash, Place, Shown,
        table::{Column, Selection, segment},
    },
    view::{Icon, time::local, use_route},
};

/// The table: a grid that scrolls.
#[component]
pub(super) fn Grid(table: Table) -> impl IntoView {
    let route = use_route();
    let resized = window_event_listener(ev::resize, move |_| table.measure());
    on_cleanup(move || resized.remove());
    Effect::new(move |_| {
        if table.grid.get().is_some() {
            request_animation_frame(move || table.measure());
        }
    });
    let columns = Memo::new(move |_| table.shown());
    Effect::new(move |_| {
        let (template, least) = columns.with(|columns| template(table, columns));
        if let Some(grid) = table.grid.get() {
            let style = web_sys::HtmlElement::style(&grid);
            _ = style.set_property("--columns", &template);
            _ = style.set_property("--least", &least);
        }
    });
    let row_count = move || table.rows.with(|rows| rows.matching() + 1);
    let active = move || table.active.get().map(row_id);
    let slots = Memo::new(move |_| table.slots());
    let height = move || format!("{}px", table.scroll.with(|scroll| scroll.height()));
    view! {
        <div class="table-frame">
            <Unseen table/>
            <div
                class="card table"
                class:waiting=move || table.is_waiting()
                class:cards=table.is_narrow
                role="grid"
                tabindex="0"
                aria-label=table.list.get_value().to_string()
                aria-rowcount=row_count
                aria-colcount=move || columns.with(Vec::len) + 1
                aria-multiselectable="true"
                aria-activedescendant=active
                aria-busy=move || table.is_waiting().to_string()
                node_ref=table.grid
                on:scroll=move |_| table.scrolled()
                on:keydown=move |event| keyboard::pressed(table, route, &event)
            >
                <Head table columns/>
                <div
                    class="table-body"
                    role="rowgroup"
                    node_ref=table.body
                    style:height=height
                    on:click=move |click| clicked(table, route, &click)
                >
                    <For each=move || slots.get() key=slot_key let:here>
                        <Either table columns here/>
                    </For>
                </div>
            </div>
        </div>
    }
}

/// The widths of the columns, and of all of them at least, as the style sheet has them.
fn template(table: Table, columns: &[Column]) -> (String, String) {
    let widths: Vec<_> =
        table.columns.with(|known| columns.iter().map(|it| known.width(it)).collect());
    let least = |column: &Column, width: usize| match column {
        Column::Member(..) | Column::Value => width.min(12),
        Column::Star(..) | Column::Created | Column::Updated => width,
    };
    let each = || columns.iter().zip(&widths);
    let track = |(column, &width)| format!("minmax({}ch, {width}fr)", least(column, width));
    let tracks: Vec<_> = each().map(track).collect();
    let all: usize = each().map(|(column, &width)| least(column, width)).sum();
    (format!("2.75rem {}", tracks.join(" ")), format!("calc(2.75rem + {all}ch)"))
}

fn slot_key(slot: &Slot) -> (usize, String) {
    match &slot.row {
        Some(row) => (usize::MAX, row.key.to_string()),
        None => (slot.place, String::new()),
    }
}

/// What a row is called among the page's elements.
fn row_id(place: usize) -> String {
    format!("row-{place}")
}

/// Says that there are new rows above, and goes there.
#[component]
fn Unseen(table: Table) -> impl IntoView {
    let text = move || match table.unseen.get() {
        0 => String::new(),
        unseen => format!("{unseen} new"),
    };
    view! {
        <div class="unseen-rows" role="status">
            <button
                type="button"
                class="button"
                hidden=move || table.unseen.get() == 0
                on:click=move |_| table.to_top()
            >
                {Icon::Chevron.with_class("icon up")}
                {text}
            </button>
        </div>
    }
}

/// The names of the columns, by which the rows are sorted.
#[component]
fn Head(table: Table, columns: Memo<Vec<Column>>) -> impl IntoView {
    let count = move || table.rows.with(|rows| rows.matching());
    let chosen = move || table.selection.with(|it| it.count(count()));
    let toggle = move |_| {
        let all = chosen() < count();
        table.selection.set(if all { Selection::all() } else { Selection::default() });
    };
    let is_mixed = move || (1..count()).contains(&chosen());
    view! {
        <div class="table-head" role="rowgroup">
            <div class="table-row" role="row" aria-rowindex="1">
                <div class="tick" role="columnheader">
                    <input
                        type="checkbox"
                        aria-label="Select all"
                        prop:checked=move || chosen() == count()
                        prop:indeterminate=is_mixed
                        on:click=toggle
                    />
                </div>
                <For each=move || columns.get() key=Column::id let:column>
                    <HeadCell table column/>
                </For>
            </div>
        </div>
    }
}

#[component]
fn HeadCell(table: Table, column: Column) -> impl IntoView {
    let label = column.label().to_owned();
    let is_member = matches!(column, Column::Member(..));
    let Some(by) = column.order() else {
        return view! { <div role="columnheader" class="label">{label}</div> }.into_any();
    };
    let direction = {
        let by = by.clone();
        Memo::new(move |_| {
            table.question.with(|question| {
                question.order.as_ref().filter(|it| it.by == by).map(|it| it.is_descending)
            })
        })
    };
    let sorted = move || match direction.get() {
        None => "none",
        Some(true) => "descending",
        Some(false) => "ascending",
    };
    // What is newest is what one looks for first; of the rest, what begins.
    let is_time = column.is_time();
    let sort = move |_| {
        let next = match direction.get_untracked() {
            None => Some(is_time),
            Some(now) if now == is_time => Some(!now),
            Some(_) => None,
        };
        let order = next.map(|is_descending| Order { by: by.clone(), is_descending });
        table.ask(|question| question.order = order);
    };
    view! {
        <div role="columnheader" aria-sort=sorted class:member=is_member>
            <button type="button" title="Sort" on:click=sort>
                <span>{label}</span>
                {Icon::Chevron.with_class("icon sort")}
            </button>
        </div>
    }
    .into_any()
}

#[component]
fn Either(table: Table, columns: Memo<Vec<Column>>, here: Slot) -> impl IntoView {
    match here.row {
        Some(row) => view! { <RowView table columns row/> }.into_any(),
        None => view! { <Missing table place=here.place/> }.into_any(),
    }
}

fn moved(table: Table, place: usize) -> String {
    format!("translateY({}px)", table.scroll.with(|scroll| scroll.place(place)))
}

/// Where a row will stand in a moment.
#[component]
fn Missing(table: Table, place: usize) -> impl IntoView {
    view! {
        <div
            class="table-row missing"
            role="row"
            aria-rowindex=place + 2
            style:transform=move || moved(table, place)
        >
            <span role="gridcell" class="bone medium" aria-label="Loading"></span>
        </div>
    }
}

/// One object.
#[component]
fn RowView(table: Table, columns: Memo<Vec<Column>>, row: Row) -> impl IntoView {
    let Row { key, tracked, arrival, place } = row;
    let place = RwSignal::from(place);
    let class = move || match arrival.get() {
        Flash::Off => "item table-row",
        Flash::Tick | Flash::Tock => "item table-row flash flash-tick",
    };
    let chosen = {
        let key = key.clone();
        Memo::new(move |_| table.selection.with(|it| it.has(&key)))
    };
    let name = {
        let list = table.list.get_value();
        crate::model::name_in(&list, &key)
    };
    let values = {
        let (object, flashes) = (tracked.object.clone(), tracked.flashes.clone());
        move || {
            object.with(|object| {
                flashes.with(|lit| {
                    let said = |column: &Column| {
                        let flash = column.pointer().map_or("", |it| lit.within(&it).class());
                        value(column, object, flash)
                    };
                    columns.with(|columns| {
                        columns.iter().filter(|it| !is_star(it)).map(said).collect_view()
                    })
                })
            })
        }
    };
    let when = {
        let object = tracked.object.clone();
        move || {
            let (_, text, title) = object.with(|it| time(it.updated.max(it.created)));
            let is_narrow = table.is_narrow.get();
            is_narrow.then(|| {
                view! { <span class="card-when" role="gridcell" title=title>{text}</span> }
            })
        }
    };
    view! {
        <div
            class=class
            class:active=move || table.active.get() == Some(place.get())
            role="row"
            id=move || row_id(place.get())
            aria-rowindex=move || place.get() + 2
            aria-selected=move || chosen.get().to_string()
            data-key=key.to_string()
            style:transform=move || moved(table, place.get())
        >
            <span class="tick" role="gridcell">
                <input
                    type="checkbox"
                    tabindex="-1"
                    aria-label=format!("Select {name}")
                    prop:checked=chosen
                />
            </span>
            {keys(table, &key)}
            <span class="values" role="presentation">{values}</span>
            {when}
        </div>
    }
}

fn is_star(column: &Column) -> bool {
    matches!(column, Column::Star(..))
}

/// The segments of the key that are not the same for all; the last one leads to the object.
fn keys(table: Table, key: &monoxide_protocol::Key) -> impl IntoView + use<> {
    let list = table.list.get_value();
    let count = list.segments().filter(|it| *it == "*").count();
    let address = Place::Document(key.clone().into()).address();
    (0..count)
        .map(|nth| {
            let text = segment(&list, nth, key);
            let title = (text.len() > 20).then(|| text.clone());
            if nth + 1 < count {
                return view! { <span role="gridcell" class="star" title=title>{text}</span> }
                    .into_any();
            }
            view! {
                <span role="gridcell" class="item-key" title=title>
                    <a href=address.clone() tabindex="-1">{text}</a>
                </span>
            }
            .into_any()
        })
        .collect_view()
}

/// What stands in a cell.
fn value(column: &Column, object: &Shown, flash: &str) -> impl IntoView + use<> {
    let label = column.label().to_owned();
    let (class, text, title) = match column {
        Column::Created => time(object.created),
        Column::Updated => time(object.updated.max(object.created)),
        _ => match column.cell(object) {
            Some(cell) => (format!("value {}", cell.kind.class()), cell.text, cell.whole),
            None => ("nothing".to_owned(), String::new(), None),
        },
    };
    let class = format!("{class} {flash}");
    view! {
        <span role="gridcell" class=class title=title>
            <span class="cell-name" aria-hidden="true">{label}</span>
            <span class="cell-text">{text}</span>
        </span>
    }
}

fn time(nanoseconds: u64) -> (String, String, Option<String>) {
    let moment = local(nanoseconds);
    let text = format!("{} {}", moment.date(), moment.time());
    ("when".to_owned(), text, Some(moment.exact()))
}

/// A click on a row opens its object, or chooses it.
fn clicked(table: Table, route: crate::view::Route, click: &MouseEvent) {
    let Some(target) = click.target().and_then(|it| it.dyn_into::<Element>().ok()) else { return };
    let within = |selector| target.closest(selector).ok().flatten();
    let key = within(".item").and_then(|row| row.get_attribute("data-key"));
    let Some(key) = key.and_then(|key| monoxide_protocol::Key::parse(&key).ok()) else { return };
    let Some(place) = table.rows.with_untracked(|rows| rows.place(&key)) else { return };
    let is_tick = within(".tick").is_some();
    let is_one_more = click.ctrl_key() || click.meta_key();
    if within("a").is_some() && (is_one_more || click.shift_key()) {
        // The browser opens it elsewhere.
        return;
    }
    table.active.set(Some(place));
    if click.shift_key() {
        // The browser would select the text between.
        _ = window().get_selection().ok().flatten().map(|it| it.remove_all_ranges());
        return keyboard::choose_to(table, place);
    }
    if is_tick || is_one_more {
        table.anchor.set(Some(place));
        let chosen = table.selection.with_untracked(|it| it.has(&key));
        return table.selection.update(|it| it.set(&key, !chosen));
    }
    let selection = window().get_selection().ok().flatten();
    if selection.is_none_or(|it| it.is_collapsed()) {
        click.prevent_default();
        route.go(Place::Document(key.into()));
    }
}
