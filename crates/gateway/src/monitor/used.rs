//! How connections and topics are used, and which of them most.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use monoxide_engine::TopicState;
use monoxide_protocol::{ConnectionUse, Top, TopicUse};
use tokio::time::Instant;

use crate::{admin::Parameters, connections::Connection, door::Door};

/// How many of each are in the document.
const TOP: usize = 50;

/// What each connection and topic was sent in the last second.
#[derive(Debug, Default)]
pub(crate) struct Flows {
    connections: HashMap<u64, Flow>,
    topics: HashMap<String, Flow>,
}

/// What was sent until some time, and how much of it in a second.
#[derive(Debug, Clone, Copy, Default)]
struct Flow {
    messages: u64,
    bytes: u64,
    messages_per_second: u64,
    bytes_per_second: u64,
}

impl Flow {
    /// What it is now, `span` after this; a new one has none yet.
    fn next(before: Option<&Self>, messages: u64, bytes: u64, span: Duration) -> Self {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = |now: u64, before: Option<u64>| {
            before.map_or(0, |before| now.saturating_sub(before).saturating_mul(1000) / millis)
        };
        Self {
            messages,
            bytes,
            messages_per_second: rate(messages, before.map(|it| it.messages)),
            bytes_per_second: rate(bytes, before.map(|it| it.bytes)),
        }
    }
}

/// What was seen the last time.
#[derive(Default)]
pub(super) struct Used {
    at: Option<Instant>,
    connections: HashMap<u64, Flow>,
    topics: HashMap<String, Flow>,
}

/// What is watched and who watches, the busiest of them, and what all were sent.
type Looked = (Top<String, TopicUse>, Top<u64, ConnectionUse>, Flows);

impl Used {
    /// Looks at all of them.
    pub(super) fn look(&mut self, door: &Door, topics: Vec<TopicState>, now: Instant) -> Looked {
        // What was seen long ago says nothing about the last second.
        let span = self.at.map(|at| now - at).filter(|span| *span < Duration::from_secs(5));
        if span.is_none() {
            (self.connections, self.topics) = Default::default();
        }
        let span = span.unwrap_or_default();
        self.at = Some(now);
        let topics = topic_uses(topics);
        let flow = |(name, it): (&String, &TopicUse)| {
            let before = self.topics.get(name);
            (name.clone(), Flow::next(before, it.messages, it.bytes, span))
        };
        self.topics = topics.iter().map(flow).collect();
        let connections = door.running.guests.connections().all();
        let flow = |it: &Arc<Connection>| {
            let before = self.connections.get(&it.id);
            (it.id, Flow::next(before, it.messages(), it.bytes(), span))
        };
        self.connections = connections.iter().map(flow).collect();
        let flows = Flows { connections: self.connections.clone(), topics: self.topics.clone() };
        (top_topics(topics, &flows), top_connections(connections, &flows), flows)
    }
}

impl Flows {
    fn of(&self, id: u64) -> Flow {
        self.connections.get(&id).copied().unwrap_or_default()
    }

    /// Says of a topic what it was sent in the last second.
    pub(crate) fn tell(&self, name: &str, topic: &mut TopicUse) {
        let flow = self.topics.get(name).copied().unwrap_or_default();
        topic.messages_per_second = flow.messages_per_second;
        topic.bytes_per_second = flow.bytes_per_second;
    }
}

fn top_topics(topics: BTreeMap<String, TopicUse>, flows: &Flows) -> Top<String, TopicUse> {
    let total = topics.len();
    let mut topics: Vec<_> = topics.into_iter().collect();
    topics.iter_mut().for_each(|(name, topic)| flows.tell(name, topic));
    let rank = |(name, topic): &(String, TopicUse)| {
        (Reverse((topic.bytes_per_second, topic.subscribers)), name.clone())
    };
    if total > TOP {
        topics.sort_by_cached_key(rank);
        topics.truncate(TOP);
    }
    Top { total, top: topics.into_iter().collect() }
}

fn top_connections(
    mut connections: Vec<Arc<Connection>>,
    flows: &Flows,
) -> Top<u64, ConnectionUse> {
    let total = connections.len();
    if total > TOP {
        connections.sort_unstable_by_key(|it| Reverse((flows.of(it.id).bytes_per_second, it.id)));
        connections.truncate(TOP);
    }
    let top = connections.iter().map(|it| (it.id, connection(it, flows))).collect();
    Top { total, top }
}

/// How each key, list or document is used, all views of it together. What nobody watches any more
/// is left out.
pub(crate) fn topic_uses(topics: Vec<TopicState>) -> BTreeMap<String, TopicUse> {
    let mut uses = BTreeMap::<String, (u64, TopicUse)>::new();
    for topic in topics.into_iter().filter(|topic| topic.subscribers > 0) {
        let (version, it) = uses.entry(topic.watched.to_string()).or_default();
        *version = topic.version.number().max(*version);
        it.version = monoxide_protocol::Version::new(*version).to_string();
        it.subscribers += topic.subscribers;
        it.window_messages = it.window_messages.max(topic.window_messages);
        it.window_bytes += topic.window_bytes;
        it.skips += topic.skips;
        it.messages += topic.messages;
        it.bytes += topic.bytes;
    }
    uses.into_iter().map(|(name, (_, it))| (name, it)).collect()
}

/// How a connection goes.
pub(crate) fn connection(connection: &Connection, flows: &Flows) -> ConnectionUse {
    let backlog = connection.backlog();
    let flow = flows.of(connection.id);
    ConnectionUse {
        id: connection.id,
        address: connection.guest.address.to_string(),
        watches: connection.watches(),
        account: connection.identity.name().map(str::to_owned),
        since: connection.since,
        messages: connection.messages(),
        bytes: connection.bytes(),
        behind: backlog.map_or(0, |backlog| backlog.behind()),
        skips: backlog.map_or(0, |backlog| backlog.skips()),
        messages_per_second: flow.messages_per_second,
        bytes_per_second: flow.bytes_per_second,
    }
}

/// Which of many are asked for, and in what order.
pub(crate) struct Query<'a> {
    pub(crate) sort: Option<&'a str>,
    pub(crate) is_ascending: bool,
    /// In lower case.
    pub(crate) find: String,
}

impl<'a> Query<'a> {
    pub(crate) fn of(parameters: &'a Parameters) -> Self {
        Self {
            sort: parameters.get("sort").filter(|sort| !sort.is_empty()),
            is_ascending: parameters.get("order") == Some("asc"),
            find: parameters.get("find").unwrap_or_default().to_lowercase(),
        }
    }

    /// Whether it asks for more than the newest.
    pub(crate) fn is_plain(&self) -> bool {
        self.sort.is_none() && self.find.is_empty()
    }

    /// Puts them in the order that is asked for; one that does not exist is as if it were not
    /// asked for.
    pub(crate) fn order<T>(&self, rows: &mut [T], key: impl Fn(&T, &str) -> Option<Rank>) {
        let Some(sort) = self.sort else { return };
        // Equal ones stay as they are.
        if self.is_ascending {
            rows.sort_by_cached_key(|row| key(row, sort));
        } else {
            rows.sort_by_cached_key(|row| Reverse(key(row, sort)));
        }
    }
}

/// What things are ordered by.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Number(u64),
    Text(String),
}
