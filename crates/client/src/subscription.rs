//! A copy of a key or a list that follows the server's.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use json_patch::Patch;
use monoxide_protocol::{Message, Range, Replica, Version};
use serde_json::Value;

use crate::{
    Client, State,
    link::{Link, News},
    machine::Policy,
    platform,
};

/// The server pings every 60 s, so after two and a half times that the connection is dead.
const SILENCE: Duration = Duration::from_secs(150);

/// What a subscription has to tell.
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    /// The [state](Subscription::state) changed.
    State(State),
    /// The [document](Subscription::document) changed.
    Change(Change),
}

/// How a document changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It is new, or anything about it may be different.
    Snapshot {
        /// Which state of the server it is.
        version: Version,
    },
    /// It was patched, and this is the patch, already applied.
    Patch {
        /// Which state of the server the patch led to.
        version: Version,
        /// The operations, as RFC 6902 has them.
        patch: Patch,
    },
}

/// A copy of a key or a list that follows the server's. Dropping it closes its socket at once.
///
/// It works while it is polled, so keep asking for the [`next`](Self::next) update. A program
/// that does not ask for a while is not sent everything it missed, but what is there now.
/// The document stays readable while the connection is down.
///
/// A connection may die without a word. A native program notices because the server's pings stop.
/// A browser shows no pings: there it is noticed when the network comes back, when somebody looks
/// at the page again, and when a [`Clock`](crate::Clock) of the same client has found the server
/// again. So a page that must not be wrong for long has a clock.
///
/// ```no_run
/// # use monoxide_client::{Change, Client, State, Update};
/// # use monoxide_protocol::Glob;
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::new("http://127.0.0.1:8800")?;
/// let mut dune = client.subscribe(Glob::parse("books/dune")?);
/// while let Some(update) = dune.next().await {
///     match update {
///         Update::State(State::Stale(trouble)) => println!("may be old: {trouble}"),
///         Update::State(state) => println!("{state}"),
///         Update::Change(Change::Snapshot { .. }) => println!("{:?}", dune.document()),
///         Update::Change(Change::Patch { patch, .. }) => println!("changed: {patch}"),
///     }
/// }
/// println!("the end: {}", dune.state());
/// # Ok(())
/// # }
/// ```
pub struct Subscription {
    what: String,
    /// Whether a later connection goes on from what is here.
    resumes: bool,
    link: Link,
    replica: Replica,
    messages: Option<Messages>,
}

/// The messages that came and were not taken yet, as they came.
#[derive(Debug)]
struct Messages {
    texts: VecDeque<String>,
    bytes: usize,
    missed: u64,
    max_count: usize,
    max_bytes: usize,
}

impl Messages {
    fn keep(&mut self, text: String) {
        self.bytes += text.len();
        self.texts.push_back(text);
        while self.texts.len() > self.max_count
            || (self.bytes > self.max_bytes && self.texts.len() > 1)
        {
            let oldest = self.texts.pop_front();
            self.bytes -= oldest.map_or(0, |text| text.len());
            self.missed += 1;
        }
    }
}

impl Subscription {
    /// A copy of the document at this path of the server.
    pub(crate) fn new(client: &Client, what: String) -> Self {
        let policy = Policy {
            backoff: client.backoff(),
            silence: SILENCE,
            is_talkative: platform::HEARS_PINGS,
        };
        let link = Link::new(client, &what, policy);
        Self { what, resumes: true, link, replica: Replica::default(), messages: None }
    }

    /// A copy of a part of a list. The server keeps nothing of what it told of it.
    pub(crate) fn of_part(client: &Client, range: &Range) -> Self {
        Self { resumes: false, ..Self::new(client, format!("_window?{range}")) }
    }

    /// What is watched: the address on the server, without the slash before it.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Keeps the messages that come as they are, until they are [taken](Self::take_messages): the
    /// last `count` of them, of `bytes` together, and the very last whatever its size. Without this
    /// none is kept.
    #[must_use]
    pub fn keeping_messages(mut self, count: usize, bytes: usize) -> Self {
        let (texts, max_count, max_bytes) = (VecDeque::new(), count.max(1), bytes);
        self.messages = Some(Messages { texts, bytes: 0, missed: 0, max_count, max_bytes });
        self
    }

    /// The messages that came since the last time and fitted, the oldest first, and how many came
    /// before them that there was no room for.
    pub fn take_messages(&mut self) -> (u64, Vec<String>) {
        let Some(messages) = &mut self.messages else { return (0, Vec::new()) };
        messages.bytes = 0;
        (mem::take(&mut messages.missed), messages.texts.drain(..).collect())
    }

    /// The document as last told; `None` before the first snapshot.
    #[must_use]
    pub fn document(&self) -> Option<&Value> {
        self.replica.document()
    }

    /// Which state of the server the document is; `None` before the first snapshot.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.replica.version()
    }

    /// How the connection is doing.
    #[must_use]
    pub fn state(&self) -> &State {
        self.link.state()
    }

    /// Goes on after the server [wanted to know who asks](crate::Reason::NeedsAuth) and has been
    /// told, from what is here. In every other state it changes nothing.
    pub fn resume(&mut self) {
        self.link.resume();
    }

    /// Waits for the next update; `None` when the state is [closed](State::Closed), and only then.
    ///
    /// Nothing is lost when the future is dropped before it is done, as in a `select!`.
    pub async fn next(&mut self) -> Option<Update> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Brings the document up to a message.
    fn apply(&mut self, text: &str) -> Result<Change, String> {
        let message = Message::decode(text).map_err(|error| error.to_string())?;
        let change = match &message {
            Message::Snapshot { version, .. } => Change::Snapshot { version: *version },
            Message::Patch { version, patch } => {
                Change::Patch { version: *version, patch: patch.clone() }
            }
        };
        self.replica.apply(message).map_err(|gap| gap.to_string())?;
        Ok(change)
    }
}

impl Stream for Subscription {
    type Item = Update;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Update>> {
        loop {
            let text = match ready!(self.link.poll(cx)) {
                None => return Poll::Ready(None),
                Some(News::State(state)) => return Poll::Ready(Some(Update::State(state))),
                Some(News::Frame(text)) => text,
            };
            match self.apply(&text) {
                Ok(change) => {
                    if let Some(messages) = &mut self.messages {
                        messages.keep(text);
                    }
                    let version = self.version().filter(|_| self.resumes);
                    self.link.fits(version);
                    return Poll::Ready(Some(Update::Change(change)));
                }
                Err(why) => self.link.misfit(why),
            }
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("what", &self.what)
            .field("state", self.state())
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}
