//! One subscriber's end: what it has not been sent yet is a position in the topic's window.

use std::{
    fmt,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use monoxide_protocol::{Version, Watched};

use super::{
    Hub,
    frame::{Hold, Overdue},
    listing::Listing,
    topic::{Progress, Topic},
    window::Found,
};
use crate::{
    filter::Caller,
    identity::Identity,
    sync::{Mutex, MutexGuard, watch},
};

/// What one subscriber has not been sent yet. Dropping it unsubscribes.
///
/// It costs a few words, however far behind it is: messages are kept once, by the topic. A
/// subscriber that falls out of the topic's window goes on with the newest snapshot.
pub struct Subscription {
    hub: Hub,
    caller: Caller,
    /// Somebody else is told from now on.
    has_moved: bool,
    topic: Arc<Topic>,
    backlog: Backlog,
    progress: watch::Receiver<Progress>,
    /// Of the last message, when it was a large one.
    hold: Option<Arc<Hold>>,
}

/// What the hub gives to whoever joins: the topic, how far it is, and where in it to begin.
#[derive(Debug)]
pub(super) struct Joined {
    topic: Arc<Topic>,
    progress: watch::Receiver<Progress>,
    position: u64,
}

impl Joined {
    pub(super) fn new(topic: Arc<Topic>, since: Option<Version>) -> Self {
        let position = since.and_then(|version| topic.after(version)).unwrap_or(SNAPSHOT_FIRST);
        let progress = topic.watch();
        Self { topic, progress, position }
    }
}

/// How far behind a subscriber is, for others than itself. Cloning it gives the same one.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use monoxide_engine::Engine;
/// # use monoxide_protocol::{Glob, Json, Key};
/// let engine = Engine::builder().start()?;
/// let mut books = engine.subscribe(Glob::parse("books/*")?, None).await?;
/// let backlog = books.backlog();
/// books.next().await;
///
/// engine.set(Key::parse("books/dune")?, Json::parse(b"412")?).await?;
/// engine.stats().await?;
/// assert_eq!((backlog.behind(), backlog.skips()), (1, 0));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Backlog(Arc<Reader>);

/// What a subscriber has read. Only the subscriber itself changes it.
struct Reader {
    watched: Watched,
    /// The subscriber has its own, so this is hardly ever locked.
    topic: Mutex<Arc<Topic>>,
    /// The number of the next message; [`SNAPSHOT_FIRST`] when a snapshot has to come before it.
    position: AtomicU64,
    skips: AtomicU64,
}

/// The position of one who needs a snapshot. There will never be as many messages.
const SNAPSHOT_FIRST: u64 = u64::MAX;

impl Subscription {
    pub(super) fn new(hub: Hub, caller: Caller, joined: Joined) -> Self {
        let Joined { topic, progress, position } = joined;
        let (position, skips) = (AtomicU64::new(position), AtomicU64::new(0));
        let watched = topic.watched().clone();
        let reader = Reader { watched, topic: Mutex::new(Arc::clone(&topic)), position, skips };
        let backlog = Backlog(Arc::new(reader));
        Self { hub, caller, has_moved: false, topic, backlog, progress, hold: None }
    }

    /// From now on it is somebody else who is told, or somebody with other roles: what was not
    /// read yet is not told any more, and the next message is a snapshot of what this one sees,
    /// if it is not the same.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use monoxide_engine::{Engine, Filters, Identity, Seen};
    /// # use monoxide_protocol::{Glob, Json, Key};
    /// let only_editors = Filters::new().read_list("books/*", |context, _| {
    ///     if context.identity.has_role("editor") { Seen::Whole } else { Seen::Hidden }
    /// });
    /// let engine = Engine::builder().filters(only_editors).start()?;
    /// engine.set(Key::parse("books/dune")?, Json::parse(b"412")?).await?;
    /// let ann = engine.session(Identity::account("ann", ["editor"]));
    /// let mut books = ann.subscribe(Glob::parse("books/*")?, None).await?;
    /// assert!(books.next().await.is_some_and(|message| message.ends_with(br#""data":412}]}"#)));
    ///
    /// books.change_identity(Identity::account("ann", [""; 0]));
    ///
    /// assert!(books.next().await.is_some_and(|message| message.ends_with(br#""data":[]}"#)));
    /// # Ok(()) }
    /// ```
    pub fn change_identity(&mut self, identity: Identity) {
        self.has_moved |= self.caller.identity != identity;
        self.caller.identity = identity;
    }

    /// Whether the topic is not the one to follow any more.
    fn is_elsewhere(&self) -> bool {
        self.has_moved || self.progress.borrow().retired
    }

    /// Goes on with the topic of what is seen now; `None` when the engine is closed.
    async fn move_on(&mut self) -> Option<()> {
        let joined = self.hub.join(self.backlog.0.watched.clone(), self.caller.clone(), None);
        let Joined { topic, progress, position } = joined.await.ok()?;
        self.has_moved = false;
        if !Arc::ptr_eq(&topic, &self.topic) {
            *self.backlog.0.topic() = Arc::clone(&topic);
            self.backlog.0.go_to(position);
            (self.topic, self.progress, self.hold) = (topic, progress, None);
        }
        Some(())
    }

    /// How far behind this is, now and later.
    #[must_use]
    pub fn backlog(&self) -> Backlog {
        self.backlog.clone()
    }

    /// Comes about when there is no time left to send the message that [`next`](Self::next) gave
    /// last. Then the subscription should be ended: what it needs is the newest snapshot.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use monoxide_engine::Engine;
    /// # use monoxide_protocol::Glob;
    /// # async fn send(message: bytes::Bytes) {}
    /// # let engine = Engine::builder().start()?;
    /// # let mut books = engine.subscribe(Glob::parse("books/*")?, None).await?;
    /// let message = books.next().await.ok_or("the engine is running")?;
    /// tokio::select! {
    ///     () = send(message) => {}
    ///     () = books.overdue() => drop(books),
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn overdue(&self) -> Overdue {
        Overdue::of(self.hold.as_ref())
    }

    /// The next message, shared by all who are told of it; `None` when the engine was closed and
    /// everything was read.
    ///
    /// It may be dropped while it waits, and then nothing is lost.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.is_elsewhere() {
                self.move_on().await?;
            }
            let position = self.backlog.0.position();
            if position == SNAPSHOT_FIRST {
                let snapshot = self.topic.snapshot().await;
                if self.is_elsewhere() || self.progress.borrow().paused {
                    continue;
                }
                self.backlog.0.go_to(snapshot.position);
                self.hold = snapshot.frame.hold();
                return Some(snapshot.frame.bytes);
            }
            let Progress { end, closed, retired, .. } = *self.progress.borrow_and_update();
            if retired {
                continue;
            }
            if position < end {
                match self.backlog.0.read(&self.topic, position, &mut self.hold) {
                    Some(message) => return Some(message),
                    None => continue,
                }
            }
            if closed {
                return None;
            }
            // The sender lives as long as the topic, which this subscription holds.
            self.progress.changed().await.ok()?;
        }
    }

    /// Waits until there is something to be told since this, or [`next`](Self::next), was asked
    /// the last time, and takes it for told; `None` when the engine was closed. At the first time
    /// it does not wait.
    ///
    /// It is for those who read a [part](Self::listing) of a long list, and so costs no snapshot.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use monoxide_engine::Engine;
    /// # use monoxide_protocol::{Glob, Json, Key, Range};
    /// let engine = Engine::builder().start()?;
    /// let range = Range::of(Glob::parse("books/*")?);
    /// let mut books = engine.subscribe(range.glob.clone(), None).await?;
    /// books.changed().await;
    ///
    /// engine.set(Key::parse("books/dune")?, Json::parse(b"412")?).await?;
    /// books.changed().await;
    /// let listing = books.listing().await.ok_or("it is a list")?;
    /// assert_eq!(listing.page(&range).objects.len(), 1);
    /// # Ok(()) }
    /// ```
    pub async fn changed(&mut self) -> Option<()> {
        loop {
            if self.is_elsewhere() {
                self.move_on().await?;
                self.backlog.0.go_to(self.topic.end());
                return Some(());
            }
            let Progress { end, closed, retired, .. } = *self.progress.borrow_and_update();
            if retired {
                continue;
            }
            if self.backlog.0.position() != end {
                self.backlog.0.go_to(end);
                return Some(());
            }
            if closed {
                return None;
            }
            // The sender lives as long as the topic, which this subscription holds.
            self.progress.changed().await.ok()?;
        }
    }

    /// What is seen of the list that is watched, as it is now; `None` of what is no list, and when
    /// the engine was closed.
    pub async fn listing(&mut self) -> Option<Listing> {
        loop {
            if self.is_elsewhere() {
                self.move_on().await?;
            }
            match self.topic.listing().await {
                None if self.is_elsewhere() => {}
                listing => return listing,
            }
        }
    }

    /// Whether what was [listed](Self::listing) last may still be told: neither rules nor who is
    /// told have changed since.
    #[must_use]
    pub fn may_tell(&self, listing: &Listing) -> bool {
        !self.is_elsewhere() && self.topic.cuts() == listing.cuts
    }

    /// The next message, if nothing has to be waited for: neither for a change, nor for a
    /// snapshot.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use monoxide_engine::Engine;
    /// # use monoxide_protocol::{Glob, Json, Key};
    /// # let engine = Engine::builder().start()?;
    /// # let mut books = engine.subscribe(Glob::parse("books/*")?, None).await?;
    /// books.next().await;
    /// assert_eq!(books.ready(), None);
    ///
    /// engine.set(Key::parse("books/dune")?, Json::parse(b"412")?).await?;
    /// engine.stats().await?;
    /// assert!(books.ready().is_some());
    /// # Ok(()) }
    /// ```
    pub fn ready(&mut self) -> Option<Bytes> {
        let position = self.backlog.0.position();
        // It is also behind one who needs a snapshot.
        let is_there = position < self.progress.borrow().end && !self.is_elsewhere();
        if is_there { self.backlog.0.read(&self.topic, position, &mut self.hold) } else { None }
    }
}

