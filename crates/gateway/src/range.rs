//! Parts of lists: read once, or told again whenever they change.

use std::{sync::Arc, time::Duration};

use axum::{
    http::header,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use monoxide_engine::{Backlog, Engine, Identity, Listing, Page, Session, Subscription};
use monoxide_protocol::{Json, Object, Range, Version};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{JoinHandle, spawn_blocking},
    time::{Instant, sleep_until},
};

use crate::{error::Refusal, told::Told};

/// How many long lists are searched and sorted at once. The rest wait, and of the machine there is
/// something left for everybody else.
const AT_ONCE: usize = 2;

/// How many bytes the objects of a page may have, but for its first one: who asks for more of them
/// than that asks again.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// How often who watches a part is told of changes at most.
const PAUSE: Duration = Duration::from_millis(100);

/// How many times as long as a part took to read it is not read again.
const REST: u32 = 4;

/// Reads parts of lists. Cloning it gives the same one.
#[derive(Debug, Clone)]
pub(crate) struct Ranges(Arc<Semaphore>);

impl Ranges {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }

    /// Answers with a part of a list, as somebody sees it.
    pub(crate) async fn answer(
        &self,
        session: &Session,
        range: Range,
    ) -> Result<Response, Refusal> {
        let listing = session.listing(&range.glob).await?;
        let text = if listing.is_slow(&range) {
            let turn = self.turn().await;
            let read = spawn_blocking(move || {
                let _turn = turn;
                answer(&listing, &range)
            });
            read.await.map_err(|_| Refusal::Panicked)?
        } else {
            answer(&listing, &range)
        };
        Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
    }

    async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        // It is never closed.
        Arc::clone(&self.0).acquire_owned().await.ok()
    }
}

/// A part of a list that is told again whenever it changes, some times a second at most.
///
/// It follows the list as a subscriber who only wants to know that there is something new, so that
/// what others may see, and when that changes, is as for any other.
#[derive(Debug)]
pub(crate) struct Window {
    engine: Engine,
    ranges: Ranges,
    subscription: Subscription,
    range: Arc<Range>,
    told: Told,
    /// When it may be read again.
    due: Instant,
    /// What is done next. Whoever waits for the next message may give up at any time.
    step: Step,
}

#[derive(Debug)]
enum Step {
    Watch,
    Pause,
    Take(Listing, Version),
    Read(Listing, Version, JoinHandle<Read>),
}

/// A document, and how long it took.
#[derive(Debug)]
struct Read {
    document: String,
    took: Duration,
}

impl Window {
    pub(crate) fn new(
        engine: Engine,
        ranges: Ranges,
        subscription: Subscription,
        range: Range,
    ) -> Self {
        let (range, told, due) = (Arc::new(range), Told::default(), Instant::now());
        Self { engine, ranges, subscription, range, told, due, step: Step::Watch }
    }

    pub(crate) fn backlog(&self) -> Backlog {
        self.subscription.backlog()
    }

    /// Goes on as somebody with other roles.
    pub(crate) fn change_identity(&mut self, identity: Identity) {
        self.subscription.change_identity(identity);
        // What was read before is not told any more.
        self.step = Step::Pause;
    }

    /// The next message; `None` when the engine was closed. Nothing is lost when it is dropped
    /// while it waits.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            let (listing, version, read) = match &mut self.step {
                Step::Watch => {
                    self.subscription.changed().await?;
                    self.step = Step::Pause;
                    continue;
                }
                Step::Pause => {
                    sleep_until(self.due).await;
                    // Taken before: what is made later is newer than what this tells.
                    let version = self.engine.next_version();
                    self.step = Step::Take(self.subscription.listing().await?, version);
                    continue;
                }
                Step::Take(listing, version) if listing.is_slow(&self.range) => {
                    let turn = self.ranges.turn().await;
                    let (list, range) = (listing.clone(), Arc::clone(&self.range));
                    let task = spawn_blocking(move || {
                        let _turn = turn;
                        read(&list, &range)
                    });
                    self.step = Step::Read(listing.clone(), *version, task);
                    continue;
                }
                Step::Take(listing, version) => (&*listing, *version, read(listing, &self.range)),
                Step::Read(listing, version, task) => (&*listing, *version, task.await.ok()?),
            };
            self.due = Instant::now() + PAUSE.max(read.took * REST);
            if !self.subscription.may_tell(listing) {
                self.step = Step::Pause;
                continue;
            }
            self.step = Step::Watch;
            if let Some(message) = self.told.tell(read.document, || version) {
                return Some(message);
            }
        }
    }
}

fn read(listing: &Listing, range: &Range) -> Read {
    let begun = Instant::now();
    let page = listing.page(range);
    let mut document = "{".to_owned();
    encode(&page, range, &mut document);
    Read { document, took: begun.elapsed() }
}

fn answer(listing: &Listing, range: &Range) -> String {
    let page = listing.page(range);
    let mut out = format!("{{\"version\":\"{}\",", page.version);
    encode(&page, range, &mut out);
    out
}

/// Adds the rest of a page's JSON object to `out`.
fn encode(page: &Page, range: &Range, out: &mut String) {
    let Page { total, matching, from, objects, .. } = page;
    out.push_str(&format!("\"total\":{total},\"matching\":{matching},\"from\":{from},\"items\":["));
    let start = out.len();
    for (nth, object) in objects.iter().enumerate() {
        if nth > 0 {
            if out.len() - start > MOST_BYTES {
                break;
            }
            out.push(',');
        }
        encode_item(object, range.pick.as_deref(), out);
    }
    out.push_str("]}");
}

fn encode_item(object: &Object, pick: Option<&[String]>, out: &mut String) {
    let Object { key, created, updated, version, data } = object;
    // A key has no character that JSON would escape.
    out.push_str(&format!(
        "{{\"key\":\"{key}\",\"index\":\"{}\",\"created\":{created},\"updated\":{updated},\
         \"version\":\"{version}\",\"data\":",
        key.index()
    ));
    match pick {
        None => out.push_str(data.as_str()),
        Some(pointers) => picked(data, pointers, out),
    }
    out.push('}');
}

/// Adds an object of the values at the pointers to `out`, by pointer.
fn picked(data: &Json, pointers: &[String], out: &mut String) {
    let found = pointers.iter().filter_map(|it| Some((it, data.at(it)?)));
    out.push('{');
    for (nth, (pointer, value)) in found.enumerate() {
        let name = Json::try_from(&pointer.as_str().into());
        let name = name.as_ref().map_or("\"\"", Json::as_str);
        out.push_str(if nth > 0 { "," } else { "" });
        out.push_str(name);
        out.push(':');
        out.push_str(value);
    }
    out.push('}');
}
