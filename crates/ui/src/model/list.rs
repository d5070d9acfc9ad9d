//! One object, as the page holds it.

use std::sync::Arc;

use monoxide_protocol::{Glob, Key, Object, Version};
use serde_json::Value;

/// An object as the page holds it. Cloning shares the data.
pub type Shown = Object<Arc<Value>>;

/// What the object called `key` is called in `list`: its name without what all of them have in
/// common before the first star.
///
/// ```
/// # use monoxide_protocol::{Glob, Key};
/// # use monoxide_ui::model::name_in;
/// let key = Key::parse("users/ann/posts/1")?;
/// assert_eq!(name_in(&Glob::parse("users/ann/posts/*")?, &key), "1");
/// assert_eq!(name_in(&Glob::parse("users/*/posts/*")?, &key), "ann/posts/1");
/// # Ok::<(), monoxide_protocol::KeyError>(())
/// ```
#[must_use]
pub fn name_in(list: &Glob, key: &Key) -> String {
    let common = list.segments().take_while(|segment| *segment != "*").count();
    key.segments().skip(common).collect::<Vec<_>>().join("/")
}

/// Reads the document of one key; `None` stands for the empty object: nothing is stored there.
#[must_use]
pub fn object(document: &Value) -> Option<Shown> {
    let key = key_of(document)?;
    let data = document.get("data").cloned().unwrap_or_default();
    Some(Object {
        key,
        created: number(document, "created"),
        updated: number(document, "updated"),
        version: Version::default(),
        data: Arc::new(data),
    })
}

fn key_of(document: &Value) -> Option<Key> {
    Key::parse(document.get("path")?.as_str()?).ok()
}

fn number(document: &Value, member: &str) -> u64 {
    document.get(member).and_then(Value::as_u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_object_is_nothing() {
        let empty = serde_json::from_str(monoxide_protocol::EMPTY_OBJECT).unwrap();
        assert_eq!(object(&empty), None);
    }
}
