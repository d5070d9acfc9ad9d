//! A document that is worked out anew now and then, as the messages of who watches it: first all of
//! it, then what changed.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use monoxide_protocol::{Kind, Version, document_patch, encode};
use tokio::sync::watch;

/// What one watcher was told last.
#[derive(Default)]
pub(crate) struct Told {
    document: String,
}

impl Told {
    /// The message that brings the watcher to `document`, which is compact JSON: a snapshot the
    /// first time, and where what changed would take more than that. Nothing when nothing changed;
    /// then no `version` is taken. Each has to be above all before it.
    pub(crate) fn tell(
        &mut self,
        document: String,
        version: impl FnOnce() -> Version,
    ) -> Option<Bytes> {
        if document == self.document {
            return None;
        }
        let message = message(&self.document, &document, version());
        self.document = document;
        Some(message)
    }
}

/// One document for many watchers: it is compared and encoded once. Cloning it gives the same one.
#[derive(Debug, Clone)]
pub(crate) struct Board(watch::Sender<Option<Arc<Posted>>>);

/// The document, and how it came about.
struct Posted {
    version: Version,
    document: String,
    /// What leads here from the one before, which had this version.
    message: Bytes,
    before: Option<Version>,
    /// Made when the first asks for it.
    snapshot: OnceLock<Bytes>,
}

/// One watcher of a [`Board`].
#[derive(Debug)]
pub(crate) struct Reader {
    posted: watch::Receiver<Option<Arc<Posted>>>,
    /// That of the last one it was told.
    version: Option<Version>,
}

impl Board {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Tells everybody of `document`, which is compact JSON, unless nothing changed.
    pub(crate) fn post(&self, document: String, version: impl FnOnce() -> Version) {
        self.0.send_if_modified(|posted| {
            let old = posted.as_deref().map_or("", |old| &old.document);
            if old == document {
                return false;
            }
            let (version, before) = (version(), posted.as_deref().map(|old| old.version));
            let message = message(old, &document, version);
            let snapshot = OnceLock::new();
            *posted = Some(Arc::new(Posted { version, document, message, before, snapshot }));
            true
        });
    }

    /// Forgets the document: what is posted next is the first, and who comes meanwhile waits for it.
    pub(crate) fn clear(&self) {
        self.0.send_replace(None);
    }

    /// Whether there is nothing to be told.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_none()
    }

    /// Begins to read; what is there already is the first that is told.
    pub(crate) fn read(&self) -> Reader {
        Reader { posted: self.0.subscribe(), version: None }
    }

    /// How many read.
    pub(crate) fn readers(&self) -> usize {
        self.0.receiver_count()
    }
}

impl Reader {
    /// The next message. Who is slow misses documents, and goes on with a snapshot of the newest.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        let posted = self.news().await?;
        let is_next = self.version.is_some() && posted.before == self.version;
        self.version = Some(posted.version);
        Some(if is_next { posted.message.clone() } else { posted.snapshot() })
    }

    /// The document itself, once there is one that was not told yet.
    pub(crate) async fn document(&mut self) -> Option<String> {
        let posted = self.news().await?;
        self.version = Some(posted.version);
        Some(posted.document.clone())
    }

    async fn news(&mut self) -> Option<Arc<Posted>> {
        let version = self.version;
        let is_new = |posted: &Option<Arc<Posted>>| {
            posted.as_deref().is_some_and(|posted| Some(posted.version) != version)
        };
        self.posted.wait_for(is_new).await.ok()?.clone()
    }
}

impl Posted {
    fn snapshot(&self) -> Bytes {
        self.snapshot.get_or_init(|| snapshot(self.version, &self.document).into()).clone()
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Told").finish_non_exhaustive()
    }
}

impl fmt::Debug for Posted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Posted").field("version", &self.version).finish_non_exhaustive()
    }
}

/// What leads from `old`, which is empty when nothing was told yet, to `new`.
fn message(old: &str, new: &str, version: Version) -> Bytes {
    let patch = if old.is_empty() { None } else { document_patch(old, new) };
    let Some(patch) = patch else { return snapshot(version, new).into() };
    encode(Kind::Patch, version, patch.len(), |out| out.push_str(&patch)).into()
}

