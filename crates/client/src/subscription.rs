//! A copy of a key or a list that follows the server's.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use json_patch::Patch;
use monoxide_protocol::{Message, Range, Replica, Version, Watched};
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
    what: Watched,
    /// Whether a later connection goes on from what is here.
    resumes: bool,
    link: Link,
    replica: Replica,
}

impl Subscription {
    pub(crate) fn new(client: &Client, what: Watched) -> Self {
        let path = what.to_string();
        Self { what, resumes: true, link: link(client, &path), replica: Replica::default() }
    }

    /// A copy of a part of a list. The server keeps nothing of what it told of it.
    pub(crate) fn of_part(client: &Client, range: &Range) -> Self {
        let (what, path) = (range.glob.clone().into(), format!("_window?{range}"));
        Self { what, resumes: false, link: link(client, &path), replica: Replica::default() }
    }

    /// What is watched, or is a part of.
    #[must_use]
    pub fn what(&self) -> &Watched {
        &self.what
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

fn link(client: &Client, path: &str) -> Link {
    let policy =
        Policy { backoff: client.backoff(), silence: SILENCE, is_talkative: platform::HEARS_PINGS };
    Link::new(client, path, policy)
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
