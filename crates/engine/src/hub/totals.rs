//! What all topics of an engine have together.

use std::sync::{Arc, atomic::AtomicU64};

use super::frame::Pins;

/// Counts over all topics, also those that are gone.
#[derive(Debug)]
pub(crate) struct Totals {
    /// How often a subscriber fell out of a window.
    pub(crate) skips: AtomicU64,
    pub(crate) pins: Arc<Pins>,
}

impl Totals {
    /// Lets old messages that are still being sent have this many bytes.
    pub(crate) fn new(max_pinned: usize) -> Self {
        Self { skips: AtomicU64::new(0), pins: Arc::new(Pins::new(max_pinned)) }
    }
}

/// What an engine's topics and their subscribers add up to.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use monoxide_engine::Engine;
/// # use monoxide_protocol::Glob;
/// let engine = Engine::builder().start()?;
/// let books = engine.subscribe(Glob::parse("books/*")?, None).await?;
/// let stats = engine.stats().await?;
/// assert_eq!((stats.topics, stats.subscribers, stats.skips), (1, 1, 0));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// What is watched, each view of it counted by itself; also what was watched a moment ago.
    pub topics: usize,
    /// How many subscriptions there are.
    pub subscribers: usize,
    /// How often, since the start, a subscriber fell out of the window of its topic and went on
    /// with the newest snapshot.
    pub skips: u64,
    /// How many bytes are kept only for subscribers that are still being sent an old message; see
    /// [`Builder::max_pinned`](crate::Builder::max_pinned).
    pub pinned_bytes: usize,
}