impl Backlog {
    /// What is watched.
    #[must_use]
    pub fn watched(&self) -> &Watched {
        &self.0.watched
    }

    /// How many changes there were that the subscriber has not read. Before its first message,
    /// and when all that it needs is the newest snapshot, there are none.
    #[must_use]
    pub fn behind(&self) -> u64 {
        self.0.topic().end().saturating_sub(self.0.position())
    }

    /// How often the subscriber fell out of the window and went on with a snapshot.
    #[must_use]
    pub fn skips(&self) -> u64 {
        self.0.skips.load(Ordering::Relaxed)
    }
}

impl Reader {
    /// It is replaced in one step, so it is whole also after a panic.
    fn topic(&self) -> MutexGuard<'_, Arc<Topic>> {
        self.topic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn position(&self) -> u64 {
        self.position.load(Ordering::Relaxed)
    }

    fn go_to(&self, position: u64) {
        self.position.store(position, Ordering::Relaxed);
    }

    /// The message at `position`, which was there; or nothing, and a snapshot comes next.
    fn read(&self, topic: &Topic, position: u64, hold: &mut Option<Arc<Hold>>) -> Option<Bytes> {
        match topic.read(position) {
            Found::Message(frame) => {
                self.go_to(position + 1);
                *hold = frame.hold();
                Some(frame.bytes)
            }
            // Sending what was missed one by one would take ever longer than it takes to be
            // written. The newest snapshot says the same.
            Found::Gone | Found::Nothing => {
                let watched = &self.watched;
                tracing::debug!(%watched, "a slow subscriber goes on with a snapshot");
                self.go_to(SNAPSHOT_FIRST);
                self.skips.fetch_add(1, Ordering::Relaxed);
                topic.skipped();
                None
            }
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subscription").field(&self.backlog).finish()
    }
}

impl fmt::Debug for Backlog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backlog")
            .field("watched", self.watched())
            .field("behind", &self.behind())
            .field("skips", &self.skips())
            .finish()
    }
}