fn snapshot(version: Version, document: &str) -> String {
    encode(Kind::Snapshot, version, document.len(), |out| out.push_str(document))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use monoxide_protocol::{Message, Replica};
    use serde_json::{Value, json};

    use super::*;

    fn document(value: &Value) -> String {
        serde_json::to_string(value).unwrap()
    }

    fn text(message: &Bytes) -> &str {
        std::str::from_utf8(message).unwrap()
    }

    fn is_snapshot(message: &Bytes) -> bool {
        text(message).starts_with(r#"{"snapshot":true"#)
    }

    /// Takes everything that is there to be told.
    fn follow(reader: &mut Reader, copy: &mut Replica) -> usize {
        let mut messages = 0;
        while let Some(message) = reader.next().now_or_never() {
            copy.apply(Message::decode(text(&message.unwrap())).unwrap()).unwrap();
            messages += 1;
        }
        messages
    }

    #[test]
    fn the_first_message_is_a_snapshot_and_each_next_one_the_difference() {
        let mut told = Told::default();
        let documents = [json!({"n": 1, "rows": []}), json!({"n": 2, "rows": []})];
        let [first, second] = documents.map(|it| document(&it));

        let snapshot = told.tell(first, || Version::new(10)).unwrap();
        let patch = told.tell(second, || Version::new(11)).unwrap();

        assert_eq!(text(&snapshot), r#"{"snapshot":true,"version":"a","data":{"n":1,"rows":[]}}"#);
        assert_eq!(
            text(&patch),
            r#"{"snapshot":false,"version":"b","data":[{"op":"replace","path":"/n","value":2}]}"#
        );
    }

    #[test]
    fn nothing_is_said_and_no_version_taken_when_nothing_changed() {
        let mut told = Told::default();
        told.tell("[1]".to_owned(), || Version::new(1)).unwrap();

        assert_eq!(told.tell("[1]".to_owned(), || unreachable!()), None);
    }

    #[test]
    fn what_takes_more_to_say_than_all_of_it_is_a_snapshot() {
        let mut told = Told::default();
        let rows = |n: usize| document(&json!((0..500).map(|it| it * n).collect::<Vec<_>>()));
        told.tell(rows(1), || Version::new(1)).unwrap();

        assert!(is_snapshot(&told.tell(rows(2), || Version::new(2)).unwrap()));
    }

    #[test]
    fn everybody_is_told_with_the_same_bytes_and_who_comes_later_begins_with_all_of_it() {
        let board = Board::new();
        let mut early = [board.read(), board.read()];
        assert!(early[0].next().now_or_never().is_none(), "there is nothing yet");

        board.post(document(&json!({"n": 1})), || Version::new(1));
        let firsts = early.each_mut().map(|it| it.next().now_or_never().flatten().unwrap());
        board.post(document(&json!({"n": 2})), || Version::new(2));
        let seconds = early.each_mut().map(|it| it.next().now_or_never().flatten().unwrap());
        let late = board.read().next().now_or_never().flatten().unwrap();

        assert!(is_snapshot(&firsts[0]) && !is_snapshot(&seconds[0]));
        assert_eq!(firsts[0].as_ptr(), firsts[1].as_ptr());
        assert_eq!(seconds[0].as_ptr(), seconds[1].as_ptr());
        assert_eq!(text(&late), r#"{"snapshot":true,"version":"2","data":{"n":2}}"#);
        assert_eq!(board.readers(), 2);
    }

    #[test]
    fn who_misses_documents_ends_equal() {
        let board = Board::new();
        let (mut steady, mut slow) = (board.read(), board.read());
        let mut copies = [Replica::default(), Replica::default()];
        for n in 1..=20 {
            let rows: Vec<_> = (0..n % 7).collect();
            board.post(document(&json!({"n": n, "rows": rows})), || Version::new(n));
            assert_eq!(follow(&mut steady, &mut copies[0]), 1);
            if n % 3 == 0 {
                assert_eq!(follow(&mut slow, &mut copies[1]), 1);
                assert_eq!(copies[0].document(), copies[1].document());
            }
        }
    }

    #[test]
    fn who_comes_after_all_is_forgotten_waits_and_nobody_is_told_a_difference_to_it() {
        let board = Board::new();
        let mut early = board.read();
        board.post("[1]".to_owned(), || Version::new(1));
        early.next().now_or_never().flatten().unwrap();
        board.clear();
        let mut late = board.read();
        assert!(late.next().now_or_never().is_none());

        board.post("[2]".to_owned(), || Version::new(2));

        for reader in [&mut early, &mut late] {
            assert!(is_snapshot(&reader.next().now_or_never().flatten().unwrap()));
        }
    }

    #[test]
    fn the_same_document_again_is_not_news() {
        let board = Board::new();
        let mut reader = board.read();
        board.post("[]".to_owned(), || Version::new(1));
        reader.next().now_or_never().flatten().unwrap();

        board.post("[]".to_owned(), || unreachable!());

        assert!(reader.next().now_or_never().is_none());
    }
}
