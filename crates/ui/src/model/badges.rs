//! What filters say about keys and lists, in a word each.

use monoxide_client::accounts::Read;
use monoxide_protocol::Glob;
use serde_json::Value;

/// What may be done with what the filters are about, in their order.
///
/// ```
/// # use monoxide_client::accounts::Read;
/// # use monoxide_protocol::Glob;
/// # use monoxide_ui::model::{Badge, Badges};
/// # use serde_json::json;
/// let filters = json!({"filters": [
///     {"path": "log/*", "type": "limit", "limit": 100},
///     {"path": "users/*/posts/*", "type": "read-only"},
/// ]});
/// let badges = Badges::read(&filters, 0).ok_or("these are filters")?;
/// let of = |glob| Ok::<_, monoxide_protocol::KeyError>(badges.of(&Glob::parse(glob)?));
///
/// assert_eq!(of("log/*")?, Some(Badge::Limit(100)));
/// assert_eq!(of("users/ann/posts/*")?, Some(Badge::Word("read-only".to_owned())));
/// assert_eq!(of("books/*")?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Badges(Vec<(Glob, String, Option<u64>)>);

impl Read for Badges {
    fn read(json: &Value, _now: u64) -> Option<Self> {
        let badge = |filter: &Value| {
            let text = |name| filter.get(name).and_then(Value::as_str);
            let limit = filter.get("limit").or_else(|| filter.get("currentLimit"));
            let glob = Glob::parse(text("path")?).ok()?;
            Some((glob, text("type")?.to_owned(), limit.and_then(Value::as_u64)))
        };
        let filters = json.get("filters")?.as_array()?;
        Some(Self(filters.iter().filter_map(badge).collect()))
    }
}

impl Badges {
    /// What is said about a key or a list, if a filter is about it.
    #[must_use]
    pub fn of(&self, glob: &Glob) -> Option<Badge> {
        let (path, kind, limit) = self.0.iter().find(|(path, ..)| path.covers(glob))?;
        Some(match limit {
            // One over several stars is one for all of their lists together.
            Some(limit) if path == glob => Badge::Limit(*limit),
            Some(limit) => Badge::Word(format!("limit {limit}")),
            None => Badge::Word(kind.clone()),
        })
    }
}

/// What a filter says about a key or a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Badge {
    /// A word, such as `read-only`.
    Word(String),
    /// How many objects there may be.
    Limit(u64),
}
