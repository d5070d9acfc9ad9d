//! What writers have asked for, and what may be there after a crash: the memory of the crash
//! tests.
//!
//! A [`Ledger`] makes up writes and is told how each was answered. After a crash it is shown what is
//! there, and says whether that can be: every write that was answered, every one that a subscriber
//! was told of, of those without an answer each as a whole or not at all, and nothing that was refused.
//! It then goes on from there.

mod area;
mod crowd;
mod found;
mod limited;
mod sums;

use std::{
    collections::{BTreeMap, HashSet},
    ops::AddAssign,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context as _, Result, bail, ensure};
use fastrand::Rng;
use monoxide_engine::Condition;
use serde_json::{Value, json};

pub use self::found::{Found, Objects, Told, objects_of};
use self::{area::Area, crowd::Crowd, limited::Limited, sums::Sums};

/// What is written where.
#[derive(Debug, Clone)]
pub struct Layout {
    /// How many writers there are. Each asks for one thing at a time.
    pub writers: usize,
    /// A list with a limit by count, when there is one, and its limit.
    pub limited: Option<(String, usize)>,
    /// How large values get, in bytes; most are far smaller.
    pub largest: usize,
}

/// Knows what was written, by whom, and what came of it.
#[derive(Debug)]
pub struct Ledger {
    layout: Layout,
    areas: Vec<Mutex<Area>>,
    crowd: Mutex<Crowd>,
    sums: Mutex<Sums>,
    limited: Option<Mutex<Limited>>,
    ids: AtomicU64,
    /// Moments: each asking and each answer has its own.
    moments: AtomicU64,
    /// The highest version that anybody was told.
    highest: AtomicU64,
    /// The ids of the values that subscribers were told of since the last crash.
    told: Mutex<HashSet<u64>>,
    tally: Mutex<Tally>,
}

/// What is to be done with a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Set a key, or push to a list.
    Write,
    /// Merge into what is under a key.
    Patch,
    /// Delete a key, or everything in a list.
    Delete,
}

/// One thing that a writer asks for.
#[derive(Debug)]
pub struct Write {
    /// What is to be done.
    pub order: Order,
    /// The key or list.
    pub target: String,
    /// What is written. It may not be JSON, which is to be refused.
    pub body: String,
    /// What has to hold.
    pub condition: Condition,
    writer: usize,
    place: Place,
    id: u64,
    effect: Effect,
    begun: u64,
    /// The highest version that anybody was told before.
    above: u64,
}

/// How a write was answered.
#[derive(Debug, Clone)]
pub enum Answered {
    /// It was done.
    Done {
        /// The key that was written, when the answer says so.
        key: Option<String>,
        /// The version, when the answer says so.
        version: Option<u64>,
    },
    /// It was refused: that changes nothing.
    Refused,
}

/// How often what happened.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// Writes that were done.
    pub done: u64,
    /// Writes that were refused.
    pub refused: u64,
    /// Writes without an answer that were found.
    pub appeared: u64,
    /// Writes without an answer that were not found.
    pub vanished: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.done += other.done;
        self.refused += other.refused;
        self.appeared += other.appeared;
        self.vanished += other.vanished;
    }
}

/// Which part of the ledger a write belongs to.
#[derive(Debug, Clone, Copy)]
enum Place {
    Area,
    Crowd,
    Sums,
    Limited,
}

/// What a write changes, if it is done.
#[derive(Debug, Clone)]
enum Effect {
    /// It has to be refused.
    Refused,
    /// A key gets this data; a push gives the key only with its answer.
    Put { key: Option<String>, data: Value },
    /// These keys go.
    Remove(Vec<String>),
}

/// A write before it is given out.
#[derive(Debug)]
struct Draft {
    order: Order,
    target: String,
    body: String,
    condition: Condition,
    effect: Effect,
}

