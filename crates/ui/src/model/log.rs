//! The last messages of a subscription, and the document as it was at each of them.

use std::{collections::VecDeque, sync::Arc};

use monoxide_protocol::{Message, Replica, Version};
use serde_json::Value;

/// How many messages are kept.
pub const MOST: usize = 500;

/// How many bytes of them, the newest apart.
pub const BYTES: usize = 4 << 20;

/// How many operations a message is summed up by.
const SUMMED: usize = 3;

/// One message.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// The how manieth since the start; the first is 1.
    pub number: u64,
    /// When it came, in nanoseconds since the Unix epoch.
    pub at: u64,
    /// The state that it leads to.
    pub version: Version,
    /// Whether it is the whole document.
    pub is_snapshot: bool,
    /// How many operations it has, if it is a patch.
    pub count: usize,
    /// The first of these, or what the document is.
    pub summary: Vec<Step>,
    /// As it came.
    pub text: String,
}

/// One operation of a patch, or what a snapshot has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is done: `add`, `remove`, `replace`.
    pub operation: String,
    /// Where: a JSON Pointer.
    pub path: String,
    /// With what, as JSON.
    pub value: Option<String>,
}

/// The last messages. A clone is cheap, and stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Log {
    entries: VecDeque<Arc<Entry>>,
    /// The document before the first of these.
    before: Arc<Replica>,
    bytes: usize,
    total: u64,
}

impl Log {
    /// Takes in messages that came at a time, the oldest first, after `missed` that nobody has
    /// seen.
    pub fn take(&mut self, missed: u64, texts: Vec<String>, at: u64) {
        if missed > 0 {
            // What was before does not lead to what comes.
            self.entries.clear();
            self.bytes = 0;
            self.before = Arc::default();
        }
        self.total += missed;
        for text in texts {
            self.push(text, at);
        }
    }

    fn push(&mut self, text: String, at: u64) {
        self.total += 1;
        // Whoever keeps the copy has read it before.
        let Ok(message) = Message::decode(&text) else { return };
        self.bytes += text.len();
        self.entries.push_back(Arc::new(Entry {
            number: self.total,
            at,
            version: message.version(),
            is_snapshot: matches!(message, Message::Snapshot { .. }),
            count: steps(&text).map_or(0, |steps| steps.len()),
            summary: summary(&message, &text),
            text,
        }));
        while self.entries.len() > MOST || (self.bytes > BYTES && self.entries.len() > 1) {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.text.len();
            apply(Arc::make_mut(&mut self.before), &oldest);
        }
    }

    /// Forgets the messages that are there. They are still counted.
    pub fn clear(&mut self) {
        let before = Arc::make_mut(&mut self.before);
        self.entries.drain(..).for_each(|entry| apply(before, &entry));
        self.bytes = 0;
    }

    /// The messages that are kept, the oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Arc<Entry>> {
        self.entries.iter()
    }

    /// How many are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many bytes these are.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many there were since the start.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The message of this number, if it is kept.
    #[must_use]
    pub fn entry(&self, number: u64) -> Option<&Arc<Entry>> {
        let nth = self.entries.binary_search_by_key(&number, |entry| entry.number).ok()?;
        self.entries.get(nth)
    }

    /// The number of the message before (`-1`) or after (`1`) another one.
    #[must_use]
    pub fn beside(&self, number: u64, step: isize) -> Option<u64> {
        let nth = self.entries.binary_search_by_key(&number, |entry| entry.number).ok()?;
        self.entries.get(nth.checked_add_signed(step)?).map(|entry| entry.number)
    }

    /// The document before the message of this number, and as it was then.
    #[must_use]
    pub fn document_at(&self, number: u64) -> Option<(Option<Value>, Value)> {
        let nth = self.entries.binary_search_by_key(&number, |entry| entry.number).ok()?;
        let mut copy = Replica::clone(&self.before);
        self.entries.iter().take(nth).for_each(|entry| apply(&mut copy, entry));
        let before = copy.document().cloned();
        apply(&mut copy, self.entries.get(nth)?);
        Some((before, copy.document()?.clone()))
    }
}

impl Entry {
    /// Whether `words`, in lower case, stand in it.
    #[must_use]
    pub fn has(&self, words: &str) -> bool {
        words.is_empty() || self.text.to_lowercase().contains(words)
    }

    /// All operations of a patch; `None` for a snapshot.
    #[must_use]
    pub fn steps(&self) -> Option<Vec<Step>> {
        let steps = steps(&self.text)?;
        Some(steps.iter().map(step).collect())
    }
}

fn apply(copy: &mut Replica, entry: &Entry) {
    // It fitted when it came.
    if let Ok(message) = Message::decode(&entry.text) {
        _ = copy.apply(message);
    }
}

/// The operations of a patch, with numbers as they are written.
fn steps(text: &str) -> Option<Vec<Value>> {
    let message: Value = serde_json::from_str(text).ok()?;
    match (message.get("snapshot"), message.get("data")) {
        (Some(Value::Bool(false)), Some(Value::Array(steps))) => Some(steps.clone()),
        _ => None,
    }
}

fn step(step: &Value) -> Step {
    let text = |name| step.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let value = step.get("value").map(ToString::to_string);
    Step { operation: text("op"), path: text("path"), value }
}

