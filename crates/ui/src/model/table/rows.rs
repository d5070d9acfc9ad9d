//! The part of a long list that is known.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
    sync::Arc,
};

use monoxide_client::range::{Item, Page};
use monoxide_protocol::{Key, Object};

use crate::model::{Pointer, Shown, changes};

/// How many rows are kept; of more, those that are farthest away go.
const KEPT: usize = 4_000;

/// The smallest part that is watched.
const LEAST: usize = 60;

/// The rows of a long list as far as they are known, by position.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    total: usize,
    matching: usize,
    rows: BTreeMap<usize, Shown>,
    places: HashMap<Key, usize>,
}

/// What came with the newest part.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Arrival {
    /// By how many rows those that show have moved down.
    pub shift: isize,
    /// The objects that were made since the part before.
    pub new: Vec<Key>,
    /// The objects that have changed, and where.
    pub changed: Vec<(Shown, Vec<Pointer>)>,
}

impl Rows {
    /// How many objects the list has.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total
    }

    /// How many of them match, and so are rows.
    #[must_use]
    pub fn matching(&self) -> usize {
        self.matching
    }

    /// The object of a row, if it is known.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&Shown> {
        self.rows.get(&row)
    }

    /// Where an object stands, if it is known.
    #[must_use]
    pub fn place(&self, key: &Key) -> Option<usize> {
        self.places.get(key).copied()
    }

    /// The data of all that are known.
    pub fn known(&self) -> impl Iterator<Item = &Shown> {
        self.rows.values()
    }

    /// Whether all of these are known.
    #[must_use]
    pub fn has(&self, rows: Range<usize>) -> bool {
        let count = rows.len();
        self.rows.range(rows).count() == count
    }

    /// Takes in a part that was read once.
    pub fn add(&mut self, page: Page) {
        self.follow(page, usize::MAX, None, false);
    }

    /// Takes in the newest part. `first` is the first row that shows, `since` when the part before
    /// was told, and `is_newest_first` is whether what is new comes before everything else.
    pub fn follow(
        &mut self,
        page: Page,
        first: usize,
        since: Option<u64>,
        is_newest_first: bool,
    ) -> Arrival {
        let shift = self.shift(&page, first, is_newest_first);
        if shift != 0 {
            self.move_by(shift, page.from);
        }
        let mut arrival = Arrival { shift, ..Arrival::default() };
        let (from, until) = (page.from, page.from + page.items.len());
        (self.total, self.matching) = (page.total, page.matching);
        let mut old = HashMap::new();
        for place in from..until {
            if let Some(object) = self.rows.remove(&place) {
                self.places.remove(&object.key);
                old.insert(object.key.clone(), object);
            }
        }
        for (place, item) in (from..).zip(page.items) {
            let before = old.remove(&item.key).or_else(|| {
                let elsewhere = self.places.remove(&item.key)?;
                self.rows.remove(&elsewhere)
            });
            let object = arrival.take(before, item, since);
            self.places.insert(object.key.clone(), place);
            self.rows.insert(place, object);
        }
        self.forget(from);
        arrival
    }

    /// By how many rows those that show have moved down: as far as one of them that is still there,
    /// or as what came must have moved them.
    fn shift(&self, page: &Page, first: usize, is_newest_first: bool) -> isize {
        let signed = |number: usize| isize::try_from(number).unwrap_or(isize::MAX);
        let now: HashMap<_, _> =
            (page.from..).zip(&page.items).map(|(place, item)| (&item.key, place)).collect();
        let below = self.rows.range(first..).take(LEAST);
        for (before, object) in below {
            if let Some(place) = now.get(&object.key) {
                return signed(*place) - signed(*before);
            }
        }
        let is_known = first != usize::MAX && is_newest_first && !self.rows.is_empty();
        if is_known { signed(page.matching) - signed(self.matching) } else { 0 }
    }

    /// Moves the rows that the new part does not tell of along with those that it does.
    fn move_by(&mut self, shift: isize, from: usize) {
        let rows = std::mem::take(&mut self.rows);
        self.places.clear();
        for (place, object) in rows {
            let is_above = place < from && shift < 0;
            let moved = if is_above { Some(place) } else { place.checked_add_signed(shift) };
            if let Some(place) = moved {
                self.places.insert(object.key.clone(), place);
                if let Some(other) = self.rows.insert(place, object) {
                    self.places.remove(&other.key);
                }
            }
        }
    }

    /// Lets go of what is behind the end, and of the farthest of too many.
    fn forget(&mut self, near: usize) {
        let behind = self.rows.split_off(&self.matching);
        behind.values().for_each(|object| _ = self.places.remove(&object.key));
        while self.rows.len() > KEPT {
            let (first, last) = (self.rows.first_key_value(), self.rows.last_key_value());
            let (Some((first, _)), Some((last, _))) = (first, last) else { return };
            let is_first = near.abs_diff(*first) > near.abs_diff(*last);
            let far = if is_first { *first } else { *last };
            if let Some(object) = self.rows.remove(&far) {
                self.places.remove(&object.key);
            }
        }
    }

    /// Which part is to be watched when these rows show and `now` is watched; `None` is to go on
    /// with that.
    #[must_use]
    pub fn watch(&self, visible: &Range<usize>, now: &Range<usize>) -> Option<Range<usize>> {
        let end = visible.end.min(self.matching);
        if visible.start >= now.start && end <= now.end {
            return None;
        }
        let around = (visible.len() * 3 / 2).max(LEAST / 2);
        let from = visible.start.saturating_sub(around);
        Some(from..visible.end + around)
    }
}

