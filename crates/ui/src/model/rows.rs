//! Objects out of a file, and into one.

use monoxide_protocol::{Glob, Json, Key, List, Object, Target};
use serde_json::{Value, value::RawValue};

use crate::model::{
    check,
    csv::{Columns, cells, table},
};

/// How objects are written into a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// One array of objects.
    #[default]
    Json,
    /// An object a line.
    Lines,
    /// A table.
    Csv,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Json, Self::Lines, Self::Csv];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Lines => "JSON Lines",
            Self::Csv => "CSV",
        }
    }

    /// How the names of such files end, and what they are.
    #[must_use]
    pub fn kind(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("json", "application/json"),
            Self::Lines => ("jsonl", "application/jsonl"),
            Self::Csv => ("csv", "text/csv"),
        }
    }

    /// What `text` seems to be.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let trimmed = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
        let is_one = || serde_json::from_str::<&RawValue>(trimmed).is_ok();
        let mut lines = trimmed.lines().filter(|line| !line.trim().is_empty());
        let first = lines.next().unwrap_or_default();
        let first_is_json = serde_json::from_str::<&RawValue>(first).is_ok();
        match trimmed.chars().next() {
            Some('{') if lines.next().is_some() && first_is_json && !is_one() => Self::Lines,
            Some('{' | '[') => Self::Json,
            Some(_) if first_is_json && (lines.next().is_some() || is_one()) => Self::Lines,
            _ => Self::Csv,
        }
    }
}

/// Writes objects down.
#[must_use]
pub fn written(objects: &[Object], format: Format) -> String {
    let objects_json = objects.iter().map(Object::to_json);
    match format {
        Format::Json => {
            let lines: Vec<_> = objects_json.collect();
            if lines.is_empty() {
                "[]\n".to_owned()
            } else {
                format!("[\n{}\n]\n", lines.join(",\n"))
            }
        }
        Format::Lines => objects_json.map(|line| line + "\n").collect(),
        Format::Csv => table(objects),
    }
}

/// An object that may be written, or why it may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The line of the text on which it stands, from 1; its number where that is not known.
    pub line: usize,
    /// The key that it names.
    pub key: Option<Key>,
    /// Its data.
    pub data: Result<Json, String>,
    /// How the text has it, as far as that is short.
    pub text: String,
}

/// How much of a candidate is shown.
const SHOWN: usize = 160;

impl Candidate {
    fn new(line: usize, key: Option<&str>, data: &str, list: &Glob) -> Self {
        let mut candidate = Self { line, key: None, data: Err(String::new()), text: short(data) };
        candidate.data = Json::parse(data.as_bytes()).map_err(|error| match check(data) {
            Err(mistake) => format!("column {}: {}", mistake.column, mistake.what),
            Ok(()) => error.to_string(),
        });
        match key.map(|key| placed(key, list)) {
            None => {}
            Some(Ok(key)) => candidate.key = Some(key),
            Some(Err(why)) => candidate.data = Err(why),
        }
        candidate
    }

    fn wrong(line: usize, text: &str, why: impl Into<String>) -> Self {
        Self { line, key: None, data: Err(why.into()), text: short(text) }
    }
}

fn short(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

/// The key that a file names, if it can be one of the list: whole, or only its last segment.
fn placed(text: &str, list: &Glob) -> Result<Key, String> {
    let key = Key::parse(text).map_err(|error| error.to_string())?;
    if list.matches(&key) {
        return Ok(key);
    }
    let within = match Target::parse(list.as_str()) {
        Ok(Target::List(list)) => Key::parse(&list.glob().as_str().replace('*', key.as_str())).ok(),
        _ => None,
    };
    within.filter(|it| list.matches(it)).ok_or_else(|| format!("`{text}` is not in {list}"))
}

/// Reads what is to be written into `list`.
///
/// An element that has `path` and `data` is an object as the server tells it; any other is the data
/// itself, without a key.
#[must_use]
pub fn candidates(text: &str, format: Format, list: &Glob) -> Vec<Candidate> {
    match format {
        Format::Json => of_json(text, list),
        Format::Lines => {
            let text = text.strip_prefix('\u{feff}').unwrap_or(text);
            let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
            lines.map(|(nth, line)| of_element(nth + 1, line, list)).collect()
        }
        Format::Csv => of_table(text, list),
    }
}

fn of_json(text: &str, list: &Glob) -> Vec<Candidate> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Err(mistake) = check(text) {
        let why = format!("column {}: {}", mistake.column, mistake.what);
        let line = text.lines().nth(mistake.line - 1).unwrap_or_default();
        return vec![Candidate::wrong(mistake.line, line, why)];
    }
    let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(text) else {
        return vec![of_element(1, text, list)];
    };
    let (mut line, mut seen) = (1, 0);
    let candidates = elements.into_iter().map(|element| {
        // Elements are parts of the text, in its order.
        let at = (element.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        let between = text.as_bytes().get(seen..at).unwrap_or_default();
        line += between.iter().filter(|&&byte| byte == b'\n').count();
        seen = at;
        of_element(line, element.get(), list)
    });
    candidates.collect()
}

/// An element of an array, or a line.
fn of_element(line: usize, text: &str, list: &Glob) -> Candidate {
    #[derive(serde::Deserialize)]
    struct Told<'a> {
        path: String,
        #[serde(borrow)]
        data: &'a RawValue,
    }
    match serde_json::from_str::<Told<'_>>(text) {
        Ok(told) => Candidate::new(line, Some(&told.path), told.data.get(), list),
        Err(_) => Candidate::new(line, None, text, list),
    }
}

