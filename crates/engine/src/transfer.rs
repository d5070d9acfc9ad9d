//! Objects as text that other programs read and write: JSON Lines and JSON.
//!
//! ```text
//! {"key":"books/dune","created":1,"updated":0,"version":"1","data":{"pages":412}}
//! ```
//!
//! One object a line, or all of them in an array; or just the data of each. What is read in may
//! leave out all but `key` and `data`; `version` is never taken over, because what is imported is
//! written now.

use std::{
    borrow::Cow,
    fmt,
    io::{self, Write},
    str::FromStr,
};

use monoxide_protocol::{Json, JsonError, Key, KeyError, Object, Target, Version};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::Error;

/// How objects are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// All in one array, and not one a line.
    pub format: Format,
    /// The data only.
    pub is_plain: bool,
}

/// How several objects stand in a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// JSON Lines: one a line.
    #[default]
    Lines,
    /// JSON: an array.
    Array,
}

impl Format {
    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lines => "jsonl",
            Self::Array => "json",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = [Self::Lines, Self::Array].into_iter().find(|format| format.name() == text);
        known.ok_or_else(|| format!("`{text}` is not jsonl or json"))
    }
}

/// One object that is to be written.
#[derive(Debug, Clone)]
pub struct Import {
    /// The line it stood in, for what is said about it.
    pub line: usize,
    /// Its key, or the list in which it gets one.
    pub target: Target,
    /// What is written.
    pub data: Json,
    /// When it was made, in nanoseconds since the Unix epoch. As any write when that is not said:
    /// when it was, if it is there, and now otherwise.
    pub created: Option<u64>,
    /// When it was last changed; zero if never. As any write when that is not said.
    pub updated: Option<u64>,
}

/// What an import has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// How many objects were not there before.
    pub created: usize,
    /// How many were.
    pub changed: usize,
    /// How many went, because a limit allows no more.
    pub evicted: usize,
    /// The commit; none when there was nothing to do or nothing was to be done.
    pub version: Option<Version>,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub struct ImportError {
    /// Where it went wrong; `None` when that was in no line.
    pub line: Option<usize>,
    /// What went wrong.
    #[source]
    pub refusal: ImportRefusal,
}

/// What is wrong with an import.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportRefusal {
    /// It is not one object.
    #[error("{0}")]
    Syntax(String),
    /// Its key is none.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Its data cannot be stored.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The key was there before, in that line.
    #[error("`{0}` stands in line {1} already")]
    Twice(Key, usize),
    /// The engine does not take it.
    #[error(transparent)]
    Engine(#[from] Error),
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.refusal),
            None => self.refusal.fmt(f),
        }
    }
}

impl ImportError {
    pub(crate) fn at(line: usize, refusal: ImportRefusal) -> Self {
        Self { line: Some(line), refusal }
    }
}

impl From<Error> for ImportError {
    fn from(error: Error) -> Self {
        Self { line: None, refusal: error.into() }
    }
}

/// Writes objects down, one after the other.
#[derive(Debug)]
pub struct Exporter<W> {
    out: W,
    style: Style,
    count: u64,
    text: String,
}

impl<W: Write> Exporter<W> {
    /// Begins.
    pub fn new(out: W, style: Style) -> Self {
        Self { out, style, count: 0, text: String::new() }
    }

    /// Adds an object.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn put(&mut self, object: &Object) -> io::Result<()> {
        self.text.clear();
        match (self.style.format, self.count) {
            (Format::Lines, _) => {}
            (Format::Array, 0) => self.text.push_str("[\n"),
            (Format::Array, _) => self.text.push_str(",\n"),
        }
        if self.style.is_plain {
            self.text.push_str(object.data.as_str());
        } else {
            let Object { key, created, updated, version, data } = object;
            // A key has no character that JSON would escape.
            self.text.push_str(&format!(
                r#"{{"key":"{key}","created":{created},"updated":{updated},"version":"{version}","data":"#
            ));
            self.text.push_str(data.as_str());
            self.text.push('}');
        }
        if self.style.format == Format::Lines {
            self.text.push('\n');
        }
        self.count += 1;
        self.out.write_all(self.text.as_bytes())
    }

    /// Ends, and says how many there were.
    ///
    /// # Errors
    ///
    /// When the end cannot be written.
    pub fn finish(mut self) -> io::Result<u64> {
        match (self.style.format, self.count) {
            (Format::Lines, _) => {}
            (Format::Array, 0) => self.out.write_all(b"[]\n")?,
            (Format::Array, _) => self.out.write_all(b"\n]\n")?,
        }
        self.out.flush()?;
        Ok(self.count)
    }
}

/// Reads what is to be imported. Plain data has no key, and goes to `into`.
///
/// # Errors
///
/// [`ImportError`], which names the line, when something in it cannot be imported.
pub fn parse(text: &[u8], style: Style, into: Option<&Target>) -> Result<Vec<Import>, ImportError> {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let text = str::from_utf8(text).map_err(|error| {
        let before = text.get(..error.valid_up_to()).unwrap_or_default();
        ImportError::at(line_after(before), ImportRefusal::Syntax("it is not UTF-8".to_owned()))
    })?;
    let parts: Vec<(usize, &str)> = match style.format {
        Format::Lines => {
            let lines = text.lines().enumerate().map(|(nth, line)| (nth + 1, line));
            lines.filter(|(_, line)| !line.trim().is_empty()).collect()
        }
        Format::Array => elements(text)?,
    };
    parts.into_iter().map(|(line, part)| import(line, part, style, into)).collect()
}

/// The elements of an array, each with the line it begins in.
fn elements(text: &str) -> Result<Vec<(usize, &str)>, ImportError> {
    let elements: Vec<&RawValue> = serde_json::from_str(text)
        .map_err(|error| ImportError::at(error.line().max(1), syntax(&error)))?;
    let (mut line, mut seen) = (1, 0);
    let place = |element: &&RawValue| element.get().as_ptr().addr() - text.as_ptr().addr();
    let found = elements.iter().map(|element| {
        let place = place(element);
        let between = text.as_bytes().get(seen..place).unwrap_or_default();
        line += between.iter().filter(|byte| **byte == b'\n').count();
        seen = place;
        (line, element.get())
    });
    Ok(found.collect())
}

fn import(
    line: usize,
    text: &str,
    style: Style,
    into: Option<&Target>,
) -> Result<Import, ImportError> {
    let read = || {
        if style.is_plain {
            let target = into.cloned().ok_or_else(|| {
                ImportRefusal::Syntax("plain data has no key: say where it belongs".to_owned())
            })?;
            let data = Json::parse(text.as_bytes())?;
            return Ok(Import { line, target, data, created: None, updated: None });
        }
        let item: Item<'_> = serde_json::from_str(text).map_err(|error| syntax(&error))?;
        let target = Target::Object(Key::parse(&item.key)?);
        let data = Json::parse(item.data.get().as_bytes())?;
        let (created, updated) = (item.created, item.updated);
        Ok(Import { line, target, data, created, updated })
    };
    read().map_err(|refusal| ImportError::at(line, refusal))
}

/// An object as it is exported.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    created: Option<u64>,
    updated: Option<u64>,
    #[serde(rename = "version")]
    _version: Option<String>,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// What serde says, without the place, which is that of a part of the text.
fn syntax(error: &serde_json::Error) -> ImportRefusal {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    ImportRefusal::Syntax(what.to_owned())
}

fn line_after(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count() + 1
}
