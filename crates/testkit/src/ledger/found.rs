//! What is there, as a reader or a subscriber sees it.

use std::collections::{BTreeMap, HashSet};

use anyhow::{Context as _, Result, ensure};
use monoxide_protocol::Object;
use serde_json::Value;

/// An object, as it was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// When it was made.
    pub created: u64,
    /// When it was last changed; zero when it never was.
    pub updated: u64,
    /// What it holds.
    pub data: Value,
}

/// Objects by their keys.
pub type Objects = BTreeMap<String, Found>;

impl Found {
    /// The version that wrote it.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.created.max(self.updated)
    }
}

impl From<&Object> for Found {
    fn from(object: &Object) -> Self {
        let Object { created, updated, .. } = *object;
        Self { created, updated, data: object.data.to_value() }
    }
}

/// The objects of a document: a list, one object, or the empty object.
///
/// # Errors
///
/// When it is none of these.
pub fn objects_of(document: &Value) -> Result<Objects> {
    let objects = match document {
        Value::Array(objects) => objects.as_slice(),
        object => std::slice::from_ref(object),
    };
    let is_there = |object: &&Value| object.get("path").is_some();
    objects.iter().filter(is_there).map(read).collect()
}

fn read(object: &Value) -> Result<(String, Found)> {
    let number = |name| object.get(name).and_then(Value::as_u64);
    let read = || {
        let key = object.get("path")?.as_str()?.to_owned();
        let (created, updated) = (number("created")?, number("updated")?);
        Some((key, Found { created, updated, data: object.get("data")?.clone() }))
    };
    read().with_context(|| format!("this is no object: {object}"))
}

/// What a subscriber had been told when it was told last. It outlives connections and servers.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// The version of the last message.
    pub version: u64,
    /// What the document held then.
    pub objects: Objects,
}

impl Told {
    /// Takes a message: its version, and the document that it leads to.
    ///
    /// # Errors
    ///
    /// When that is older than what was told before.
    pub fn hear(&mut self, version: u64, document: &Value) -> Result<()> {
        let objects = objects_of(document)?;
        let before = self.version;
        let is_same = version == before && objects == self.objects;
        ensure!(version > before || is_same, "after {before:x} came {version:x}");
        self.is_before(&objects)?;
        *self = Self { version, objects };
        Ok(())
    }

    /// Checks that `now` is no older: what has come since is newer than the last message, and
    /// what was told is there, or something newer, or nothing.
    ///
    /// # Errors
    ///
    /// Which key went back.
    pub fn is_before(&self, now: &Objects) -> Result<()> {
        for (key, found) in now {
            let told = self.objects.get(key);
            let is_news = found.version() > self.version;
            ensure!(
                told == Some(found) || is_news,
                "`{key}` is of {:x} and not as it was told at {:x}",
                found.version(),
                self.version
            );
            ensure!(told.is_none_or(|told| told.version() <= found.version()), "`{key}` went back");
        }
        Ok(())
    }
}

/// Adds to `ids` those of all values that are in a document or a patch.
pub(super) fn ids_in(part: &Value, ids: &mut HashSet<u64>) {
    match part {
        Value::Array(parts) => parts.iter().for_each(|part| ids_in(part, ids)),
        Value::Object(members) => {
            ids.extend(members.get("id").and_then(Value::as_u64));
            // A patch may replace the id alone.
            let path = members.get("path").and_then(Value::as_str).unwrap_or_default();
            if path.ends_with("/id") {
                ids.extend(members.get("value").and_then(Value::as_u64));
            }
            members.values().for_each(|part| ids_in(part, ids));
        }
        _ => {}
    }
}