fn of_table(text: &str, list: &Glob) -> Vec<Candidate> {
    let lines = match cells(text) {
        Ok(lines) => lines,
        Err(line) => return vec![Candidate::wrong(line, "", "a quote is opened and never closed")],
    };
    let Some(((_, names), rest)) = lines.split_first() else { return Vec::new() };
    let columns = Columns::read(names);
    let read = |(line, cells): &(usize, Vec<String>)| {
        if cells.len() > names.len() {
            let why = format!("{} cells, but there are {} columns", cells.len(), names.len());
            return Candidate::wrong(*line, &cells.join(", "), why);
        }
        let (key, data) = columns.object(cells);
        Candidate::new(*line, key.as_deref(), &data, list)
    };
    rest.iter().map(read).collect()
}

/// The list that new objects of `glob` go to when each star but the last is one of `names`; `None`
/// while one of them is no name.
///
/// ```
/// # use monoxide_protocol::Glob;
/// # use monoxide_ui::model::pushable;
/// let posts = Glob::parse("users/*/posts/*")?;
/// let list = pushable(&posts, &["ann"]).unwrap();
/// assert_eq!(list.glob().as_str(), "users/ann/posts/*");
/// assert!(pushable(&posts, &["a b"]).is_none());
/// # Ok::<(), monoxide_protocol::KeyError>(())
/// ```
#[must_use]
pub fn pushable(glob: &Glob, names: &[&str]) -> Option<List> {
    let mut names = names.iter();
    let count = glob.segments().count();
    let segments = glob.segments().enumerate().map(|(nth, segment)| match segment {
        "*" if nth + 1 < count => names.next().copied().filter(|it| !it.contains(['/', '*'])),
        other => Some(other),
    });
    let text = segments.collect::<Option<Vec<_>>>()?.join("/");
    match Target::parse(&text).ok()? {
        Target::List(list) => Some(list),
        Target::Object(_) => None,
    }
}

/// What the stars of `glob` stand for, but the last when it ends the glob: the segment before each.
#[must_use]
pub fn stars(glob: &Glob) -> Vec<String> {
    let segments: Vec<_> = glob.segments().collect();
    let inner = segments.iter().enumerate().take(segments.len().saturating_sub(1));
    let inner = inner.filter(|(_, segment)| **segment == "*");
    inner
        .map(|(nth, _)| {
            let before = nth.checked_sub(1).and_then(|nth| segments.get(nth));
            before.filter(|it| **it != "*").map_or_else(|| "*".to_owned(), |it| format!("{it}/*"))
        })
        .collect()
}

/// The member of an object with which a text may be told apart, for one who looks for an example.
#[must_use]
pub fn example(schema: Option<&Value>) -> String {
    let members = schema.and_then(|it| it.get("properties")).and_then(Value::as_object);
    let Some(members) = members.filter(|it| !it.is_empty()) else { return "{\n  \n}".to_owned() };
    let lines: Vec<_> = members
        .iter()
        .map(|(name, it)| {
            let kind = match it.get("type") {
                Some(Value::Array(kinds)) => kinds.first(),
                other => other,
            };
            let value = match kind.and_then(Value::as_str) {
                Some("string") => "\"\"",
                Some("integer" | "number") => "0",
                Some("boolean") => "false",
                Some("array") => "[]",
                Some("object") => "{}",
                _ => "null",
            };
            format!("  {}: {value}", Value::from(name.as_str()))
        })
        .collect();
    format!("{{\n{}\n}}", lines.join(",\n"))
}

#[cfg(test)]
mod tests {
    use monoxide_protocol::Version;
    use proptest::prelude::*;

    use super::*;

    fn books() -> Glob {
        Glob::parse("books/*").unwrap()
    }

