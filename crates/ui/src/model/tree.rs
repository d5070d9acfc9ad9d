//! A JSON value as the rows of a folding tree.

use std::collections::HashMap;

use serde_json::Value;

use crate::model::{Flash, Flashes, Pointer};

/// How deep a tree is open until someone folds it.
const OPEN_DEPTH: usize = 2;

/// How many members or elements are shown before one asks for more.
const PAGE: usize = 100;

/// How many rows a tree may have before nothing more opens by itself.
const MANY: usize = 1_000;

/// How many characters of a string are shown.
const LONG: usize = 2_000;

/// What a reader has folded and unfolded in one tree.
///
/// It names places, not rows, so it outlives any change of the value.
#[derive(Debug, Clone, Default)]
pub struct Folds {
    /// How deep the tree opens by itself, when someone chose.
    depth: Option<usize>,
    chosen: HashMap<Pointer, bool>,
    shown: HashMap<Pointer, usize>,
}

impl Folds {
    /// Everything unfolded, or everything folded.
    #[must_use]
    pub fn all(open: bool) -> Self {
        Self { depth: Some(if open { usize::MAX } else { 0 }), ..Self::default() }
    }

    /// Folds or unfolds `place`.
    pub fn set(&mut self, place: Pointer, open: bool) {
        self.chosen.insert(place, open);
    }

    /// Whether what is in `place` shows, when there are so many rows above.
    fn is_open(&self, place: &Pointer, depth: usize, above: usize) -> bool {
        let by_itself = || depth < self.depth.unwrap_or(OPEN_DEPTH) && above < MANY;
        self.chosen.get(place).copied().unwrap_or_else(by_itself)
    }

    /// Shows one page more of a long object or array.
    pub fn show_more(&mut self, place: Pointer) {
        *self.shown.entry(place).or_insert(PAGE) += PAGE;
    }

    fn shown(&self, place: &Pointer) -> usize {
        self.shown.get(place).copied().unwrap_or(PAGE)
    }
}

/// What stands before a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Label {
    /// Nothing: it is the whole document.
    None,
    /// Its name in an object.
    Member(String),
    /// Its position in an array.
    Element(usize),
}

/// What a row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number, with the digits it was written with.
    Number,
    /// A string, in quotes.
    Text,
    /// An object.
    Object,
    /// An array.
    Array,
    /// Not a value: the rest of a long object or array, for who asks.
    More,
}

impl Kind {
    /// Its class in the style sheet.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Number => "number",
            Self::Text => "text",
            Self::Object | Self::Array => "branch",
            Self::More => "more",
        }
    }
}

/// Whether there is more to see in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// There is nothing in it.
    Leaf,
    /// Its members or elements do not show.
    Closed,
    /// Its members or elements are the rows that follow.
    Open,
}

/// One line of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Which value this is. No two rows of a tree have the same.
    pub place: Pointer,
    /// How far in it stands; rows at the edge have 1.
    pub depth: usize,
    /// Its name or position.
    pub label: Label,
    /// What it is.
    pub kind: Kind,
    /// What it says: the value, or how much is in it.
    pub text: String,
    /// Whether there is more in it.
    pub fold: Fold,
    /// Whether it changed lately; when folded, also whether something in it did.
    pub flash: Flash,
}

/// The rows of `value` that show.
///
/// ```
/// # use monoxide_ui::model::{Flashes, Folds, rows};
/// use serde_json::json;
///
/// let value = json!({"title": "Dune", "tags": ["desert"]});
/// let texts = |folds: &Folds| {
///     let rows = rows(&value, folds, &Flashes::default());
///     rows.into_iter().map(|row| (row.depth, row.text)).collect::<Vec<_>>()
/// };
///
/// let mut folds = Folds::default();
/// assert_eq!(
///     texts(&folds),
///     [(1, "\"Dune\"".to_owned()), (1, "[1]".to_owned()), (2, "\"desert\"".to_owned())],
/// );
///
/// let tags = rows(&value, &folds, &Flashes::default())[1].place.clone();
/// folds.set(tags, false);
/// assert_eq!(texts(&folds), [(1, "\"Dune\"".to_owned()), (1, "[1]".to_owned())]);
/// ```
#[must_use]
pub fn rows(value: &Value, folds: &Folds, flashes: &Flashes) -> Vec<Row> {
    let mut tree = Tree { folds, flashes, rows: Vec::new() };
    match value {
        // The outermost braces say nothing, so the tree begins inside of them.
        Value::Object(_) | Value::Array(_) if !is_empty(value) => {
            tree.inside(value, &Pointer::root(), 1);
        }
        _ => tree.value(value, &Pointer::root(), Label::None, 1),
    }
    tree.rows
}

