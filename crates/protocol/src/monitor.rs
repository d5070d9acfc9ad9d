//! What a server tells those who look after it about itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How long the [history](Monitor::history) reaches back: so many samples.
pub const SAMPLES: usize = 360;

/// How a server is and was: the data of its document `/_monitor`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Monitor {
    /// What it is and how it is set.
    pub server: ServerState,
    /// The last second or so.
    pub now: Sample,
    /// The last hour, a sample for each ten seconds or so, by the slot of a ring: what is oldest is
    /// replaced. The order is that of [`Sample::at`].
    pub history: BTreeMap<usize, Sample>,
    /// What is watched.
    pub topics: Top<String, TopicUse>,
    /// Who watches, by the number of the connection.
    pub connections: Top<u64, ConnectionUse>,
}

/// The busiest of many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Top<K: Ord, V> {
    /// How many there are.
    pub total: usize,
    /// Those of them that were sent most bytes in the last second.
    pub top: BTreeMap<K, V>,
}

impl<K: Ord, V> Default for Top<K, V> {
    fn default() -> Self {
        Self { total: 0, top: BTreeMap::new() }
    }
}

/// What a server is and how it is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerState {
    /// What it is called.
    pub name: String,
    /// The version of the program.
    pub version: String,
    /// Where it listens.
    pub address: String,
    /// When it was started, in seconds since the Unix epoch.
    pub started: u64,
    /// `ok`, `loading` or `failing`.
    pub health: String,
    /// Since when it is failing, in nanoseconds since the Unix epoch, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<Failing>,
    /// What keeps everything over a restart; absent when nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Storage>,
    /// The settings that are in effect, by name. There are no secrets among them.
    pub settings: BTreeMap<String, String>,
}

/// Since when and why nothing can be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// In nanoseconds since the Unix epoch.
    pub since: u64,
    /// In a few words.
    pub reason: String,
}

/// What keeps everything over a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Storage {
    /// What writes it, such as `redb`.
    pub backend: String,
    /// When a write is answered, such as `flushed`.
    pub durability: String,
    /// The folder.
    pub folder: String,
}

macro_rules! sample {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// What happened in some span of time, and what there was at its end. On the wire, what is
        /// zero is left out.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        pub struct Sample {
            $($(#[$doc])* #[serde(skip_serializing_if = "is_zero")] pub $name: u64,)*
        }

        impl Sample {
            /// The sample of which each member has what `number` gives for its name on the wire.
            #[must_use]
            pub fn of(number: &dyn Fn(&str) -> u64) -> Self {
                Self { $($name: number(stringify!($name)),)* }
            }
        }
    };
}

sample! {
    /// Its end, in seconds since the Unix epoch.
    at,
    /// How long it was, in milliseconds.
    span,
    /// Requests that read one object.
    reads,
    /// Requests that read a list.
    lists,
    /// Requests that write or delete.
    writes,
    /// Requests for the page and its files, sockets, and what the server says about itself.
    others,
    /// Requests that were answered with a status from 400 to 499.
    refused,
    /// Requests that were answered with a status from 500 on.
    failed,
    /// Messages that were sent over sockets.
    messages,
    /// The bytes of these.
    bytes,
    /// Half of all reads, lists and writes were handled in so many microseconds or less.
    p50,
    /// And 95 in 100 of them.
    p95,
    /// And 99 in 100 of them.
    p99,
    /// How many connections there were at its end.
    connections,
    /// How many of these were sockets.
    sockets,
    /// How many bytes of memory the server took.
    memory,
    /// How many objects were stored.
    objects,
    /// How many bytes its folder took.
    disk,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Sample {
    /// Requests of every kind.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.reads + self.lists + self.writes + self.others
    }
}

/// How one key, list or document is used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TopicUse {
    /// How many watch it.
    pub subscribers: usize,
    /// The version of its last message; empty before there is one.
    pub version: String,
    /// How many messages are kept for those who are behind or come back.
    pub window_messages: usize,
    /// How many bytes these are.
    pub window_bytes: usize,
    /// How often a subscriber fell out of these and went on with a snapshot.
    pub skips: u64,
    /// How many messages there were, each counted once, however many were told.
    pub messages: u64,
    /// How many bytes these were.
    pub bytes: u64,
    /// Messages in a second.
    pub messages_per_second: u64,
    /// Their bytes in a second.
    pub bytes_per_second: u64,
}

/// How one socket goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionUse {
    /// The number of the connection.
    pub id: u64,
    /// From where it comes.
    pub address: String,
    /// What it watches.
    pub watches: String,
    /// Who it is, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// When it was opened, in nanoseconds since the Unix epoch.
    pub since: u64,
    /// How many messages it was sent.
    pub messages: u64,
    /// How many bytes these were.
    pub bytes: u64,
    /// How many changes there were that it was not told of yet.
    pub behind: u64,
    /// How often it fell out of the window and went on with a snapshot.
    pub skips: u64,
    /// Messages in a second; none while nobody watches `/_monitor`.
    #[serde(default)]
    pub messages_per_second: u64,
    /// Their bytes in a second.
    #[serde(default)]
    pub bytes_per_second: u64,
}