    fn object(name: &str, data: &str) -> Object {
        let key = Key::parse(name).unwrap();
        let data = Json::parse(data.as_bytes()).unwrap();
        Object { key, created: 3, updated: 0, version: Version::default(), data }
    }

    #[test]
    fn the_format_is_seen_in_the_text() {
        for (text, format) in [
            ("[{\"a\":1}]", Format::Json),
            ("{\n\"a\": 1\n}", Format::Json),
            ("{\"a\":1}", Format::Json),
            ("{\"a\":1}\n{\"a\":2}\n", Format::Lines),
            ("{\"a\":1}\n{\"a\":\n", Format::Lines),
            ("title,pages\nDune,412", Format::Csv),
            ("1\n2\n3", Format::Lines),
            ("", Format::Csv),
        ] {
            assert_eq!(Format::of(text), format, "{text}");
        }
    }

    #[test]
    fn a_wrong_line_is_told_with_its_number_and_does_not_spoil_the_others() {
        let read = candidates("{\"a\":1}\n\n{\"a\":}\n7\n", Format::Lines, &books());
        assert_eq!(read.iter().map(|it| it.line).collect::<Vec<_>>(), [1, 3, 4]);
        assert_eq!(read[1].data, Err("column 6: a value is missing before this".to_owned()));
        assert!(read[0].data.is_ok() && read[2].data.is_ok());
    }

    #[test]
    fn elements_of_an_array_have_the_lines_on_which_they_begin() {
        let text = "[\n  {\"path\": \"books/a\", \"data\": 1},\n  {\n    \"x\": 2\n  },\n  {\"path\": \"no/b\", \"data\": 3}\n]";
        let read = candidates(text, Format::Json, &books());
        assert_eq!(read.iter().map(|it| it.line).collect::<Vec<_>>(), [2, 3, 6]);
        assert_eq!(read[0].key.as_ref().map(Key::as_str), Some("books/a"));
        assert_eq!((&read[1].key, read[1].data.as_ref().unwrap().as_str()), (&None, r#"{"x":2}"#));
        assert_eq!(read[2].data, Err("`no/b` is not in books/*".to_owned()));
    }

    #[test]
    fn a_mistake_in_an_array_is_told_with_its_line() {
        let read = candidates("[\n1,\n2,\n]", Format::Json, &books());
        assert_eq!((read.len(), read[0].line), (1, 3));
    }

    #[test]
    fn a_key_may_be_only_the_name_in_the_list() {
        let read = candidates("key,title\ndune,Dune\na b,Emma\n", Format::Csv, &books());
        assert_eq!(read[0].key.as_ref().map(Key::as_str), Some("books/dune"));
        assert!(read[1].data.as_ref().unwrap_err().contains("which a key may not have"));
    }

    #[test]
    fn each_star_but_the_last_is_asked_for() {
        let deep = Glob::parse("a/*/*/b/*").unwrap();
        assert_eq!(stars(&deep), ["a/*", "*"]);
        assert_eq!(pushable(&deep, &["x", "y"]).unwrap().glob().as_str(), "a/x/y/b/*");
        assert!(pushable(&deep, &["x"]).is_none());
        assert!(pushable(&Glob::parse("*/dune").unwrap(), &["x"]).is_none(), "it ends in no star");
    }

    #[test]
    fn an_example_has_the_members_of_the_schema() {
        let schema = serde_json::json!({"properties": {
            "text": {"type": "string"}, "done": {"type": "boolean"}, "n": {"type": ["integer", "null"]}
        }});
        assert_eq!(
            example(Some(&schema)),
            "{\n  \"text\": \"\",\n  \"done\": false,\n  \"n\": 0\n}"
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_it_was(
            data in prop::collection::vec(
                prop_oneof![
                    any::<String>().prop_map(|it| Value::from(it).to_string()),
                    any::<(String, i64)>().prop_map(|(it, n)| serde_json::json!({"a": it, "b": [n]}).to_string()),
                    Just("1.10".to_owned()),
                    Just("{\"a\":1,\"a\":2}".to_owned()),
                ],
                0..5,
            )
        ) {
            let objects: Vec<_> =
                data.iter().enumerate().map(|(nth, it)| object(&format!("books/{nth}"), it)).collect();
            for format in Format::ALL {
                let text = written(&objects, format);
                let read = candidates(&text, format, &books());
                let read: Vec<_> = read.into_iter().map(|it| (it.key.unwrap(), it.data.unwrap())).collect();
                let was: Vec<_> = objects.iter().map(|it| (it.key.clone(), it.data.clone())).collect();
                prop_assert_eq!(read, was, "{}", text);
            }
        }
    }
}
