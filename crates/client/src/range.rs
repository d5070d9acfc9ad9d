//! Parts of long lists: read once, or followed.

use monoxide_protocol::{Key, Range, Version};
use serde_json::Value;

use crate::{
    Client, Subscription,
    accounts::{Answer, AskError, Request},
};

/// A part of a list, as the server told it.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// How many objects the list has.
    pub total: usize,
    /// In how many of them the words stand.
    pub matching: usize,
    /// How many of these come before.
    pub from: usize,
    /// The objects. There may be fewer than were asked for, when they are large.
    pub items: Vec<Item>,
}

/// One object of a [`Page`].
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Where it is.
    pub key: Key,
    /// Nanoseconds since the Unix epoch at the first write.
    pub created: u64,
    /// Nanoseconds since the Unix epoch at the last write; zero when never rewritten.
    pub updated: u64,
    /// The commit that wrote it.
    pub version: Version,
    /// What was written, or what was picked of it.
    pub data: Value,
}

impl Page {
    /// Reads a page from JSON, such as the document of a [`Client::window`]; `None` when it is
    /// something else.
    #[must_use]
    pub fn read(json: &Value) -> Option<Self> {
        let count = |name| usize::try_from(json.get(name)?.as_u64()?).ok();
        let items = json.get("items")?.as_array()?;
        Some(Self {
            total: count("total")?,
            matching: count("matching")?,
            from: count("from")?,
            items: items.iter().map(Item::read).collect::<Option<_>>()?,
        })
    }
}

impl Item {
    fn read(json: &Value) -> Option<Self> {
        Some(Self {
            key: Key::parse(json.get("key")?.as_str()?).ok()?,
            created: json.get("created")?.as_u64()?,
            updated: json.get("updated")?.as_u64()?,
            version: json.get("version")?.as_str()?.parse().ok()?,
            data: json.get("data")?.clone(),
        })
    }
}

/// Reads a part of a list.
#[must_use]
pub fn page(range: &Range) -> Request<Page> {
    fn read(answer: &Answer) -> Result<Page, AskError> {
        let odd = || AskError::Odd("it is no part of a list".to_owned());
        Page::read(&answer.json()?).ok_or_else(odd)
    }
    Request::reading("GET", format!("?api=range&{range}"), read)
}

impl Client {
    /// Follows a part of a list: its document is read with [`Page::read`]. The server tells it
    /// again whenever it changes, some times a second at most. It connects when it is first polled.
    ///
    /// ```
    /// # use monoxide_client::Client;
    /// # use monoxide_protocol::{Glob, Range};
    /// # let client = Client::new("http://127.0.0.1:8800")?;
    /// let newest = client.window(&Range { limit: 20, ..Range::of(Glob::parse("books/*")?) });
    /// assert_eq!(newest.document(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn window(&self, range: &Range) -> Subscription {
        Subscription::of_part(self, range)
    }
}
