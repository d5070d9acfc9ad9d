//! The objects of a list, and which of them an update touched.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use monoxide_protocol::{Glob, Key, Object, Version};
use serde_json::Value;

use crate::model::{Pointer, changes};

/// An object as the page holds it. Cloning shares the data.
pub type Shown = Object<Arc<Value>>;

/// A list as it was last told.
///
/// ```
/// # use monoxide_ui::model::List;
/// use serde_json::json;
///
/// let book = |path: &str, title: &str, updated: u64| {
///     json!({"path": path, "created": 1, "updated": updated, "data": {"title": title}})
/// };
/// let mut list = List::default();
/// list.follow(&json!([book("books/b", "Dune", 0), book("books/a", "Emma", 0)]));
///
/// let update = list.follow(&json!([book("books/b", "Dune", 0), book("books/a", "Emma II", 2)]));
/// assert!(!update.moved, "the same books in the same order");
/// assert_eq!(update.changed.len(), 1);
/// assert_eq!(update.changed[0].0.key.as_str(), "books/a");
/// ```
#[derive(Debug, Default)]
pub struct List {
    order: Vec<Key>,
    objects: HashMap<Key, Shown>,
}

/// What one update did to a list.
#[derive(Debug, Default)]
pub struct Update {
    /// Whether other objects are in the list now, or the same in another order.
    pub moved: bool,
    /// Objects that were not there before.
    pub added: Vec<Shown>,
    /// Objects that are not as they were, and where their data differs.
    pub changed: Vec<(Shown, Vec<Pointer>)>,
}

impl List {
    /// The keys in the order of the list.
    #[must_use]
    pub fn order(&self) -> &[Key] {
        &self.order
    }

    /// Whether the object called `key` is in the list.
    #[must_use]
    pub fn contains(&self, key: &Key) -> bool {
        self.objects.contains_key(key)
    }

    /// Brings the list up to `document` and tells what that changed. Objects that did not change
    /// are compared but not copied.
    pub fn follow(&mut self, document: &Value) -> Update {
        let mut update = Update::default();
        let elements = document.as_array().map(Vec::as_slice).unwrap_or_default();
        let mut order = Vec::with_capacity(elements.len());
        let mut present = HashSet::with_capacity(elements.len());
        for element in elements {
            // What is no object, or stands there twice, cannot be shown; a server sends neither.
            let Some(key) = key_of(element).filter(|key| present.insert(key.clone())) else {
                continue;
            };
            self.follow_one(&key, element, &mut update);
            order.push(key);
        }
        self.objects.retain(|key, _| present.contains(key));
        update.moved = order != self.order;
        self.order = order;
        update
    }

    fn follow_one(&mut self, key: &Key, element: &Value, update: &mut Update) {
        let (created, updated) = (number(element, "created"), number(element, "updated"));
        let data = element.get("data").unwrap_or(&Value::Null);
        let shown = || Object {
            key: key.clone(),
            created,
            updated,
            version: Version::default(),
            data: Arc::new(data.clone()),
        };
        match self.objects.get_mut(key) {
            None => {
                self.objects.insert(key.clone(), shown());
                update.added.push(shown());
            }
            Some(old) if (old.created, old.updated) != (created, updated) || *old.data != *data => {
                let places = changes(&old.data, data);
                *old = shown();
                update.changed.push((old.clone(), places));
            }
            Some(_) => {}
        }
    }
}

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
    use serde_json::json;

    use super::*;

    fn list(objects: &[(&str, u64, i64)]) -> Value {
        let objects = objects.iter().map(|(path, updated, data)| {
            json!({"created": 1, "updated": updated, "index": "x", "path": path, "data": data})
        });
        objects.collect()
    }

    fn keys(objects: &[Shown]) -> Vec<&str> {
        objects.iter().map(|object| object.key.as_str()).collect()
    }

    #[test]
    fn an_update_of_one_object_touches_that_object_alone() {
        let mut seen = List::default();
        seen.follow(&list(&[("a/2", 0, 2), ("a/1", 0, 1)]));

        let update = seen.follow(&list(&[("a/2", 0, 2), ("a/1", 5, 9)]));

        assert!(!update.moved && update.added.is_empty());
        let [(object, places)] = &update.changed[..] else { panic!("{update:?}") };
        assert_eq!((object.key.as_str(), object.updated), ("a/1", 5));
        assert_eq!(places, &[Pointer::root()]);
    }

    #[test]
    fn an_object_in_front_moves_the_others_and_changes_none() {
        let mut seen = List::default();
        seen.follow(&list(&[("a/1", 0, 1)]));

        let update = seen.follow(&list(&[("a/2", 0, 2), ("a/1", 0, 1)]));

        assert!(update.moved && update.changed.is_empty());
        assert_eq!(keys(&update.added), ["a/2"]);
        assert_eq!(seen.order().iter().map(Key::as_str).collect::<Vec<_>>(), ["a/2", "a/1"]);
    }

    #[test]
    fn what_is_gone_is_forgotten_and_new_when_it_comes_back() {
        let mut seen = List::default();
        seen.follow(&list(&[("a/2", 0, 2), ("a/1", 0, 1)]));

        assert!(seen.follow(&list(&[("a/1", 0, 1)])).moved);
        assert!(!seen.contains(&Key::parse("a/2").unwrap()));

        let update = seen.follow(&list(&[("a/2", 0, 2), ("a/1", 0, 1)]));
        assert_eq!(keys(&update.added), ["a/2"]);
    }

    #[test]
    fn the_same_data_written_again_changes_the_time_and_no_place() {
        let mut seen = List::default();
        seen.follow(&list(&[("a/1", 0, 1)]));

        let update = seen.follow(&list(&[("a/1", 7, 1)]));

        let [(object, places)] = &update.changed[..] else { panic!("{update:?}") };
        assert_eq!((object.updated, places.len()), (7, 0));
    }

    #[test]
    fn what_is_no_object_or_stands_there_twice_is_left_out() {
        let mut seen = List::default();
        let mut document = list(&[("a/1", 0, 1), ("a/1", 0, 2), ("a//b", 0, 3)]);
        document.as_array_mut().unwrap().push(json!(5));

        assert_eq!(keys(&seen.follow(&document).added), ["a/1"]);
        seen.follow(&json!({}));
        assert!(seen.order().is_empty(), "and so is what is no list");
    }

    #[test]
    fn the_empty_object_is_nothing() {
        let empty = serde_json::from_str(monoxide_protocol::EMPTY_OBJECT).unwrap();
        assert_eq!(object(&empty), None);
    }
}
