//! A list with a limit that everybody pushes to, so that each push evicts another.

use std::collections::{BTreeMap, HashSet};

use anyhow::{Context as _, Result, ensure};
use fastrand::Rng;
use serde_json::json;

use super::{Draft, Effect, Found, Objects, Order, Tally, Write, id_of};

#[derive(Debug)]
pub(super) struct Limited {
    list: String,
    most: usize,
    /// The newest pushes that were answered, by version: no more than there may be.
    newest: BTreeMap<u64, (String, Found)>,
    lost: Vec<Write>,
}

impl Limited {
    pub(super) fn new(list: String, most: usize) -> Self {
        Self { list, most, newest: BTreeMap::new(), lost: Vec::new() }
    }

    pub(super) fn draft(&self, id: u64, random: &mut Rng) -> Draft {
        let data = json!({"id": id, "pad": "x".repeat(random.usize(0..100))});
        let effect = Effect::Put { key: None, data: data.clone() };
        Draft::new(Order::Write, &self.list, data.to_string(), effect)
    }

    pub(super) fn done(
        &mut self,
        write: &Write,
        key: Option<String>,
        version: Option<u64>,
    ) -> Result<()> {
        let Effect::Put { data, .. } = &write.effect else { return Ok(()) };
        let version = version.context("the answer has no version")?;
        let found = Found { created: version, updated: 0, data: data.clone() };
        self.push(key.context("the answer names no key")?, found);
        Ok(())
    }

    pub(super) fn lose(&mut self, write: Write) {
        self.lost.push(write);
    }

    fn push(&mut self, key: String, found: Found) {
        self.newest.insert(found.version(), (key, found));
        while self.newest.len() > self.most {
            self.newest.pop_first();
        }
    }

    pub(super) fn check(
        &mut self,
        found: &Objects,
        told: &HashSet<u64>,
        tally: &mut Tally,
    ) -> Result<()> {
        ensure!(found.len() <= self.most, "there are {} of {}", found.len(), self.most);
        for lost in std::mem::take(&mut self.lost) {
            let is_it = |it: &(&String, &Found)| id_of(&it.1.data).is_ok_and(|id| id == lost.id);
            let Some((key, object)) = found.iter().find(is_it) else {
                ensure!(!told.contains(&lost.id), "push {} was told and is missing", lost.id);
                tally.vanished += 1;
                continue;
            };
            let is_whole = matches!(&lost.effect, Effect::Put { data, .. } if *data == object.data);
            ensure!(is_whole && object.updated == 0, "`{key}` is torn");
            ensure!(object.created > lost.above, "`{key}` is older than what was told before it");
            tally.appeared += 1;
            self.push(key.clone(), object.clone());
        }
        let expected: Objects = self.newest.values().cloned().collect();
        for (key, object) in &expected {
            ensure!(found.get(key) == Some(object), "`{key}` is missing, or otherwise");
        }
        for key in found.keys() {
            ensure!(expected.contains_key(key), "`{key}` should have been evicted, or never was");
        }
        Ok(())
    }
}