impl Draft {
    fn new(order: Order, target: &str, body: String, effect: Effect) -> Self {
        Self { order, target: target.to_owned(), body, condition: Condition::Always, effect }
    }

    fn when(self, condition: Condition) -> Self {
        Self { condition, ..self }
    }
}

impl Ledger {
    /// A ledger of a storage with nothing in it.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        let area = |writer| Mutex::new(Area::new(format!("crash/area-{writer}/")));
        Self {
            areas: (0..layout.writers).map(area).collect(),
            crowd: Mutex::default(),
            sums: Mutex::new(Sums::new(layout.writers)),
            limited: layout
                .limited
                .clone()
                .map(|(list, most)| Limited::new(list, most))
                .map(Mutex::new),
            layout,
            ids: AtomicU64::new(1),
            moments: AtomicU64::new(1),
            highest: AtomicU64::new(0),
            told: Mutex::default(),
            tally: Mutex::default(),
        }
    }

    /// What has to be written before anything else.
    #[must_use]
    pub fn first(&self) -> Vec<Write> {
        Sums::first().into_iter().map(|draft| self.write(0, Place::Sums, 0, draft)).collect()
    }

    /// What a writer asks for next. It has to have the answer to the last before.
    #[must_use]
    pub fn ask(&self, writer: usize, random: &mut Rng) -> Write {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        let (place, draft) = match random.u32(0..100) {
            0..15 => (Place::Crowd, Crowd::draft(id, random)),
            15..30 => (Place::Sums, lock(&self.sums).draft(writer, random)),
            30..50 if self.limited.is_some() => {
                let limited = self.limited.as_ref().map(|it| lock(it).draft(id, random));
                (Place::Limited, limited.expect("there is one, just seen"))
            }
            _ => {
                let area = self.areas.get(writer).expect("as many areas as writers");
                (Place::Area, lock(area).draft(id, self.layout.largest, random))
            }
        };
        self.write(writer, place, id, draft)
    }

    fn write(&self, writer: usize, place: Place, id: u64, draft: Draft) -> Write {
        let Draft { order, target, body, condition, effect } = draft;
        let above = self.highest.load(Ordering::SeqCst);
        let begun = self.moments.fetch_add(1, Ordering::SeqCst);
        Write { order, target, body, condition, writer, place, id, effect, begun, above }
    }

    /// A write was answered.
    ///
    /// # Errors
    ///
    /// When that cannot be the answer.
    pub fn answered(&self, write: &Write, answered: Answered) -> Result<()> {
        self.take_answer(write, answered)
            .with_context(|| format!("{:?} {} {}", write.order, write.target, write.body))
    }

    fn take_answer(&self, write: &Write, answered: Answered) -> Result<()> {
        let ended = self.moments.fetch_add(1, Ordering::SeqCst);
        let Answered::Done { key, version } = answered else {
            lock(&self.tally).refused += 1;
            // In a crowd nobody knows what another has just done.
            let may_be = matches!(write.place, Place::Crowd) && write.may_lose();
            ensure!(may_be || matches!(write.effect, Effect::Refused), "it was refused");
            return Ok(());
        };
        ensure!(!matches!(write.effect, Effect::Refused), "it was not refused");
        if let Some(version) = version {
            let above = write.above;
            ensure!(version > above, "it got version {version:x}, after {above:x} was told");
            self.highest.fetch_max(version, Ordering::SeqCst);
        }
        lock(&self.tally).done += 1;
        match write.place {
            Place::Area => lock(self.area(write)?).done(write, key, version),
            Place::Crowd => lock(&self.crowd).take(write, Some((ended, version))),
            Place::Sums => lock(&self.sums).done(write, version),
            Place::Limited => lock(self.limited()?).done(write, key, version),
        }
    }

    /// There will be no answer to a write; its writer asks for nothing more before the crash.
    ///
    /// # Errors
    ///
    /// Never, if the write is one of this ledger.
    pub fn lost(&self, write: Write) -> Result<()> {
        match write.place {
            Place::Area => lock(self.area(&write)?).lose(write),
            Place::Crowd => return lock(&self.crowd).take(&write, None),
            // The counter says that it was sent.
            Place::Sums => {}
            Place::Limited => lock(self.limited()?).lose(write),
        }
        Ok(())
    }

    /// Somebody was told this version, with a document or a patch: what is in it is not to be lost,
    /// and what is written from now on is above it.
    pub fn heard(&self, version: u64, part: &Value) {
        self.highest.fetch_max(version, Ordering::SeqCst);
        found::ids_in(part, &mut lock(&self.told));
    }

    /// The lists whose objects [`check`](Self::check) wants to see.
    #[must_use]
    pub fn lists(&self) -> Vec<String> {
        let areas = (0..self.layout.writers).map(|writer| format!("crash/area-{writer}/*"));
        let shared = [crowd::LIST, sums::LIST].map(str::to_owned);
        let limited = self.layout.limited.iter().map(|(list, _)| list.clone());
        areas.chain(shared).chain(limited).collect()
    }

    /// The list with a limit, and its limit.
    #[must_use]
    pub fn limited_list(&self) -> Option<&(String, usize)> {
        self.layout.limited.as_ref()
    }

    /// Looks at what is there after a crash, and goes on from it.
    ///
    /// # Errors
    ///
    /// What is missing, torn, or there though it should not be.
    pub fn check(&self, found: &BTreeMap<String, Objects>) -> Result<()> {
        let told = std::mem::take(&mut *lock(&self.told));
        let of = |list: &str| found.get(list).with_context(|| format!("nobody read `{list}`"));
        let mut tally = lock(&self.tally);
        for (writer, area) in self.areas.iter().enumerate() {
            let list = format!("crash/area-{writer}/*");
            let checked = lock(area).check(of(&list)?, &told, &mut tally);
            checked.with_context(|| format!("in `{list}`"))?;
        }
        let checked = lock(&self.crowd).check(of(crowd::LIST)?, &told, &mut tally);
        checked.with_context(|| format!("in `{}`", crowd::LIST))?;
        let checked = lock(&self.sums).check(of(sums::LIST)?, &mut tally);
        checked.with_context(|| format!("in `{}`", sums::LIST))?;
        if let (Some(limited), Some((list, _))) = (&self.limited, &self.layout.limited) {
            let checked = lock(limited).check(of(list)?, &told, &mut tally);
            checked.with_context(|| format!("in `{list}`"))?;
        }
        Ok(())
    }

    /// How often what happened so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        *lock(&self.tally)
    }

    fn area(&self, write: &Write) -> Result<&Mutex<Area>> {
        self.areas.get(write.writer).context("there is no such writer")
    }

    fn limited(&self) -> Result<&Mutex<Limited>> {
        self.limited.as_ref().context("there is no list with a limit")
    }
}

impl Write {
    /// Whether another writer can make it be refused.
    fn may_lose(&self) -> bool {
        self.order == Order::Delete || self.condition != Condition::Always
    }
}

/// Some text that makes a value as long as it is to be.
fn padding(largest: usize, random: &mut Rng) -> String {
    let most = match random.u32(0..1000) {
        0..3 => largest,
        3..60 => largest.min(8 * 1024),
        _ => 200,
    };
    "x".repeat(random.usize(0..=most))
}

/// The usual value of an object. What is in `o` refuses to become a number.
fn value(id: u64, padding: &str) -> Value {
    json!({"id": id, "o": {"n": 1}, "pad": padding})
}

/// The id of a value that [`value`] made.
fn id_of(data: &Value) -> Result<u64> {
    let id = data.get("id").and_then(Value::as_u64);
    match id {
        Some(id) => Ok(id),
        None => bail!("nobody wrote {data}"),
    }
}

/// A panic elsewhere ends the test in any case.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
