//! A list that one writer has for itself, so that it always knows what is there.

use std::collections::HashSet;

use anyhow::{Context as _, Result, bail, ensure};
use fastrand::Rng;
use monoxide_engine::Condition;
use monoxide_protocol::Version;
use serde_json::{Value, json};

use super::{Draft, Effect, Found, Objects, Order, Tally, Write, padding, value};

/// How many keys of a list have names that are chosen; pushes add others.
const NAMES: u32 = 8;

#[derive(Debug)]
pub(super) struct Area {
    /// What all its keys begin with.
    prefix: String,
    objects: Objects,
    /// The last write, when it had no answer.
    lost: Option<Write>,
}

impl Area {
    pub(super) fn new(prefix: String) -> Self {
        Self { prefix, objects: Objects::new(), lost: None }
    }

    /// Some write, and what has to come of it.
    pub(super) fn draft(&self, id: u64, largest: usize, random: &mut Rng) -> Draft {
        let key = format!("{}{}", self.prefix, random.u32(0..NAMES));
        let list = format!("{}*", self.prefix);
        let now = self.objects.get(&key);
        let data = value(id, &padding(largest, random));
        let put = |key: &str| Effect::Put { key: Some(key.to_owned()), data: data.clone() };
        let set = |effect| Draft::new(Order::Write, &key, data.to_string(), effect);
        let this = |now: &Found| Condition::Version(vec![Version::new(now.version())]);
        match (random.u32(0..100), now) {
            (0..30, _) => set(put(&key)),
            (30..40, None) => set(put(&key)).when(Condition::Missing),
            (30..40, Some(now)) => set(put(&key)).when(this(now)),
            (40..46, None) => set(Effect::Refused).when(Condition::Exists),
            (40..43, Some(_)) => set(Effect::Refused).when(Condition::Missing),
            (43..46, Some(now)) => {
                set(Effect::Refused).when(Condition::Not(vec![Version::new(now.version())]))
            }
            (46..62, now) => patch(&key, id, now, random),
            (62..66, _) => {
                // An object does not become a number, and a missing one nothing.
                Draft::new(
                    Order::Patch,
                    &key,
                    json!({"id": id, "o": 5}).to_string(),
                    Effect::Refused,
                )
            }
            (66..78, _) => {
                let effect = Effect::Put { key: None, data: data.clone() };
                Draft::new(Order::Write, &list, data.to_string(), effect)
            }
            (78..91, _) => self.delete(random),
            (91..95, _) => {
                let all = self.objects.keys().cloned().collect();
                Draft::new(Order::Delete, &list, String::new(), Effect::Remove(all))
            }
            _ => {
                let torn = data.to_string();
                let torn = torn.get(..torn.len() - 1).unwrap_or_default().to_owned();
                Draft::new(Order::Write, &key, torn, Effect::Refused)
            }
        }
    }

    fn delete(&self, random: &mut Rng) -> Draft {
        let nth = random.usize(0..=self.objects.len());
        match self.objects.keys().nth(nth) {
            Some(key) => {
                let effect = Effect::Remove(vec![key.clone()]);
                Draft::new(Order::Delete, key, String::new(), effect)
            }
            None => {
                let missing = format!("{}missing", self.prefix);
                Draft::new(Order::Delete, &missing, String::new(), Effect::Refused)
            }
        }
    }

    pub(super) fn done(
        &mut self,
        write: &Write,
        key: Option<String>,
        version: Option<u64>,
    ) -> Result<()> {
        match &write.effect {
            Effect::Put { data, .. } => {
                let key = key.context("the answer names no key")?;
                ensure!(key.starts_with(&self.prefix), "the answer names `{key}`");
                let version = version.context("the answer has no version")?;
                self.objects = with(&self.objects, &key, data, version);
            }
            Effect::Remove(keys) => self.objects.retain(|key, _| !keys.contains(key)),
            Effect::Refused => {}
        }
        Ok(())
    }

    pub(super) fn lose(&mut self, write: Write) {
        self.lost = Some(write);
    }

    pub(super) fn check(
        &mut self,
        found: &Objects,
        told: &HashSet<u64>,
        tally: &mut Tally,
    ) -> Result<()> {
        let lost = self.lost.take();
        let Some(lost) = lost.filter(|it| !matches!(it.effect, Effect::Refused)) else {
            return same(&self.objects, found);
        };
        let was_told = matches!(lost.effect, Effect::Put { .. }) && told.contains(&lost.id);
        let with_it = self.with_lost(&lost, found);
        if with_it.as_ref() == Some(found) {
            tally.appeared += 1;
            self.objects = found.clone();
            return Ok(());
        }
        tally.vanished += 1;
        if was_told && self.objects == *found {
            bail!("a subscriber was told of {:?} {}, and it is not there", lost.order, lost.target);
        }
        let unsure = format!("without an answer was {:?} {}", lost.order, lost.target);
        same(&self.objects, found).context(unsure)
    }

    /// What is there when the write without an answer is, which must be newer than all others.
    fn with_lost(&self, lost: &Write, found: &Objects) -> Option<Objects> {
        match &lost.effect {
            Effect::Refused => None,
            Effect::Remove(keys) => {
                let mut objects = self.objects.clone();
                objects.retain(|key, _| !keys.contains(key));
                Some(objects)
            }
            Effect::Put { key, data } => {
                let pushed = || found.keys().find(|key| !self.objects.contains_key(*key));
                let key = key.as_ref().or_else(pushed)?;
                let version = found.get(key)?.version();
                (version > lost.above).then(|| with(&self.objects, key, data, version))
            }
        }
    }
}

/// A patch that fits, when there is something.
fn patch(key: &str, id: u64, now: Option<&Found>, random: &mut Rng) -> Draft {
    let member = format!("p{}", random.u32(0..4));
    let body = json!({"id": id, member.as_str(): id});
    let effect = match now {
        None => Effect::Refused,
        Some(now) => {
            let mut data = now.data.clone();
            if let (Value::Object(data), Value::Object(change)) = (&mut data, &body) {
                data.extend(change.clone());
            }
            Effect::Put { key: Some(key.to_owned()), data }
        }
    };
    Draft::new(Order::Patch, key, body.to_string(), effect)
}

/// What is there after a key got data.
fn with(objects: &Objects, key: &str, data: &Value, version: u64) -> Objects {
    let mut objects = objects.clone();
    let (created, updated) = objects.get(key).map_or((version, 0), |old| (old.created, version));
    objects.insert(key.to_owned(), Found { created, updated, data: data.clone() });
    objects
}

/// Says what is missing, or there and should not be, or otherwise than it should be.
fn same(expected: &Objects, found: &Objects) -> Result<()> {
    let brief = |it: Option<&Found>| match it {
        None => "nothing".to_owned(),
        Some(it) => {
            let id = it.data.get("id").map(ToString::to_string).unwrap_or_default();
            format!("created {:x}, updated {:x}, id {id}", it.created, it.updated)
        }
    };
    for key in expected.keys().chain(found.keys()) {
        let (expected, found) = (expected.get(key), found.get(key));
        ensure!(expected == found, "`{key}` is {} and should be {}", brief(found), brief(expected));
    }
    Ok(())
}
