//! What differs between two documents, and what flashes because of it.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::model::Pointer;

/// The places that a reader of `new` should look at because they are not as they were in `old`:
/// values that changed or were added, and objects and arrays that lost something.
///
/// An array is compared from both ends, so what was only moved by an insertion is not named.
///
/// ```
/// # use monoxide_ui::model::changes;
/// use serde_json::json;
///
/// let changed = changes(&json!({"a": 1, "b": {"c": 2}}), &json!({"a": 1, "b": {"c": 3}}));
/// assert_eq!(changed.iter().map(|place| place.as_str()).collect::<Vec<_>>(), ["/b/c"]);
/// ```
#[must_use]
pub fn changes(old: &Value, new: &Value) -> Vec<Pointer> {
    let mut changed = Vec::new();
    compare(old, new, &Pointer::root(), &mut changed);
    changed
}

fn compare(old: &Value, new: &Value, at: &Pointer, changed: &mut Vec<Pointer>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => compare_members(old, new, at, changed),
        (Value::Array(old), Value::Array(new)) => compare_elements(old, new, at, changed),
        _ if old == new => {}
        _ => changed.push(at.clone()),
    }
}

fn compare_members(
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    at: &Pointer,
    changed: &mut Vec<Pointer>,
) {
    for (name, value) in new {
        match old.get(name) {
            Some(before) => compare(before, value, &at.member(name), changed),
            None => changed.push(at.member(name)),
        }
    }
    if old.keys().any(|name| !new.contains_key(name)) {
        changed.push(at.clone());
    }
}

fn compare_elements(old: &[Value], new: &[Value], at: &Pointer, changed: &mut Vec<Pointer>) {
    let head = common(old.iter(), new.iter());
    let (old, new) = (old.get(head..).unwrap_or_default(), new.get(head..).unwrap_or_default());
    let tail = common(old.iter().rev(), new.iter().rev());
    let (old_len, new_len) = (old.len() - tail, new.len() - tail);
    for (nth, value) in new.iter().take(new_len).enumerate() {
        let at = at.element(head + nth);
        match old.get(nth).filter(|_| nth < old_len) {
            Some(before) => compare(before, value, &at, changed),
            None => changed.push(at),
        }
    }
    if old_len > new_len {
        changed.push(at.clone());
    }
}

/// How many values are the same from the start on.
fn common<'a>(old: impl Iterator<Item = &'a Value>, new: impl Iterator<Item = &'a Value>) -> usize {
    old.zip(new).take_while(|(old, new)| old == new).count()
}

/// Whether a value should draw the eye now.
///
/// The two beats look the same. A value that changes again goes from one to the other, and so
/// its animation starts again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flash {
    /// It has not changed lately.
    #[default]
    Off,
    /// It changed.
    Tick,
    /// It changed again.
    Tock,
}

impl Flash {
    /// The next beat.
    #[must_use]
    pub fn again(self) -> Self {
        match self {
            Self::Off | Self::Tock => Self::Tick,
            Self::Tick => Self::Tock,
        }
    }

    /// Its class in the style sheet.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Off => "",
            Self::Tick => "flash flash-tick",
            Self::Tock => "flash flash-tock",
        }
    }
}

/// Which places of one document flash now.
///
/// ```
/// # use monoxide_ui::model::{Flash, Flashes, Pointer};
/// let tag = Pointer::root().member("tags").element(0);
/// let mut flashes = Flashes::default();
/// let batch = flashes.mark(vec![tag.clone()]);
/// assert_eq!(flashes.at(&tag), Flash::Tick);
/// assert_eq!(flashes.within(&Pointer::root()), Flash::Tick, "for when it is folded");
///
/// flashes.clear(batch);
/// assert_eq!(flashes.at(&tag), Flash::Off);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Flashes {
    here: Marks,
    below: Marks,
    last: u64,
}

/// The changes that were marked together, and fade together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch(u64);

impl Flashes {
    /// Lets `places` flash from now on.
    pub fn mark(&mut self, places: Vec<Pointer>) -> Batch {
        self.last += 1;
        let batch = Batch(self.last);
        let mut around = HashSet::new();
        for place in places {
            let mut next = Some(place.clone());
            // What is around a place that was seen already was seen with it.
            while let Some(outer) = next.filter(|outer| !around.contains(outer)) {
                next = outer.parent();
                around.insert(outer);
            }
            self.here.mark(place, batch);
        }
        for place in around {
            self.below.mark(place, batch);
        }
        batch
    }

