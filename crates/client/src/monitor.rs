//! How the server is, and who is connected. It is for administrators.
//!
//! ```no_run
//! use monoxide_client::{Client, Update, monitor};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut watched = Client::new("http://127.0.0.1:8800")?.monitor();
//! while let Some(update) = watched.next().await {
//!     if let (Update::Change(_), Some(document)) = (update, watched.document()) {
//!         println!("{} bytes of memory", monitor::read(document)?.now.memory);
//!     }
//! }
//! # Ok(())
//! # }
//! ```

use std::fmt;

use monoxide_protocol::{ConnectionUse, Monitor, TopicUse};
use serde::Deserialize;
use serde_json::Value;

use crate::accounts::{Answer, AskError, Request};

/// Reads the document of a [monitor](crate::Client::monitor).
///
/// # Errors
///
/// When it is of another version of the server that says something else.
pub fn read(document: &Value) -> Result<Monitor, serde_json::Error> {
    Monitor::deserialize(document.get("data").unwrap_or(&Value::Null))
}

/// Which part of many is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// By what they are sorted, by the name that it has on the wire, such as `bytesPerSecond`.
    pub sort: String,
    /// Whether the smallest comes first.
    pub is_ascending: bool,
    /// Only those in which this stands; all if it is empty.
    pub find: String,
    /// The page, from 1 on.
    pub page: usize,
    /// How many are on a page, 500 at most.
    pub limit: usize,
}

/// A part of many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part<T> {
    /// How many there are, also on other pages.
    pub total: usize,
    /// Those on this page.
    pub rows: Vec<T>,
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sort, is_ascending, find, page, limit } = self;
        let order = if *is_ascending { "asc" } else { "desc" };
        write!(f, "sort={sort}&order={order}&page={page}&limit={limit}&find=")?;
        for byte in find.bytes() {
            if byte.is_ascii_alphanumeric() {
                write!(f, "{}", char::from(byte))?;
            } else {
                write!(f, "%{byte:02X}")?;
            }
        }
        Ok(())
    }
}

/// Those sockets that are asked for.
#[must_use]
pub fn connections(query: &Query) -> Request<Part<ConnectionUse>> {
    Request::reading("GET", format!("?api=connections&{query}"), |answer| {
        #[derive(Deserialize)]
        struct Page {
            total: usize,
            connections: Vec<ConnectionUse>,
        }
        let Page { total, connections } = parsed(answer)?;
        Ok(Part { total, rows: connections })
    })
}

/// Those that are watched, of what is asked for.
#[must_use]
pub fn topics(query: &Query) -> Request<Part<(String, TopicUse)>> {
    #[derive(Deserialize)]
    struct Page {
        total: usize,
        topics: Vec<Named>,
    }
    #[derive(Deserialize)]
    struct Named {
        key: String,
        #[serde(flatten)]
        used: TopicUse,
    }
    Request::reading("GET", format!("?api=topics&{query}"), |answer| {
        let Page { total, topics } = parsed(answer)?;
        Ok(Part { total, rows: topics.into_iter().map(|it| (it.key, it.used)).collect() })
    })
}

/// Closes a connection; [missing](AskError::is_missing) when it is gone already. Its client is told
/// that an administrator did it, and may come back.
#[must_use]
pub fn close_connection(id: u64) -> Request<()> {
    Request::reading("DELETE", format!("?api=connections&id={id}"), |answer| {
        answer.json().map(|_| ())
    })
}

fn parsed<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T, AskError> {
    // By way of a value: what is flattened keeps no number as it is written.
    T::deserialize(answer.json()?).map_err(|error| AskError::Odd(error.to_string()))
}