/// The first `limit` values of `value` as folded rows: what is in it, in one line.
#[must_use]
pub fn summary(value: &Value, flashes: &Flashes, limit: usize) -> Vec<Row> {
    let row = |value: &Value, place, label| row(value, place, label, 1, false, flashes);
    let root = Pointer::root();
    match value {
        Value::Object(members) if !members.is_empty() => {
            let member = |(name, value): (&String, &Value)| {
                row(value, root.member(name), Label::Member(name.clone()))
            };
            members.iter().take(limit).map(member).collect()
        }
        Value::Array(elements) if !elements.is_empty() => {
            let element =
                |(nth, value): (usize, &Value)| row(value, root.element(nth), Label::Element(nth));
            elements.iter().take(limit).enumerate().map(element).collect()
        }
        _ => vec![row(value, root, Label::None)],
    }
}

/// A tree on its way to become rows.
struct Tree<'a> {
    folds: &'a Folds,
    flashes: &'a Flashes,
    rows: Vec<Row>,
}

impl Tree<'_> {
    fn value(&mut self, value: &Value, place: &Pointer, label: Label, depth: usize) {
        let open = self.folds.is_open(place, depth, self.rows.len());
        let row = row(value, place.clone(), label, depth, open, self.flashes);
        let opens = row.fold == Fold::Open;
        self.rows.push(row);
        if opens {
            self.inside(value, place, depth + 1);
        }
    }

    /// The members or elements of `value`.
    fn inside(&mut self, value: &Value, place: &Pointer, depth: usize) {
        let shown = self.folds.shown(place);
        match value {
            Value::Object(members) => {
                for (name, value) in members.iter().take(shown) {
                    self.value(value, &place.member(name), Label::Member(name.clone()), depth);
                }
                self.more(members.len(), shown, place, depth);
            }
            Value::Array(elements) => {
                for (nth, value) in elements.iter().take(shown).enumerate() {
                    self.value(value, &place.element(nth), Label::Element(nth), depth);
                }
                self.more(elements.len(), shown, place, depth);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn more(&mut self, len: usize, shown: usize, place: &Pointer, depth: usize) {
        if len > shown {
            self.rows.push(Row {
                // No member's name begins with a bare `~`, so this is no other row's place.
                place: place.more(),
                depth,
                label: Label::None,
                kind: Kind::More,
                text: format!("{} more", len - shown),
                fold: Fold::Leaf,
                flash: Flash::Off,
            });
        }
    }
}

fn row(
    value: &Value,
    place: Pointer,
    label: Label,
    depth: usize,
    open: bool,
    flashes: &Flashes,
) -> Row {
    let fold = match open {
        _ if is_empty(value) => Fold::Leaf,
        true => Fold::Open,
        false => Fold::Closed,
    };
    let flash = if fold == Fold::Open { flashes.at(&place) } else { flashes.within(&place) };
    let (kind, text) = said(value);
    Row { place, depth, label, kind, text, fold, flash }
}

/// Whether there is nothing inside of `value`.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// What a value is, and the text that says it.
fn said(value: &Value) -> (Kind, String) {
    match value {
        Value::Null => (Kind::Null, "null".to_owned()),
        Value::Bool(is) => (Kind::Bool, is.to_string()),
        Value::Number(number) => (Kind::Number, number.to_string()),
        Value::String(text) => (Kind::Text, quoted(text)),
        Value::Array(elements) if elements.is_empty() => (Kind::Array, "[]".to_owned()),
        Value::Array(elements) => (Kind::Array, format!("[{}]", elements.len())),
        Value::Object(members) if members.is_empty() => (Kind::Object, "{}".to_owned()),
        Value::Object(members) => (Kind::Object, format!("{{{}}}", members.len())),
    }
}

/// The string as JSON, and how much was left out when it is very long.
fn quoted(text: &str) -> String {
    match text.char_indices().nth(LONG) {
        None => Value::from(text).to_string(),
        Some((end, _)) => {
            let (head, rest) = text.split_at(end);
            format!("{} … {} more characters", Value::from(head), rest.chars().count())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::changes;

    fn outline(value: &Value, folds: &Folds) -> Vec<String> {
        let rows = rows(value, folds, &Flashes::default());
        rows.iter().map(|row| format!("{} {}", row.place, row.text)).collect()
    }

    fn parse(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn numbers_keep_every_digit_they_were_written_with() {
        let value = parse("[1795216331200612975, 12345678901234567890123, 1.10, -0, 1.50e+3]");

        let rows = rows(&value, &Folds::default(), &Flashes::default());

        let texts: Vec<_> = rows.iter().map(|row| row.text.as_str()).collect();
        assert_eq!(
            texts,
            ["1795216331200612975", "12345678901234567890123", "1.10", "-0", "1.50e+3"]
        );
    }

    #[test]
    fn members_stand_in_the_order_they_were_written_in() {
        let value = parse(r#"{"b":1,"a":2}"#);
        assert_eq!(outline(&value, &Folds::default()), ["/b 1", "/a 2"]);
    }

    #[test]
    fn a_lone_value_is_one_row_without_a_label() {
        for text in ["null", "true", "7", "\"x\"", "[]", "{}"] {
            let rows = rows(&parse(text), &Folds::default(), &Flashes::default());
            assert_eq!(rows.len(), 1);
            assert_eq!((rows[0].text.as_str(), &rows[0].label), (text, &Label::None));
        }
    }

    #[test]
    fn strings_show_their_escapes_and_long_ones_say_how_long() {
        assert_eq!(said(&json!("a\"b\n")).1, r#""a\"b\n""#);

        let (_, text) = said(&json!("ä".repeat(LONG + 5)));
        assert!(text.ends_with("… 5 more characters"), "{text}");
    }

    #[test]
    fn deep_values_are_folded_until_someone_opens_them() {
        let value = json!({"a": {"b": {"c": {"d": 1}}}});
        let mut folds = Folds::default();
        assert_eq!(outline(&value, &folds), ["/a {1}", "/a/b {1}"]);

        folds.set(Pointer::root().member("a").member("b"), true);
        assert_eq!(outline(&value, &folds), ["/a {1}", "/a/b {1}", "/a/b/c {1}"]);
    }

    #[test]
    fn everything_can_be_folded_and_unfolded_at_once() {
        let value = json!({"a": {"b": {"c": 1}}});
        assert_eq!(outline(&value, &Folds::all(false)), ["/a {1}"]);
        assert_eq!(outline(&value, &Folds::all(true)), ["/a {1}", "/a/b {1}", "/a/b/c 1"]);
    }

    #[test]
    fn a_huge_value_does_not_open_all_by_itself() {
        let value = json!(vec![vec![0; PAGE]; PAGE]);
        assert!(outline(&value, &Folds::all(true)).len() < MANY + 2 * PAGE);

        let mut folds = Folds::default();
        folds.set(Pointer::root().element(PAGE - 1), true);
        assert!(outline(&value, &folds).contains(&format!("/{}/0 0", PAGE - 1)));
    }

    #[test]
    fn folds_survive_a_change_of_the_value() {
        let mut folds = Folds::default();
        folds.set(Pointer::root().member("a"), false);

        assert_eq!(outline(&json!({"a": {"b": 1}}), &folds), ["/a {1}"]);
        assert_eq!(outline(&json!({"a": 5}), &folds), ["/a 5"]);
        assert_eq!(outline(&json!({"z": 0, "a": {"b": 1, "c": 2}}), &folds), ["/z 0", "/a {2}"]);
    }

    #[test]
    fn a_long_array_shows_a_page_and_then_more_for_who_asks() {
        let value = json!((0..PAGE + 150).collect::<Vec<_>>());
        let mut folds = Folds::default();

        let first = outline(&value, &folds);
        assert_eq!(first.len(), PAGE + 1);
        assert_eq!(first.last().unwrap(), "/~ 150 more");

        folds.show_more(Pointer::root());
        assert_eq!(outline(&value, &folds).last().unwrap(), "/~ 50 more");
        folds.show_more(Pointer::root());
        assert_eq!(outline(&value, &folds).len(), PAGE + 150);
    }

    #[test]
    fn no_two_rows_have_the_same_place() {
        let value = parse(r#"{"~":1,"":{"":2,"/":3},"/":4,"a":[{"~1":5}],"a/0":6}"#);
        let mut folds = Folds::default();
        folds.set(Pointer::root().member("a").element(0), true);

        let rows = rows(&value, &folds, &Flashes::default());
        let places: std::collections::HashSet<_> = rows.iter().map(|row| &row.place).collect();
        assert_eq!(places.len(), rows.len());
    }

    #[test]
    fn a_change_flashes_on_its_row_and_on_the_fold_that_hides_it() {
        let (old, new) = (json!({"a": {"b": 1, "c": 2}}), json!({"a": {"b": 9, "c": 2}}));
        let mut flashes = Flashes::default();
        flashes.mark(changes(&old, &new));
        let flashing = |folds: &Folds| {
            let rows = rows(&new, folds, &flashes).into_iter();
            rows.filter(|row| row.flash != Flash::Off)
                .map(|row| row.place.to_string())
                .collect::<Vec<_>>()
        };

        let mut folds = Folds::default();
        assert_eq!(flashing(&folds), ["/a/b"]);
        folds.set(Pointer::root().member("a"), false);
        assert_eq!(flashing(&folds), ["/a"]);
    }

    #[test]
    fn a_summary_is_the_first_members_without_what_is_in_them() {
        let value = json!({"a": 1, "b": {"c": 2}, "d": 3});
        let rows = summary(&value, &Flashes::default(), 2);
        let texts: Vec<_> = rows.iter().map(|row| row.text.as_str()).collect();
        assert_eq!(texts, ["1", "{1}"]);
    }
}