fn summary(message: &Message, text: &str) -> Vec<Step> {
    let Message::Snapshot { document, .. } = message else {
        let steps = steps(text).unwrap_or_default();
        return steps.iter().take(SUMMED).map(step).collect();
    };
    let count = match document {
        Value::Array(objects) if objects.len() == 1 => "1 object".to_owned(),
        Value::Array(objects) => format!("{} objects", objects.len()),
        // An object of the store that is not there has no path.
        Value::Object(object) if object.get("path").is_none() => "nothing stored".to_owned(),
        _ => "1 object".to_owned(),
    };
    vec![Step { operation: "snapshot".to_owned(), path: String::new(), value: Some(count) }]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn snapshot(version: u64, data: &str) -> String {
        format!(r#"{{"snapshot":true,"version":"{version:x}","data":{data}}}"#)
    }

    fn patch(version: u64, value: &str) -> String {
        format!(
            r#"{{"snapshot":false,"version":"{version:x}","data":[{{"op":"replace","path":"/n","value":{value}}}]}}"#
        )
    }

    fn log(messages: u64) -> Log {
        let mut log = Log::default();
        log.take(0, vec![snapshot(1, r#"{"n":1}"#)], 7);
        log.take(0, (2..=messages).map(|n| patch(n, &n.to_string())).collect(), 8);
        log
    }

    #[test]
    fn the_document_is_there_as_it_was_at_each_message() {
        let log = log(3);
        assert_eq!(log.document_at(1), Some((None, json!({"n": 1}))));
        assert_eq!(log.document_at(3), Some((Some(json!({"n": 2})), json!({"n": 3}))));
        assert_eq!(log.document_at(4), None);
        assert_eq!((log.beside(2, -1), log.beside(1, -1), log.beside(3, 1)), (Some(1), None, None));
        let entry = log.entry(2).unwrap();
        let step = Step { operation: "replace".into(), path: "/n".into(), value: Some("2".into()) };
        assert_eq!((entry.at, entry.version, entry.count), (8, Version::new(2), 1));
        assert_eq!((&entry.summary, entry.steps()), (&vec![step.clone()], Some(vec![step])));
    }

    #[test]
    fn only_the_last_are_kept_and_their_documents_are_still_right() {
        let log = log(2_000);
        assert_eq!((log.len(), log.total()), (MOST, 2_000));
        assert_eq!(log.entries().next().unwrap().number, 1_501);
        assert_eq!(log.document_at(1_501), Some((Some(json!({"n": 1_500})), json!({"n": 1_501}))));
        assert_eq!(log.entry(1_500), None);
    }

    #[test]
    fn bytes_are_bounded_and_the_newest_stays_whatever_its_size() {
        let mut log = Log::default();
        let large = format!("\"{}\"", "x".repeat(BYTES / 3));
        log.take(0, vec![snapshot(1, r#"{"n":0}"#)], 1);
        log.take(0, (2..10).map(|n| patch(n, &large)).collect(), 1);
        assert!(log.bytes() <= BYTES && log.len() == 2, "{} of {}", log.bytes(), log.len());
        let huge = format!("\"{}\"", "x".repeat(2 * BYTES));
        log.take(0, vec![patch(11, &huge)], 1);
        assert_eq!(log.len(), 1);
        assert_eq!(log.document_at(10).unwrap().1["n"].as_str().unwrap().len(), 2 * BYTES);
    }

    #[test]
    fn what_is_looked_at_stays_while_more_comes() {
        let mut log = log(10);
        let still = log.clone();
        log.take(0, (11..2_000).map(|n| patch(n, &n.to_string())).collect(), 9);
        assert_eq!(still.document_at(2), Some((Some(json!({"n": 1})), json!({"n": 2}))));
        assert_eq!(log.total() - still.total(), 1_989);
    }

    #[test]
    fn after_messages_that_nobody_saw_it_begins_anew() {
        let mut log = log(3);
        log.take(40, vec![snapshot(50, r#"{"n":50}"#), patch(51, "51")], 9);
        assert_eq!((log.len(), log.total()), (2, 45));
        assert_eq!(log.document_at(45), Some((Some(json!({"n": 50})), json!({"n": 51}))));
        // A patch to something that nobody saw shows no document.
        log.take(40, vec![patch(99, "99")], 9);
        assert_eq!(log.document_at(86), None);
    }

    #[test]
    fn what_is_cleared_is_gone_and_what_comes_next_is_right() {
        let mut log = log(3);
        log.clear();
        assert!(log.is_empty());
        log.take(0, vec![patch(4, "4")], 9);
        assert_eq!(log.document_at(4), Some((Some(json!({"n": 3})), json!({"n": 4}))));
    }

    #[test]
    fn words_are_found_whatever_their_case_and_digits_are_kept() {
        let mut log = Log::default();
        log.take(0, vec![snapshot(1, r#"{"n":"Dune"}"#), patch(2, "12345678901234567890.10")], 1);
        assert!(log.entry(1).unwrap().has("dune") && !log.entry(1).unwrap().has("emma"));
        assert_eq!(
            log.entry(2).unwrap().summary[0].value.as_deref(),
            Some("12345678901234567890.10")
        );
    }

    #[test]
    fn a_snapshot_says_how_much_it_is() {
        let mut log = Log::default();
        let nothing = monoxide_protocol::EMPTY_OBJECT;
        let texts = [nothing, "[]", "[{}]"].map(|data| snapshot(1, data));
        log.take(0, texts.into(), 1);
        let said: Vec<_> = log.entries().map(|it| it.summary[0].value.clone().unwrap()).collect();
        assert_eq!(said, ["nothing stored", "0 objects", "1 object"]);
    }
}
