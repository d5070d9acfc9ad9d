//! The state of a table: what is asked, what is known, and where one is in it.

use std::{collections::HashMap, ops::Range, time::Duration};

use leptos::{html, prelude::*, task::spawn_local};
use monoxide_client::range::{self, Page};
use monoxide_protocol::{Glob, Key};
use wasm_bindgen::JsValue;

use super::{GridRef, asked};
use crate::{
    Live, Session, State,
    model::{
        Pointer, Shown,
        table::{Arrival, Column, Columns, Query, Question, Rows, Scroll, Selection},
    },
    use_session, use_window,
    view::{Lamp, Tracked},
};

/// How tall a row is, in pixels, and on a phone.
const ROW: f64 = 40.0;
const CARD: f64 = 64.0;

/// How narrow a table is that has cards.
const NARROW: f64 = 640.0;

/// How long one rests before another part is watched.
const REST: Duration = Duration::from_millis(120);

/// The first part: as many rows as any screen has.
const FIRST: Range<usize> = 0..80;

/// A row as it is on the page.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) key: Key,
    pub(super) tracked: Tracked,
    pub(super) arrival: Lamp,
    pub(super) place: ArcRwSignal<usize>,
}

/// Where a row stands, with the row if it is known.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) place: usize,
    pub(super) row: Option<Row>,
}

impl PartialEq for Slot {
    fn eq(&self, other: &Self) -> bool {
        let key = |slot: &Self| slot.row.as_ref().map(|row| row.key.clone());
        self.place == other.place && key(self) == key(other)
    }
}

/// Everything about a table. Copying it copies a handle.
#[derive(Clone, Copy)]
pub(super) struct Table {
    pub(super) list: StoredValue<Glob>,
    pub(super) question: RwSignal<Question>,
    pub(super) rows: RwSignal<Rows>,
    pub(super) columns: RwSignal<Columns>,
    pub(super) scroll: RwSignal<Scroll>,
    pub(super) is_narrow: RwSignal<bool>,
    pub(super) selection: RwSignal<Selection>,
    /// Where a choice of several begins.
    pub(super) anchor: RwSignal<Option<usize>>,
    /// The row that keys are for.
    pub(super) active: RwSignal<Option<usize>>,
    /// How many new rows are above what shows, and were not seen.
    pub(super) unseen: RwSignal<usize>,
    /// How often it was asked to delete what is chosen.
    pub(super) deleting: RwSignal<usize>,
    pub(super) grid: GridRef,
    pub(super) body: NodeRef<html::Div>,
    pub(super) session: Session,
    watched: RwSignal<Range<usize>>,
    /// The question that the rows answer.
    answered: RwSignal<Option<Question>>,
    live: StoredValue<Option<Live>>,
    made: StoredValue<HashMap<Key, Row>>,
    rest: StoredValue<Option<TimeoutHandle>>,
    /// When the last part was told.
    told: StoredValue<Option<u64>>,
    is_reading: StoredValue<bool>,
}

impl Table {
    /// A table of a list that asks what the address does.
    pub(super) fn follow(list: Glob) -> Self {
        let mut question = asked();
        question.columns = question.columns.or_else(|| remembered(&list));
        let table = Self {
            columns: RwSignal::new(Columns::of(&list)),
            list: StoredValue::new(list),
            question: RwSignal::new(question),
            rows: RwSignal::default(),
            scroll: RwSignal::new(Scroll::new(ROW, 600.0)),
            is_narrow: RwSignal::new(false),
            selection: RwSignal::default(),
            anchor: RwSignal::new(None),
            active: RwSignal::new(None),
            unseen: RwSignal::new(0),
            deleting: RwSignal::new(0),
            grid: NodeRef::new(),
            body: NodeRef::new(),
            session: use_session(),
            watched: RwSignal::new(FIRST),
            answered: RwSignal::new(None),
            live: StoredValue::new(None),
            made: StoredValue::new(HashMap::new()),
            rest: StoredValue::new(None),
            told: StoredValue::new(None),
            is_reading: StoredValue::new(false),
        };
        let live = use_window(move || {
            let list = table.list.get_value();
            Some(table.question.with(|it| it.range(&list, &table.watched.get())))
        });
        table.live.set_value(Some(live));
        Effect::new(move |_| {
            let told = live.with(|document| document.and_then(Page::read));
            let version = live.version();
            if let Some(page) = told {
                table.take(page, version);
            }
        });
        on_cleanup(move || {
            table.rest.try_update_value(|rest| rest.take().map(|rest| rest.clear()));
        });
        table
    }

