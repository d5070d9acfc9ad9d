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

use std::{collections::BTreeMap, fmt};

use monoxide_protocol::{
    ConnectionUse, Failing, Monitor, Sample, ServerState, Storage, Top, TopicUse,
};
use serde_json::Value;

use crate::accounts::{Answer, AskError, Request};

/// Reads the document of a [monitor](crate::Client::monitor). What a server of another version does not
/// say is empty or zero.
///
/// It is read by hand: what is derived for these types made the page that shows them a third larger.
///
/// # Errors
///
/// When it is not such a document at all.
pub fn read(document: &Value) -> Result<Monitor, NoMonitor> {
    let data = document.get("data").ok_or(NoMonitor)?;
    let [server, now, history] = ["server", "now", "history"].map(|name| data.get(name));
    let samples = history.and_then(Value::as_object).ok_or(NoMonitor)?.iter();
    Ok(Monitor {
        server: server_state(server.ok_or(NoMonitor)?),
        now: sample(now.ok_or(NoMonitor)?),
        history: samples.filter_map(|(slot, it)| Some((slot.parse().ok()?, sample(it)))).collect(),
        topics: top(data, "topics", |key, it| Some((key.to_owned(), topic(it)))),
        connections: top(data, "connections", |id, it| Some((id.parse().ok()?, connection(it)))),
    })
}

/// It is not the document of a monitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not the document of a monitor")]
pub struct NoMonitor;

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or_default()
}

fn count(value: &Value, name: &str) -> usize {
    usize::try_from(number(value, name)).unwrap_or(usize::MAX)
}

fn sample(value: &Value) -> Sample {
    Sample::of(&|name| number(value, name))
}

fn server_state(value: &Value) -> ServerState {
    let settings = value.get("settings").and_then(Value::as_object).into_iter().flatten();
    let said = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    ServerState {
        name: text(value, "name"),
        version: text(value, "version"),
        address: text(value, "address"),
        started: number(value, "started"),
        health: text(value, "health"),
        failing: value
            .get("failing")
            .map(|it| Failing { since: number(it, "since"), reason: text(it, "reason") }),
        storage: value.get("storage").map(|it| Storage {
            backend: text(it, "backend"),
            durability: text(it, "durability"),
            folder: text(it, "folder"),
        }),
        settings: settings.map(|(name, value)| (name.clone(), said(value))).collect(),
    }
}

fn topic(value: &Value) -> TopicUse {
    TopicUse {
        subscribers: count(value, "subscribers"),
        version: text(value, "version"),
        window_messages: count(value, "windowMessages"),
        window_bytes: count(value, "windowBytes"),
        skips: number(value, "skips"),
        messages: number(value, "messages"),
        bytes: number(value, "bytes"),
        messages_per_second: number(value, "messagesPerSecond"),
        bytes_per_second: number(value, "bytesPerSecond"),
    }
}

fn connection(value: &Value) -> ConnectionUse {
    ConnectionUse {
        id: number(value, "id"),
        address: text(value, "address"),
        watches: text(value, "watches"),
        account: value.get("account").and_then(Value::as_str).map(str::to_owned),
        since: number(value, "since"),
        messages: number(value, "messages"),
        bytes: number(value, "bytes"),
        behind: number(value, "behind"),
        skips: number(value, "skips"),
        messages_per_second: number(value, "messagesPerSecond"),
        bytes_per_second: number(value, "bytesPerSecond"),
    }
}

fn top<K: Ord, V>(
    data: &Value,
    name: &str,
    entry: fn(&str, &Value) -> Option<(K, V)>,
) -> Top<K, V> {
    let Some(all) = data.get(name) else { return Top::default() };
    let entries = all.get("top").and_then(Value::as_object).into_iter().flatten();
    let top: BTreeMap<_, _> = entries.filter_map(|(key, it)| entry(key, it)).collect();
    Top { total: count(all, "total"), top }
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
    let read = |answer: &Answer| part(&answer.json()?, "connections", connection);
    Request::reading("GET", format!("?api=connections&{query}"), read)
}

/// Those that are watched, of what is asked for.
#[must_use]
pub fn topics(query: &Query) -> Request<Part<(String, TopicUse)>> {
    let read = |answer: &Answer| part(&answer.json()?, "topics", |it| (text(it, "key"), topic(it)));
    Request::reading("GET", format!("?api=topics&{query}"), read)
}

fn part<T>(page: &Value, name: &str, row: fn(&Value) -> T) -> Result<Part<T>, AskError> {
    let rows = page.get(name).and_then(Value::as_array);
    let rows = rows.ok_or_else(|| AskError::Odd(format!("there are no {name}")))?;
    Ok(Part { total: count(page, "total"), rows: rows.iter().map(row).collect() })
}

/// Closes a connection; [missing](AskError::is_missing) when it is gone already. Its client is told
/// that an administrator did it, and may come back.
#[must_use]
pub fn close_connection(id: u64) -> Request<()> {
    Request::reading("DELETE", format!("?api=connections&id={id}"), |answer| {
        answer.json().map(|_| ())
    })
}
