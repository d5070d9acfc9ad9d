//! Tables as text (RFC 4180), from objects and back.
//!
//! A cell holds a text as it is, and any other value as JSON. A text that could be taken for JSON,
//! such as `412`, is written as JSON too, in its double quotes, so that it comes back as a text. An
//! empty cell is no value at all.

use std::collections::HashSet;

use monoxide_protocol::{Json, Object};
use serde_json::{Map, Value};

/// The columns that are about an object and not in it.
const ABOUT: [&str; 3] = ["path", "created", "updated"];

/// Before the name of a member stands this, so that a member may be called as it likes.
const MEMBER: &str = "data.";

/// The column of data that has no members.
const WHOLE: &str = "data";

/// Writes objects as a table: a line each, and a column for each member that one of them has.
///
/// ```
/// # use monoxide_ui::model::table;
/// # use monoxide_protocol::Object;
/// let text = r#"{"created":7,"updated":0,"path":"books/dune","data":{"title":"Dune","pages":412}}"#;
/// let dune: Object = serde_json::from_str(text)?;
/// assert_eq!(
///     table(&[dune]),
///     "path,created,updated,data.title,data.pages\r\nbooks/dune,7,0,Dune,412\r\n",
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub fn table(objects: &[Object]) -> String {
    let data: Vec<_> = objects.iter().map(|object| shape(&object.data)).collect();
    let mut members: Vec<&str> = Vec::new();
    let mut known = HashSet::new();
    for name in data.iter().filter_map(|it| it.as_ref().ok()).flat_map(Map::keys) {
        if known.insert(name.as_str()) {
            members.push(name);
        }
    }
    let has_whole = data.iter().any(Result::is_err);
    let mut out = String::new();
    let names = members.iter().map(|name| format!("{MEMBER}{name}"));
    let about = ABOUT.into_iter().chain(has_whole.then_some(WHOLE)).map(str::to_owned);
    line(&mut out, about.chain(names));
    for (object, data) in objects.iter().zip(&data) {
        let about =
            [object.key.to_string(), object.created.to_string(), object.updated.to_string()];
        let whole = data.as_ref().err().map(|it| (*it).to_owned()).unwrap_or_default();
        let cells = members.iter().map(|name| {
            let value = data.as_ref().ok().and_then(|data| data.get(*name));
            value.map(cell).unwrap_or_default()
        });
        line(&mut out, about.into_iter().chain(has_whole.then_some(whole)).chain(cells));
    }
    out
}

/// The members of data that a table can hold; else its text.
fn shape(data: &Json) -> Result<Map<String, Value>, &str> {
    match data.to_exact_value() {
        Some(Value::Object(members)) if !members.is_empty() => Ok(members),
        _ => Err(data.as_str()),
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether a text is read back as that text.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('"') && serde_json::from_str::<Value>(text).is_err()
}

fn line(out: &mut String, cells: impl Iterator<Item = String>) {
    for (nth, cell) in cells.enumerate() {
        if nth > 0 {
            out.push(',');
        }
        // Blanks at an edge are lost in many programs, if they are not quoted.
        if cell.contains([',', '"', '\r', '\n']) || cell.trim() != cell {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&cell);
        }
    }
    out.push_str("\r\n");
}

/// A line of a table, and on which line of the text it begins, from 1.
pub(super) type Cells = (usize, Vec<String>);

/// Reads a table: its cells, line by line. Lines without anything are left out.
///
/// # Errors
///
/// The line on which a quote is opened that is never closed.
pub(super) fn cells(text: &str) -> Result<Vec<Cells>, usize> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let separator = separator(text);
    let mut lines = Vec::new();
    let (mut number, mut begun) = (1, 1);
    let mut cells: Vec<String> = Vec::new();
    let mut cell = String::new();
    let mut opened = None;
    let mut was_quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\n' {
            number += 1;
        }
        match c {
            '"' if opened.is_some() => {
                if chars.next_if_eq(&'"').is_some() {
                    cell.push('"');
                } else {
                    opened = None;
                }
            }
            _ if opened.is_some() => cell.push(c),
            '"' if cell.is_empty() => (opened, was_quoted) = (Some(number), true),
            _ if c == separator => {
                cells.push(std::mem::take(&mut cell));
                was_quoted = false;
            }
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => {
                cells.push(std::mem::take(&mut cell));
                let cells = std::mem::take(&mut cells);
                if was_quoted || cells.len() > 1 || cells.iter().any(|it| !it.is_empty()) {
                    lines.push((begun, cells));
                }
                (begun, was_quoted) = (number, false);
            }
            _ => cell.push(c),
        }
    }
    if let Some(line) = opened {
        return Err(line);
    }
    if !(cells.is_empty() && cell.is_empty() && !was_quoted) {
        cells.push(cell);
        lines.push((begun, cells));
    }
    Ok(lines)
}

/// What stands between cells: some programs write semicolons or tabs.
fn separator(text: &str) -> char {
    let head = text.lines().next().unwrap_or_default();
    let count = |wanted: char| head.chars().filter(|&it| it == wanted).count();
    [',', ';', '\t'].into_iter().rev().max_by_key(|&it| count(it)).unwrap_or(',')
}