    /// Whether anything is known.
    pub(super) fn is_known(self) -> bool {
        self.answered.with(Option::is_some)
    }

    /// Whether the rows are still those of another question.
    pub(super) fn is_waiting(self) -> bool {
        self.answered
            .with(|it| it.as_ref().is_some_and(|it| self.question.with(|now| !is_same(it, now))))
    }

    /// How the connection is doing; another part of the same list is no news.
    pub(super) fn said(self) -> Signal<State> {
        let live = self.live.get_value();
        let said = Memo::new(move |before: Option<&State>| {
            let now = live.map_or(State::Connecting(None), |live| live.state.get());
            match (before, now) {
                (Some(State::Live), State::Connecting(None)) => State::Live,
                (_, now) => now,
            }
        });
        said.into()
    }

    /// The order of a list of which nobody asked another.
    pub(super) fn own_order(self) -> &'static str {
        let is_oldest_first = self.rows.with(|rows| match (rows.get(0), rows.get(1)) {
            (Some(one), Some(other)) => one.created < other.created,
            _ => false,
        });
        if is_oldest_first { "oldest first" } else { "newest first" }
    }

    /// Asks something else, and has the address say so.
    pub(super) fn ask(self, change: impl FnOnce(&mut Question)) {
        let before = self.question.get_untracked();
        let mut question = before.clone();
        change(&mut question);
        if question == before {
            return;
        }
        let location = window().location();
        let mut query = Query::read(&location.search().unwrap_or_default());
        question.write(&mut query);
        let address = format!("{}{query}", location.pathname().unwrap_or_default());
        _ = window()
            .history()
            .and_then(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(&address)));
        let is_same = is_same(&before, &question);
        self.question.set(question);
        if !is_same {
            self.selection.set(Selection::default());
            self.anchor.set(None);
            self.watched.set(FIRST);
        }
    }

    /// Takes in the newest part.
    fn take(self, page: Page, version: Option<u64>) {
        let question = self.question.get_untracked();
        let is_first =
            self.answered.with_untracked(|it| it.as_ref().is_none_or(|it| !is_same(it, &question)));
        if is_first {
            self.told.set_value(None);
            self.rows.update_untracked(|rows| *rows = Rows::default());
            self.made.update_value(HashMap::clear);
            self.active.set(None);
            self.unseen.set(0);
            self.answered.set(Some(question.clone()));
        }
        self.columns.update(|columns| {
            columns.learn(page.items.iter().map(|item| &item.data));
        });
        let scroll = self.scroll.get_untracked();
        let first = if is_first { 0 } else { scroll.first() };
        let since = self.told.get_value();
        let is_newest_first = question.is_newest_first();
        let active = self.active.get_untracked();
        let active = active.and_then(|row| {
            self.rows.with_untracked(|rows| rows.get(row).map(|it| it.key.clone()))
        });
        let arrival = self
            .rows
            .try_update(|rows| rows.follow(page, first, since, is_newest_first))
            .unwrap_or_default();
        self.told.set_value(version.or(since));
        self.settle(&arrival, is_first, active);
        self.look();
    }

    /// Shows what came, without what one reads being moved.
    fn settle(self, arrival: &Arrival, is_first: bool, active: Option<Key>) {
        self.made.with_value(|made| {
            for (object, places) in &arrival.changed {
                if let Some(row) = made.get(&object.key) {
                    row.tracked.change(object.clone(), places.clone());
                }
            }
        });
        let count = self.rows.with_untracked(Rows::matching);
        if let Some(active) = active {
            let place = self.rows.with_untracked(|rows| rows.place(&active));
            if place.is_some() {
                self.active.set(place);
            }
        }
        let shift = if is_first { 0 } else { arrival.shift };
        let is_at_top = self.scroll.with_untracked(Scroll::is_at_top);
        if !is_at_top && shift > 0 {
            self.unseen.update(|unseen| *unseen += shift.unsigned_abs());
        }
        if shift != 0 {
            self.anchor.update(|it| *it = it.and_then(|it| it.checked_add_signed(shift)));
        }
        self.light(arrival);
        let to = self.scroll.try_update(|scroll| {
            let to = scroll.count(count, shift);
            if is_first { scroll.go_to(0.0) } else { to }
        });
        self.scroll_element(to.unwrap_or_default());
    }

    /// Lets the new rows flash that show.
    fn light(self, arrival: &Arrival) {
        let made = self.scroll.with_untracked(Scroll::made);
        for key in &arrival.new {
            let object = self.rows.with_untracked(|rows| {
                let place = rows.place(key).filter(|place| made.contains(place))?;
                rows.get(place).cloned().map(|object| (place, object))
            });
            if let Some((place, object)) = object {
                self.row(place, &object).arrival.light();
            }
        }
    }

    /// Moves the element that scrolls, which has to be as tall as the rows before.
    fn scroll_element(self, to: f64) {
        let height = self.scroll.with_untracked(Scroll::height);
        if let Some(body) = self.body.get_untracked() {
            _ = web_sys::HtmlElement::style(&body).set_property("height", &format!("{height}px"));
        }
        if let Some(grid) = self.grid.get_untracked()
            && (f64::from(grid.scroll_top()) - to).abs() >= 1.0
        {
            #[expect(clippy::cast_possible_truncation, reason = "no element is that tall")]
            grid.set_scroll_top(to as i32);
        }
    }

    /// Takes note that one has scrolled.
    pub(super) fn scrolled(self) {
        let Some(grid) = self.grid.get_untracked() else { return };
        let to = f64::from(grid.scroll_top());
        self.scroll.update(|scroll| scroll.scrolled(to));
        if self.scroll.with_untracked(Scroll::is_at_top) && self.unseen.get_untracked() > 0 {
            self.unseen.set(0);
        }
        self.look();
    }

    /// Makes a row show.
    pub(super) fn show(self, row: usize) {
        let to = self.scroll.try_update(|scroll| scroll.show(row)).unwrap_or_default();
        self.scroll_element(to);
        self.look();
    }

    /// Goes to the newest rows.
    pub(super) fn to_top(self) {
        let to = self.scroll.try_update(|scroll| scroll.go_to(0.0)).unwrap_or_default();
        self.scroll_element(to);
        self.unseen.set(0);
        self.look();
    }

    /// Takes note of how large the table is.
    pub(super) fn measure(self) {
        // The page may be another by the next frame.
        let Some(grid) = self.grid.try_get_untracked().flatten() else { return };
        let Some(frame) = grid.parent_element() else { return };
        // The grid may still be short; what it has of it are its rim and the bar to scroll it.
        let rim = f64::from(grid.offset_height() - grid.client_height());
        let width = f64::from(grid.client_width());
        let height = f64::from(frame.client_height()) - rim;
        let is_narrow = width < NARROW;
        if self.is_narrow.get_untracked() != is_narrow {
            self.is_narrow.set(is_narrow);
        }
        let row = if is_narrow { CARD } else { ROW };
        let head = if is_narrow { 0.0 } else { ROW };
        let to = self.scroll.try_update(|scroll| scroll.resize(row, (height - head).max(row)));
        self.scroll_element(to.unwrap_or_default());
        self.look();
    }

    /// Reads what shows and is not known, and has it watched when one rests.
    fn look(self) {
        let visible = self.scroll.with_untracked(Scroll::visible);
        let watched = self.watched.get_untracked();
        if !self.rows.with_untracked(|rows| rows.has(visible.clone())) {
            self.read();
        }
        let other = self.rows.with_untracked(|rows| rows.watch(&visible, &watched));
        if other.is_none() {
            return;
        }
        let rested = move || {
            let Some(visible) = self.scroll.try_with_untracked(Scroll::visible) else { return };
            let watched = self.watched.get_untracked();
            let other = self.rows.with_untracked(|rows| rows.watch(&visible, &watched));
            if let Some(other) = other {
                self.watched.set(other);
            }
            let to = self.scroll.try_update(Scroll::settle);
            self.scroll_element(to.unwrap_or_default());
        };
        let rest = set_timeout_with_handle(rested, REST).ok();
        self.rest.update_value(|old| {
            if let Some(old) = old.take() {
                old.clear();
            }
            *old = rest;
        });
    }

    /// Reads the part that shows, and goes on until all that shows is known.
    fn read(self) {
        if self.is_reading.get_value() {
            return;
        }
        self.is_reading.set_value(true);
        let list = self.list.get_value();
        spawn_local(async move {
            loop {
                let question = self.question.try_get_untracked();
                let made = self.scroll.try_with_untracked(Scroll::made);
                let (Some(question), Some(made)) = (question, made) else { return };
                if self.rows.with_untracked(|rows| rows.has(made.clone())) || self.is_waiting() {
                    break;
                }
                let asked = question.range(&list, &made);
                let Ok(page) = self.session.ask(&range::page(&asked)).await else { break };
                let is_same_still = self.question.try_with_untracked(|it| is_same(it, &question));
                match is_same_still {
                    None => return,
                    Some(true) if !page.items.is_empty() => self.rows.update(|rows| rows.add(page)),
                    Some(_) => break,
                }
            }
            _ = self.is_reading.try_update_value(|it| *it = false);
        });
    }

    /// The rows that are made, in their order.
    pub(super) fn slots(self) -> Vec<Slot> {
        let made = self.scroll.with(Scroll::made);
        let slots: Vec<_> = self.rows.with(|rows| {
            made.map(|place| Slot {
                place,
                row: rows.get(place).map(|object| self.row(place, object)),
            })
            .collect()
        });
        // What is off the screen is made anew when it comes back.
        if self.made.with_value(HashMap::len) > 4 * slots.len().max(50) {
            let keys: std::collections::HashSet<_> =
                slots.iter().filter_map(|slot| Some(slot.row.as_ref()?.key.clone())).collect();
            self.made.update_value(|made| made.retain(|key, _| keys.contains(key)));
        }
        slots
    }

    /// The row of an object at a place.
    fn row(self, place: usize, object: &Shown) -> Row {
        let known = self.made.with_value(|made| made.get(&object.key).cloned());
        let row = known.unwrap_or_else(|| {
            let row = Row {
                key: object.key.clone(),
                tracked: Tracked::new(object.clone()),
                arrival: Lamp::default(),
                place: ArcRwSignal::new(place),
            };
            self.made.update_value(|made| _ = made.insert(row.key.clone(), row.clone()));
            row
        });
        if row.place.get_untracked() != place {
            row.place.set(place);
        }
        let is_other = row.tracked.object.with_untracked(|it| it.version != object.version);
        if is_other {
            row.tracked.change(object.clone(), Vec::<Pointer>::new());
        }
        row
    }

    /// Shows a column, or not.
    pub(super) fn choose(self, column: &Column, is_shown: bool) {
        let all = self.columns.with_untracked(Columns::all);
        let mut shown = untrack(|| self.shown());
        shown.retain(|it| it != column);
        if is_shown {
            shown.push(column.clone());
        }
        let chosen = all.iter().filter(|it| shown.contains(it) && !matches!(it, Column::Star(..)));
        let chosen: Vec<_> = chosen.map(Column::id).collect();
        remember(&self.list.get_value(), Some(&chosen));
        self.ask(|question| question.columns = Some(chosen));
    }

    /// Shows the columns that show by themselves.
    pub(super) fn choose_none(self) {
        remember(&self.list.get_value(), None);
        self.ask(|question| question.columns = None);
    }

    /// The columns that show.
    pub(super) fn shown(self) -> Vec<Column> {
        let chosen = self.question.with(|question| question.columns.clone());
        self.columns.with(|columns| columns.shown(chosen.as_deref()))
    }
}

/// Where it is remembered which columns of a list show.
fn memory(list: &Glob) -> Option<(web_sys::Storage, String)> {
    Some((window().local_storage().ok()??, format!("monoxide-columns:{list}")))
}

fn remember(list: &Glob, columns: Option<&[String]>) {
    let Some((storage, name)) = memory(list) else { return };
    _ = match columns {
        Some(columns) => storage.set_item(&name, &columns.join(",")),
        None => storage.remove_item(&name),
    };
}

fn remembered(list: &Glob) -> Option<Vec<String>> {
    let (storage, name) = memory(list)?;
    let columns = storage.get_item(&name).ok()??;
    Some(columns.split(',').map(str::to_owned).collect())
}

/// Whether two questions have the same rows for an answer.
fn is_same(one: &Question, other: &Question) -> bool {
    one.order == other.order && one.stars == other.stars && one.find.trim() == other.find.trim()
}
