//! One stored value with its history in brief.

use std::cmp::Ordering;

use serde::Deserialize;

use crate::{Json, Key};

/// What a subscriber of one key is told when there is nothing under it.
pub const EMPTY_OBJECT: &str = r#"{"created":0,"updated":0,"index":"","data":{}}"#;

/// A value under a key, and when it was made and last changed.
///
/// The store keeps data as checked [`Json`]; a client may read it as any type of its own.
///
/// ```
/// # use monoxide_protocol::Object;
/// #[derive(serde::Deserialize)]
/// struct Book {
///     pages: u32,
/// }
///
/// let text = r#"{"created":7,"updated":0,"index":"dune","path":"books/dune","data":{"pages":412}}"#;
/// let dune: Object<Book> = serde_json::from_str(text)?;
/// assert_eq!((dune.key.as_str(), dune.data.pages), ("books/dune", 412));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Object<T = Json> {
    /// Where the object is; `path` on the wire, which also repeats its last segment as `index`.
    #[serde(rename = "path")]
    pub key: Key,
    /// Nanoseconds since the Unix epoch at the first write.
    pub created: u64,
    /// Nanoseconds since the Unix epoch at the last write; zero when never rewritten.
    pub updated: u64,
    /// What was written.
    pub data: T,
}

impl<T> Object<T> {
    /// Which of two objects stands first in a list: the newer one, and by key among equals.
    #[must_use]
    pub fn list_order(&self, other: &Self) -> Ordering {
        other.created.cmp(&self.created).then_with(|| self.key.cmp(&other.key))
    }
}

impl Object {
    /// Adds the object to `out` as it is written on the wire.
    pub fn encode(&self, out: &mut String) {
        self.encode_head(out);
        out.push_str(self.data.as_str());
        out.push('}');
    }

    /// The object as it is written on the wire.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(self.encoded_len());
        self.encode(&mut out);
        out
    }

    /// About how many bytes [`encode`](Self::encode) writes; rather too many than too few.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        96 + 2 * self.key.as_str().len() + self.data.as_str().len()
    }

    fn encode_head(&self, out: &mut String) {
        let mut digits = itoa::Buffer::new();
        out.push_str("{\"created\":");
        out.push_str(digits.format(self.created));
        out.push_str(",\"updated\":");
        out.push_str(digits.format(self.updated));
        // A key has no character that JSON would escape.
        for (member, text) in [("index", self.key.index()), ("path", self.key.as_str())] {
            out.push_str(",\"");
            out.push_str(member);
            out.push_str("\":\"");
            out.push_str(text);
            out.push('"');
        }
        out.push_str(",\"data\":");
    }
}