    /// Ends the flashes of `batch`, except where something changed again since.
    pub fn clear(&mut self, batch: Batch) {
        self.here.clear(batch);
        self.below.clear(batch);
    }

    /// Whether this very place flashes.
    #[must_use]
    pub fn at(&self, place: &Pointer) -> Flash {
        self.here.at(place)
    }

    /// Whether this place or something in it flashes.
    #[must_use]
    pub fn within(&self, place: &Pointer) -> Flash {
        self.below.at(place)
    }

    /// Whether nothing flashes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.here.0.is_empty()
    }
}

#[derive(Debug, Clone, Default)]
struct Marks(HashMap<Pointer, (Flash, Batch)>);

impl Marks {
    fn mark(&mut self, place: Pointer, batch: Batch) {
        let beat = self.at(&place).again();
        self.0.insert(place, (beat, batch));
    }

    fn clear(&mut self, batch: Batch) {
        self.0.retain(|_, (_, marked)| *marked != batch);
    }

    fn at(&self, place: &Pointer) -> Flash {
        self.0.get(place).map_or(Flash::Off, |&(flash, _)| flash)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(old: &str, new: &str, expected: &[&str]) {
        let [old, new] = [old, new].map(|text| serde_json::from_str(text).unwrap());
        let found = changes(&old, &new);
        assert_eq!(found.iter().map(Pointer::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn only_the_value_that_changed_is_named() {
        check(r#"{"a":1,"b":[1,{"c":2}]}"#, r#"{"a":1,"b":[1,{"c":3}]}"#, &["/b/1/c"]);
    }

    #[test]
    fn an_equal_document_names_nothing_whatever_the_order_of_its_members() {
        check(r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, &[]);
    }

    #[test]
    fn numbers_are_compared_as_they_are_written() {
        check(r#"{"a":1.1,"b":1}"#, r#"{"a":1.10,"b":1}"#, &["/a"]);
        check("12345678901234567890", "12345678901234567891", &[""]);
    }

    #[test]
    fn a_new_member_is_named_and_not_what_is_in_it() {
        check("{}", r#"{"a":{"b":{"c":1}}}"#, &["/a"]);
    }

    #[test]
    fn what_lost_a_member_is_named_itself() {
        check(r#"{"a":{"b":1,"c":2}}"#, r#"{"a":{"b":1}}"#, &["/a"]);
        check(r#"{"a":[1,2,3]}"#, r#"{"a":[1,3]}"#, &["/a"]);
    }

    #[test]
    fn an_insertion_into_an_array_names_the_new_element_alone() {
        check("[1,2,3]", "[0,1,2,3]", &["/0"]);
        check("[1,2,3]", "[1,2,9,3]", &["/2"]);
        check("[1,2,3]", "[1,2,3,4]", &["/3"]);
        check("[1,1]", "[1,1,1]", &["/2"]);
    }

    #[test]
    fn another_kind_of_value_is_one_change() {
        check(r#"{"a":{"b":1}}"#, r#"{"a":[1]}"#, &["/a"]);
    }

    #[test]
    fn a_value_that_changes_again_starts_its_flash_again() {
        let (a, b) = (Pointer::root().member("a"), Pointer::root().member("b"));
        let mut flashes = Flashes::default();

        let first = flashes.mark(vec![a.clone()]);
        let before = flashes.at(&a);
        flashes.mark(vec![b.clone()]);
        assert_eq!(flashes.at(&a), before, "a change elsewhere leaves it alone");

        flashes.mark(vec![a.clone()]);
        assert_ne!(flashes.at(&a), before);
        assert_ne!(flashes.at(&a), Flash::Off);

        flashes.clear(first);
        assert_ne!(flashes.at(&a), Flash::Off, "the older change does not end the newer flash");
    }

    #[test]
    fn folded_parts_flash_once_for_all_that_changed_in_them() {
        let changed = changes(&json!({"a": {"b": 1, "c": 2}}), &json!({"a": {"b": 3, "c": 4}}));
        let mut flashes = Flashes::default();
        flashes.mark(changed);

        let a = Pointer::root().member("a");
        assert_eq!(flashes.within(&a), Flash::Tick);
        assert_eq!(flashes.at(&a), Flash::Off);
    }
}
