//! Objects that everybody patches, each in a member of its own: of patches at the same time none
//! may be lost.

use anyhow::{Context as _, Result, ensure};
use fastrand::Rng;
use serde_json::{Value, json};

use super::{Draft, Effect, Objects, Order, Tally, Write};

pub(super) const LIST: &str = "crash/sums/*";

const NAMES: usize = 3;

#[derive(Debug)]
pub(super) struct Sums {
    sums: Vec<Sum>,
}

#[derive(Debug)]
struct Sum {
    /// By writer.
    counts: Vec<Count>,
    version: u64,
    is_made: bool,
}

/// How far a writer has counted.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    answered: u64,
    sent: u64,
}

fn key(nth: usize) -> String {
    LIST.replace('*', &nth.to_string())
}

fn member(writer: usize) -> String {
    format!("w{writer}")
}

impl Sums {
    pub(super) fn new(writers: usize) -> Self {
        let sum = || Sum { counts: vec![Count::default(); writers], version: 0, is_made: false };
        Self { sums: (0..NAMES).map(|_| sum()).collect() }
    }

    /// Makes the objects: what is not there cannot be patched.
    pub(super) fn first() -> Vec<Draft> {
        let set = |nth| {
            let effect = Effect::Put { key: Some(key(nth)), data: json!({}) };
            Draft::new(Order::Write, &key(nth), "{}".to_owned(), effect)
        };
        (0..NAMES).map(set).collect()
    }

    pub(super) fn draft(&mut self, writer: usize, random: &mut Rng) -> Draft {
        let nth = random.usize(0..NAMES);
        let count = self.sums.get_mut(nth).and_then(|sum| sum.counts.get_mut(writer));
        let number = count.map_or(0, |count| {
            count.sent += 1;
            count.sent
        });
        let data = json!({member(writer): number});
        let body = data.to_string();
        Draft::new(Order::Patch, &key(nth), body, Effect::Put { key: Some(key(nth)), data })
    }

    pub(super) fn done(&mut self, write: &Write, version: Option<u64>) -> Result<()> {
        let nth = (0..NAMES).find(|nth| key(*nth) == write.target);
        let sum = nth.and_then(|nth| self.sums.get_mut(nth)).context("there is no such sum")?;
        sum.version = sum.version.max(version.context("the answer has no version")?);
        sum.is_made = true;
        let count = sum.counts.get_mut(write.writer).context("there is no such writer")?;
        // A writer has one write under way at a time.
        count.answered = count.sent;
        Ok(())
    }

    pub(super) fn check(&mut self, found: &Objects, tally: &mut Tally) -> Result<()> {
        for (nth, sum) in self.sums.iter_mut().enumerate() {
            let key = key(nth);
            let Some(object) = found.get(&key) else {
                ensure!(!sum.is_made, "`{key}` is missing");
                continue;
            };
            let (is, least) = (object.version(), sum.version);
            ensure!(is >= least, "`{key}` is of {is:x}, before {least:x}");
            sum.version = is;
            for (writer, count) in sum.counts.iter_mut().enumerate() {
                let number = object.data.get(member(writer)).and_then(Value::as_u64).unwrap_or(0);
                let Count { answered, sent } = *count;
                ensure!(
                    (answered..=sent).contains(&number),
                    "writer {writer} was answered {answered} and sent {sent}, and `{key}` has {number}"
                );
                tally.appeared += number - answered;
                tally.vanished += sent - number;
                *count = Count { answered: number, sent: number };
            }
        }
        Ok(())
    }
}
