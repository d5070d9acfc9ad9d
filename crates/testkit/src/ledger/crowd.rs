//! A list that everybody writes, sets, deletes and clears at the same time.
//!
//! Which of two writes at the same time was the last, only their versions say, and not
//! every answer has one. So several states may be right.

use std::collections::{BTreeMap, HashSet};

use anyhow::{Context as _, Result, ensure};
use fastrand::Rng;
use monoxide_engine::Condition;
use serde_json::Value;

use super::{Draft, Effect, Found, Objects, Order, Tally, Write, id_of, padding, value};

pub(super) const LIST: &str = "crash/crowd/*";

const NAMES: u32 = 5;

/// For each key what it may be.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    keys: BTreeMap<String, Vec<Deed>>,
}

/// Something that was perhaps done to a key.
#[derive(Debug)]
struct Deed {
    id: u64,
    /// What it left there.
    data: Option<Value>,
    begun: u64,
    /// The moment of the answer; without one it may have been done at any time.
    ended: u64,
    version: Option<u64>,
    is_sure: bool,
    had_answer: bool,
}

impl Deed {
    /// Whether this was certainly done after another.
    fn follows(&self, other: &Self) -> bool {
        let versions = self.version.zip(other.version);
        self.is_sure && (self.begun > other.ended || versions.is_some_and(|(a, b)| a > b))
    }
}

impl Crowd {
    pub(super) fn draft(id: u64, random: &mut Rng) -> Draft {
        let key = format!("{}{}", LIST.trim_end_matches('*'), random.u32(0..NAMES));
        let data = value(id, &padding(0, random));
        let set = || {
            let effect = Effect::Put { key: Some(key.clone()), data: data.clone() };
            Draft::new(Order::Write, &key, data.to_string(), effect)
        };
        let remove = |target: &str| {
            Draft::new(Order::Delete, target, String::new(), Effect::Remove(Vec::new()))
        };
        match random.u32(0..100) {
            0..60 => set(),
            60..70 => set().when(Condition::Missing),
            70..92 => remove(&key),
            _ => remove(LIST),
        }
    }

    /// Notes a write: when it was answered and with which version, or that it was not.
    pub(super) fn take(&mut self, write: &Write, answer: Option<(u64, Option<u64>)>) -> Result<()> {
        let (ended, version) = answer.unwrap_or((u64::MAX, None));
        let data = match &write.effect {
            Effect::Put { data, .. } => Some(data.clone()),
            _ => None,
        };
        ensure!(answer.is_none() || data.is_none() || version.is_some(), "it has no version");
        let one = [write.target.clone()];
        let all: Vec<_> = (0..NAMES).map(|name| LIST.replace('*', &name.to_string())).collect();
        for key in if write.target == LIST { &all[..] } else { &one[..] } {
            let deed = Deed {
                id: write.id,
                data: data.clone(),
                begun: write.begun,
                ended,
                version,
                is_sure: answer.is_some(),
                had_answer: answer.is_some(),
            };
            self.keys.entry(key.clone()).or_default().push(deed);
        }
        Ok(())
    }

    pub(super) fn check(
        &mut self,
        found: &Objects,
        told: &HashSet<u64>,
        tally: &mut Tally,
    ) -> Result<()> {
        for key in found.keys() {
            ensure!(self.keys.contains_key(key), "nobody wrote `{key}`");
        }
        for (key, deeds) in &mut self.keys {
            for deed in deeds.iter_mut().filter(|it| it.data.is_some()) {
                deed.is_sure |= told.contains(&deed.id);
            }
            let found = found.get(key);
            let last = last(deeds, found).with_context(|| format!("`{key}`"))?;
            for deed in deeds.iter().filter(|it| !it.had_answer && it.data.is_some()) {
                let counter = if found.is_some() && deed.id == last.id {
                    &mut tally.appeared
                } else {
                    &mut tally.vanished
                };
                *counter += 1;
            }
            *deeds = vec![last];
        }
        Ok(())
    }
}

/// The deed that left what was found, as the one from which the next life begins.
fn last(deeds: &[Deed], found: Option<&Found>) -> Result<Deed> {
    let id = found.map(|found| id_of(&found.data)).transpose()?;
    let left = |deed: &&Deed| match (found, &deed.data) {
        (None, None) => true,
        (Some(found), Some(data)) => {
            *data == found.data && deed.version.is_none_or(|it| it == found.version())
        }
        _ => false,
    };
    let could_be_last = |deed: &&Deed| !deeds.iter().any(|other| other.follows(deed));
    let is_new = !deeds.iter().any(|deed| deed.is_sure);
    let last = deeds.iter().filter(left).find(could_be_last);
    let what = || match id {
        Some(id) => format!("what was written with id {id} cannot be what is there"),
        None => "it is missing".to_owned(),
    };
    ensure!(last.is_some() || (found.is_none() && is_new), what());
    Ok(Deed {
        id: id.unwrap_or(0),
        data: found.map(|found| found.data.clone()),
        begun: 0,
        ended: 0,
        version: found.map(Found::version),
        is_sure: true,
        had_answer: true,
    })
}