impl Arrival {
    fn take(&mut self, before: Option<Shown>, item: Item, since: Option<u64>) -> Shown {
        match before {
            Some(before) if before.version == item.version => return before,
            Some(before) => {
                let object = shown(item);
                let places = changes(&before.data, &object.data);
                self.changed.push((object.clone(), places));
                return object;
            }
            None => {}
        }
        if since.is_some_and(|since| item.created > since) {
            self.new.push(item.key.clone());
        }
        shown(item)
    }
}

fn shown(item: Item) -> Shown {
    let Item { key, created, updated, version, data } = item;
    Object { key, created, updated, version, data: Arc::new(data) }
}

#[cfg(test)]
mod tests {
    use monoxide_protocol::Version;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn item(nth: u64, version: u64) -> Item {
        let key = Key::parse(&format!("a/{nth}")).unwrap();
        let data = json!({ "v": version });
        Item { key, created: nth, updated: 0, version: Version::new(version), data }
    }

    /// A part of a list of `count` objects, the newest first.
    fn page(count: u64, from: usize, limit: usize) -> Page {
        let all: Vec<_> = (1..=count).rev().map(|nth| item(nth, nth)).collect();
        let items = all.iter().skip(from).take(limit).cloned().collect();
        Page { total: all.len(), matching: all.len(), from, items }
    }

    fn at(rows: &Rows, place: usize) -> u64 {
        rows.get(place).unwrap().created
    }

    #[test]
    fn what_comes_above_moves_what_one_reads_by_as_much() {
        let mut rows = Rows::default();
        rows.follow(page(100, 40, 20), 45, None, true);
        let read = at(&rows, 45);

        let arrival = rows.follow(page(103, 40, 20), 45, Some(100), true);

        assert_eq!((arrival.shift, at(&rows, 48)), (3, read));
        assert!(arrival.new.is_empty(), "what was pushed into the part from above is not new");
    }

    #[test]
    fn when_nothing_is_left_of_what_one_reads_it_is_where_it_must_be() {
        let mut rows = Rows::default();
        rows.follow(page(100, 40, 20), 45, None, true);
        let read = at(&rows, 45);

        let arrival = rows.follow(page(1100, 40, 20), 45, Some(100), true);

        assert_eq!((arrival.shift, at(&rows, 1045)), (1000, read));
        let arrival = rows.follow(page(1100, 1030, 40), 1045, Some(1100), true);
        assert_eq!((arrival.shift, at(&rows, 1045)), (0, read));
    }

    #[test]
    fn what_is_new_and_what_changed_is_told_once() {
        let mut rows = Rows::default();
        assert!(rows.follow(page(3, 0, 20), 0, None, true).new.is_empty());

        let mut next = page(4, 0, 20);
        next.items[2] = item(2, 9);
        let arrival = rows.follow(next.clone(), 0, Some(3), true);

        assert_eq!(arrival.new, [Key::parse("a/4").unwrap()]);
        let [(object, places)] = &arrival.changed[..] else { panic!("{arrival:?}") };
        assert_eq!((object.created, places[0].as_str()), (2, "/v"));
        assert_eq!(rows.follow(next, 0, Some(9), true), Arrival::default());
    }

    #[test]
    fn an_old_row_that_comes_up_from_below_is_not_new() {
        let mut rows = Rows::default();
        rows.follow(page(100, 0, 20), 0, None, true);
        let mut next = page(100, 0, 21);
        next.items.remove(0);
        (next.total, next.matching) = (99, 99);
        assert!(rows.follow(next, 0, Some(100), true).new.is_empty());
    }

    #[test]
    fn the_part_that_is_watched_follows_what_shows_and_not_each_step() {
        let mut rows = Rows::default();
        rows.follow(page(1000, 0, 100), 0, None, true);
        assert_eq!(rows.watch(&(0..20), &(0..100)), None);
        assert_eq!(rows.watch(&(70..90), &(0..100)), None);
        assert_eq!(rows.watch(&(90..110), &(0..100)), Some(60..140));
        assert_eq!(rows.watch(&(0..20), &(60..140)), Some(0..50));
        rows.follow(page(10, 0, 100), 0, None, true);
        assert_eq!(rows.watch(&(0..20), &(0..12)), None, "there is no more");
    }

    proptest! {
        /// Whatever parts come, in whatever order, each object stands in one place, and the newest
        /// part is as it was told.
        #[test]
        fn each_object_stands_in_one_place(
            steps in prop::collection::vec((0..300_u64, 0..300_usize, 1..80_usize, 0..300_usize), 1..40),
        ) {
            let mut rows = Rows::default();
            for (count, from, limit, first) in steps {
                let page = page(count, from, limit);
                rows.follow(page.clone(), first, None, true);
                for (place, item) in (page.from..).zip(&page.items) {
                    prop_assert_eq!(rows.get(place).map(|it| &it.key), Some(&item.key));
                }
                prop_assert_eq!(rows.rows.len(), rows.places.len());
                for (place, object) in &rows.rows {
                    prop_assert_eq!(rows.place(&object.key), Some(*place));
                    prop_assert!(*place < rows.matching());
                }
            }
        }
    }
}