/// What the columns of a table are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns(Vec<Column>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    Key,
    Whole,
    Member(String),
    /// It does not matter.
    Ignored,
}

impl Columns {
    /// Reads the names of the columns. Where none is called as those of [`table`] are, each
    /// is a member, but for `path` and `key`.
    #[must_use]
    pub(super) fn read(names: &[String]) -> Self {
        let is_ours = names.iter().any(|name| name == WHOLE || name.starts_with(MEMBER));
        let column = |name: &String| match name.trim() {
            "path" | "key" => Column::Key,
            WHOLE if is_ours => Column::Whole,
            name if is_ours => match name.strip_prefix(MEMBER) {
                Some(member) => Column::Member(member.to_owned()),
                None => Column::Ignored,
            },
            "" => Column::Ignored,
            name => Column::Member(name.to_owned()),
        };
        Self(names.iter().map(column).collect())
    }

    /// The key, if there is one, and the data of a line.
    #[must_use]
    pub(super) fn object(&self, cells: &[String]) -> (Option<String>, String) {
        let mut key = None;
        let mut whole = None;
        let mut members = Map::new();
        for (column, cell) in self.0.iter().zip(cells) {
            match column {
                Column::Key if !cell.is_empty() => key = Some(cell.trim().to_owned()),
                Column::Whole if !cell.is_empty() => whole = Some(cell.clone()),
                Column::Member(name) if !cell.is_empty() => {
                    let value = serde_json::from_str(cell).unwrap_or_else(|_| cell.as_str().into());
                    members.insert(name.clone(), value);
                }
                Column::Key | Column::Whole | Column::Member(_) | Column::Ignored => {}
            }
        }
        (key, whole.unwrap_or_else(|| Value::Object(members).to_string()))
    }
}

#[cfg(test)]
mod tests {
    use monoxide_protocol::{Key, Version};
    use proptest::prelude::*;

    use super::*;

    fn object(name: &str, data: &str) -> Object {
        Object {
            key: Key::parse(name).unwrap(),
            created: 1,
            updated: 0,
            version: Version::default(),
            data: Json::parse(data.as_bytes()).unwrap(),
        }
    }

    fn again(objects: &[Object]) -> Vec<(Option<String>, Json)> {
        let lines = cells(&table(objects)).unwrap();
        let columns = Columns::read(&lines[0].1);
        let read = |(_, cells): &Cells| {
            let (key, data) = columns.object(cells);
            (key, Json::parse(data.as_bytes()).unwrap())
        };
        lines[1..].iter().map(read).collect()
    }

    #[test]
    fn a_text_that_looks_like_a_number_stays_a_text() {
        let data =
            r#"{"a":"412","b":412,"c":"","d":null,"e":"null","f":"\"x\"","g":1.10,"h":" x"}"#;
        let book = object("books/dune", data);
        assert_eq!(
            again(std::slice::from_ref(&book)),
            [(Some("books/dune".to_owned()), book.data)]
        );
    }

    #[test]
    fn data_without_members_has_a_column_of_its_own() {
        let objects = [
            object("a/1", "42"),
            object("a/2", r#"{"x":1}"#),
            object("a/3", "{}"),
            object("a/4", "\"q\""),
        ];
        let read = again(&objects);
        for (object, (_, data)) in objects.iter().zip(read) {
            assert_eq!(object.data, data);
        }
    }

    #[test]
    fn a_table_of_another_program_is_read_too() {
        let lines =
            cells("\u{feff}title;pages;note\r\n\"Dune; I\";412;\"two\nlines\"\r\n\r\nEmma;;\n")
                .unwrap();
        assert_eq!(lines.iter().map(|it| it.0).collect::<Vec<_>>(), [1, 2, 5]);
        let columns = Columns::read(&lines[0].1);
        let data = r#"{"title":"Dune; I","pages":412,"note":"two\nlines"}"#;
        assert_eq!(columns.object(&lines[1].1), (None, data.to_owned()));
        assert_eq!(columns.object(&lines[2].1), (None, r#"{"title":"Emma"}"#.to_owned()));
    }

    #[test]
    fn a_quote_that_is_never_closed_is_told_with_its_line() {
        assert_eq!(cells("a,b\n1,\"2\n3,4\n"), Err(2));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            rows in prop::collection::vec(prop::collection::vec("[a\",;\r\n é]{0,4}", 2..3), 1..5)
        ) {
            let mut text = String::new();
            line(&mut text, ["a", "b"].map(str::to_owned).into_iter());
            for row in &rows {
                line(&mut text, row.iter().cloned());
            }
            let read = cells(&text).unwrap();
            let read: Vec<_> = read.into_iter().skip(1).map(|it| it.1).collect();
            prop_assert_eq!(read, rows);
        }

        #[test]
        fn objects_come_back_as_they_were(texts in prop::collection::vec(any::<String>(), 1..6)) {
            let members = texts.iter().enumerate().map(|(nth, it)| (format!("m{nth}"), it.as_str().into()));
            let data = Value::Object(members.collect()).to_string();
            let book = object("a/b", &data);
            prop_assert_eq!(again(std::slice::from_ref(&book)), vec![(Some("a/b".to_owned()), book.data)]);
        }
    }
}
