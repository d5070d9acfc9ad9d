//! Objects and lists over HTTP: read, set, pushed, patched and deleted.
//!
//! Each of these is a [`Request`] to [ask](crate::Client::ask) the server. What a write is answered
//! names the version that it made; a [`Condition`] on a version makes a later write fail
//! ([`AskError::is_conflict`]) when somebody else was first.
//!
//! ```no_run
//! use monoxide_client::{Client, data::{self, Condition}};
//! use monoxide_protocol::{Json, Key};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new("http://127.0.0.1:8800")?;
//! let dune = Key::parse("books/dune")?;
//! let was = client.ask(&data::read(&dune)).await?;
//! let now = Json::parse(br#"{"title": "Dune"}"#)?;
//! match client.ask(&data::set(&dune, &now, Condition::Version(was.version))).await {
//!     Err(error) if error.is_conflict() => println!("somebody else was first"),
//!     written => println!("it is version {} now", written?.version),
//! }
//! # Ok(())
//! # }
//! ```

use monoxide_protocol::{Glob, Json, Key, List, Object, Range, Version};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::accounts::{Answer, AskError, Request};

/// What has to be stored under a key for a write to be done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Condition {
    /// Whatever is, or nothing.
    #[default]
    Always,
    /// Something.
    Exists,
    /// Nothing.
    Missing,
    /// What this version wrote.
    Version(Version),
}

/// How a change is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Patch {
    /// RFC 7396: members that replace those of the same name; `null` removes.
    Merge(Json),
    /// RFC 6902: operations, one after the other.
    Operations(Json),
}

/// That something was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The last segment of its key.
    pub index: String,
    /// The version that it has now.
    pub version: Version,
}

impl Written {
    /// The key of what was pushed to `list`.
    #[must_use]
    pub fn key_in(&self, list: &List) -> Option<Key> {
        let parent = list.glob().as_str().strip_suffix('*')?;
        Key::parse(&format!("{parent}{}", self.index)).ok()
    }
}

/// Reads an object, with its version; [missing](AskError::is_missing) when there is none.
#[must_use]
pub fn read(key: &Key) -> Request<Object> {
    Request::reading("GET", key.to_string(), |answer| {
        let object: Object = parsed(answer)?;
        Ok(Object { version: version(answer)?, ..object })
    })
}

/// Reads all objects of a list, in its order. Their versions are not told.
#[must_use]
pub fn list(glob: &Glob) -> Request<Vec<Object>> {
    Request::reading("GET", glob.to_string(), parsed)
}

/// Some objects of a list, as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// In how many objects of the list the words stand.
    pub matching: usize,
    /// The objects. There may be fewer than were asked for, when they are large.
    pub objects: Vec<Object>,
}

/// Reads a part of a list, with data to the last digit: what shows it is better served with a
/// [page](crate::range::page).
#[must_use]
pub fn part(range: &Range) -> Request<Part> {
    Request::reading("GET", format!("?api=range&{range}"), |answer| {
        let Told { matching, items } = parsed(answer)?;
        let object = |Item { key, created, updated, version, data }| Object {
            key,
            created,
            updated,
            version,
            data,
        };
        Ok(Part { matching, objects: items.into_iter().map(object).collect() })
    })
}

#[derive(Deserialize)]
struct Told {
    matching: usize,
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    key: Key,
    created: u64,
    updated: u64,
    version: Version,
    data: Json,
}

/// Writes an object, new or over what was there; a [conflict](AskError::is_conflict) when
/// `condition` does not hold.
#[must_use]
pub fn set(key: &Key, data: &Json, condition: Condition) -> Request<Written> {
    let request = Request::reading("POST", key.to_string(), written);
    condition.of(request).body(data.as_str().to_owned())
}

/// Adds an object to a list, under a key that the server chooses.
#[must_use]
pub fn push(list: &List, data: &Json) -> Request<Written> {
    let request = Request::reading("POST", list.glob().to_string(), written);
    request.body(data.as_str().to_owned())
}

/// Changes part of an object; [missing](AskError::is_missing) when there is none, a
/// [conflict](AskError::is_conflict) when `condition` does not hold.
#[must_use]
pub fn patch(key: &Key, patch: &Patch, condition: Condition) -> Request<Written> {
    let (kind, body) = match patch {
        Patch::Merge(body) => ("application/merge-patch+json", body),
        Patch::Operations(body) => ("application/json-patch+json", body),
    };
    let request = Request::reading("PATCH", key.to_string(), written);
    condition.of(request).header("Content-Type", kind.to_owned()).body(body.as_str().to_owned())
}

/// Deletes an object; [missing](AskError::is_missing) when there is none, a
/// [conflict](AskError::is_conflict) when `condition` does not hold.
#[must_use]
pub fn delete(key: &Key, condition: Condition) -> Request<()> {
    condition.of(Request::reading("DELETE", key.to_string(), done))
}

/// Deletes all objects that `glob` names, in one commit.
#[must_use]
pub fn delete_all(glob: &Glob) -> Request<()> {
    Request::reading("DELETE", glob.to_string(), done)
}

/// What the filters of the server say, as it tells it; for administrators.
#[must_use]
pub fn filters() -> Request<Value> {
    Request::reading("GET", "?api=filters".to_owned(), Answer::json)
}

impl Condition {
    fn of<T>(self, request: Request<T>) -> Request<T> {
        match self {
            Self::Always => request,
            Self::Exists => request.header("If-Match", "*".to_owned()),
            Self::Missing => request.header("If-None-Match", "*".to_owned()),
            Self::Version(version) => request.header("If-Match", format!("\"{version}\"")),
        }
    }
}

/// Reads the text itself, so that data stays as it was written.
fn parsed<T: DeserializeOwned>(answer: &Answer) -> Result<T, AskError> {
    if !(200..=299).contains(&answer.status) {
        return Err(answer.refusal());
    }
    serde_json::from_str(&answer.body).map_err(|error| AskError::Odd(error.to_string()))
}

fn written(answer: &Answer) -> Result<Written, AskError> {
    let json = answer.json()?;
    let index = json.get("index").and_then(Value::as_str);
    let index = index.ok_or_else(|| AskError::Odd("it names nothing".to_owned()))?;
    Ok(Written { index: index.to_owned(), version: version(answer)? })
}

fn done(answer: &Answer) -> Result<(), AskError> {
    answer.json().map(|_| ())
}

/// The version that the head of an answer names.
fn version(answer: &Answer) -> Result<Version, AskError> {
    let version = answer.version.as_deref().and_then(|it| it.parse().ok());
    version.ok_or_else(|| AskError::Odd("it names no version".to_owned()))
}
