//! An engine that loses power, again and again.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context as _, Result, bail, ensure};
use fastrand::Rng;
use futures_util::future::{join_all, try_join_all};
use monoxide_engine::{
    Condition, Engine, Error, Filters, Identity, Limit, Patch, Seen, Session, Subscription,
};
use monoxide_protocol::{Glob, Json, Key, Message, Replica, Target, Version};
use serde_json::Value;

use super::{PowerDisk, Unflushed};
use crate::ledger::{Answered, Layout, Ledger, Objects, Order, Tally, Told, Write};

const WRITERS: usize = 6;

/// A disk is used for so many cuts, so that new ones are cut too.
const CUTS: u32 = 40;

/// A writer writes no more than this before the power is cut.
const MOST_WRITES: u32 = 1_000;

const LIMITED: (&str, usize) = ("crash/log/*", 10);

/// A key of which each sees a view of its own, whose versions no commit has: they must not come
/// again either.
const PERSONAL: &str = "crash/personal";

/// The clock of the first start.
const START: u64 = 1_700_000_000_000_000_000;

/// How far the clock may be set back at each start.
const BACK: u64 = 3_600_000_000_000;

/// What came of some power cuts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cuts {
    /// How many there were.
    pub cuts: u32,
    /// Those in which the engine had not yet loaded what there was.
    pub at_start: u32,
    /// How many messages subscribers were told.
    pub messages: u64,
    /// What was written.
    pub tally: Tally,
}

/// Writes to an engine with redb on a [`PowerDisk`], cuts the power at some write or flush of the file,
/// starts again on what is left, and checks that everything that was answered or told is
/// there, so many times. The clock is set back at each start.
///
/// # Errors
///
/// What is wrong, and after which cut.
pub async fn power_cuts(seed: u64, cuts: u32) -> Result<Cuts> {
    let mut random = Rng::with_seed(seed);
    let mut all = Cuts::default();
    while all.cuts < cuts {
        let mut disk = Lives::new();
        for _ in 0..CUTS.min(cuts - all.cuts) {
            all.cuts += 1;
            let nth = all.cuts;
            let lived = disk.live(&mut random, &mut all).await;
            lived.with_context(|| format!("cut {nth} with seed {seed}"))?;
        }
        disk.check(&mut random).await.with_context(|| format!("in the end, with seed {seed}"))?;
        let tally = disk.ledger.tally();
        all.tally += tally;
    }
    Ok(all)
}

/// The lives of an engine on one disk.
struct Lives {
    disk: PowerDisk,
    ledger: Arc<Ledger>,
    wall: Arc<AtomicU64>,
    told: BTreeMap<String, Told>,
    is_begun: bool,
}

impl Lives {
    fn new() -> Self {
        let limited = Some((LIMITED.0.to_owned(), LIMITED.1));
        let layout = Layout { writers: WRITERS, limited, largest: 100_000 };
        let ledger = Arc::new(Ledger::new(layout));
        let told = ledger.lists().into_iter().map(|list| (list, Told::default())).collect();
        let wall = Arc::new(AtomicU64::new(START));
        Self { disk: PowerDisk::default(), ledger, wall, told, is_begun: false }
    }

    /// Starts, checks what is there, and writes until the power is cut.
    async fn live(&mut self, random: &mut Rng, all: &mut Cuts) -> Result<()> {
        let latest = if random.u8(0..4) == 0 { 40 } else { 300 };
        self.disk.cut_at(random.u64(1..latest));
        let engine = self.start(random)?;
        match engine.ready().await {
            Ok(()) => self.load(&engine, random, all).await?,
            Err(Error::Load(why)) if why.contains("the power") => all.at_start += 1,
            Err(error) => return Err(error.into()),
        }
        engine.close().await;
        let manner = [Unflushed::Dropped, Unflushed::Kept, Unflushed::Torn, Unflushed::Torn];
        self.disk.restore(*random.choice(&manner).expect("there are some"), random);
        Ok(())
    }

    /// Starts and checks what is there, with the power on.
    async fn check(&mut self, random: &mut Rng) -> Result<()> {
        let engine = self.start(random)?;
        engine.ready().await?;
        self.look(&engine)?;
        engine.close().await;
        Ok(())
    }

    fn start(&self, random: &mut Rng) -> Result<Engine> {
        let back = random.u64(0..BACK);
        let now = self.wall.fetch_sub(back, Ordering::Relaxed) - back;
        let (disk, wall) = (self.disk.clone(), Arc::clone(&self.wall));
        self.wall.store(now.max(START / 2), Ordering::Relaxed);
        let engine = Engine::builder()
            .filters(
                Filters::new()
                    .limit(LIMITED.0, Limit::count(LIMITED.1))
                    .read_object(PERSONAL, |_, _| Ok(Seen::Whole)),
            )
            .wall_clock(move || wall.fetch_add(1_000, Ordering::Relaxed))
            .backend(move || disk.open());
        Ok(engine.start()?)
    }

    /// Checks what is there.
    fn look(&mut self, engine: &Engine) -> Result<()> {
        let mut found = BTreeMap::new();
        for list in self.ledger.lists() {
            let objects = engine.list(&Glob::parse(&list)?)?;
            for object in &objects {
                let version = object.version.number();
                ensure!(version == object.created.max(object.updated), "{object:?}");
            }
            let of = |object: &Arc<_>| object_of(object);
            let objects: Objects = objects.iter().map(of).collect();
            let told = self.told.get(&list).context("every list is watched")?;
            told.is_before(&objects).with_context(|| format!("`{list}` was told"))?;
            found.insert(list, objects);
        }
        self.ledger.check(&found)
    }

    /// Checks what is there, and writes until the power is cut.
    async fn load(&mut self, engine: &Engine, random: &mut Rng, all: &mut Cuts) -> Result<()> {
        self.look(engine)?;
        let session = engine.session(Identity::anonymous());
        if !self.begin(&session).await? {
            all.at_start += 1;
            return Ok(());
        }
        let mut listeners = Vec::new();
        for (list, told) in std::mem::take(&mut self.told) {
            let subscription = engine.subscribe(Glob::parse(&list)?, None).await?;
            listeners.push(tokio::spawn(listen(
                list,
                told,
                subscription,
                Arc::clone(&self.ledger),
            )));
        }
        let personal = session.subscribe(Glob::parse(PERSONAL)?, None).await?;
        let personal = tokio::spawn(hear(personal, Arc::clone(&self.ledger)));
        let writers = 0..WRITERS;
        let writers = writers.map(|writer| {
            let random = Rng::with_seed(random.u64(..));
            write(writer, random, session.clone(), Arc::clone(&self.ledger))
        });
        let written = try_join_all(writers).await;
        self.disk.cut();
        engine.close().await;
        for listener in join_all(listeners).await {
            let heard = listener??;
            self.told.insert(heard.list, heard.told);
            all.messages += heard.messages;
        }
        personal.await??;
        written.map(drop)
    }

    /// Writes what has to be there first; false when the power was cut before that was done.
    ///
    /// A server that has never been able to write since its start tells versions that nothing on
    /// disk knows of, and what has its clock set back may tell them again. So nobody listens before.
    async fn begin(&mut self, session: &Session) -> Result<bool> {
        let sums = if self.is_begun { Vec::new() } else { self.ledger.first() };
        for first in sums {
            match perform(session, &first).await? {
                Some(answered) => self.ledger.answered(&first, answered)?,
                None => return Ok(false),
            }
        }
        self.is_begun = true;
        let personal = Key::parse(PERSONAL)?;
        let first = session.set(&personal, Json::parse(b"0")?, &Condition::Always);
        Ok(first.await.is_ok())
    }
}

fn object_of(object: &monoxide_protocol::Object) -> (String, crate::ledger::Found) {
    (object.key.as_str().to_owned(), object.into())
}

/// Writes one thing after the other, until there is no answer, or too many were: the power is
/// cut in any case.
async fn write(
    writer: usize,
    mut random: Rng,
    session: Session,
    ledger: Arc<Ledger>,
) -> Result<()> {
    let personal = Key::parse(PERSONAL)?;
    for _ in 0..MOST_WRITES {
        let write = ledger.ask(writer, &mut random);
        match perform(&session, &write).await? {
            Some(answered) => ledger.answered(&write, answered)?,
            None => return ledger.lost(write),
        }
        if random.u8(0..8) == 0 {
            // What becomes of it is all the same.
            _ = session.set(&personal, Json::parse(b"1")?, &Condition::Always).await;
        }
    }
    Ok(())
}

/// Does a write; `None` when nobody knows whether it was done.
async fn perform(session: &Session, write: &Write) -> Result<Option<Answered>> {
    let done = |key: Option<&str>, version: Version| {
        let (key, version) = (key.map(str::to_owned), Some(version.number()));
        Ok(Answered::Done { key, version })
    };
    let condition = &write.condition;
    let result = match (write.order, Target::parse(&write.target)?) {
        (Order::Delete, Target::Object(key)) => {
            session.delete(&key, condition).await.and_then(|version| done(None, version))
        }
        (Order::Delete, Target::List(list)) => {
            session.delete_all(list.glob()).await.and_then(|version| done(None, version))
        }
        (order, target) => match (order, target, Json::parse(write.body.as_bytes())) {
            (_, _, Err(_)) => return Ok(Some(Answered::Refused)),
            (Order::Patch, Target::Object(key), Ok(data)) => {
                let patch = Patch::Merge(data.to_value());
                let patched = session.patch(&key, &patch, condition).await;
                patched.and_then(|version| done(Some(key.as_str()), version))
            }
            (_, Target::Object(key), Ok(data)) => {
                let set = session.set(&key, data, condition).await;
                set.and_then(|version| done(Some(key.as_str()), version))
            }
            (_, Target::List(list), Ok(data)) => {
                let pushed = session.push(&list, data).await;
                pushed.and_then(|(key, version)| done(Some(key.as_str()), version))
            }
        },
    };
    match result {
        Ok(answered) => Ok(Some(answered)),
        Err(Error::NotFound | Error::Condition | Error::Merge(_)) => Ok(Some(Answered::Refused)),
        Err(Error::Storage | Error::Closed) => Ok(None),
        Err(error) => bail!("{} was answered {error}", write.target),
    }
}

/// What somebody heard.
struct Heard {
    list: String,
    told: Told,
    messages: u64,
}

async fn listen(
    list: String,
    told: Told,
    mut subscription: Subscription,
    ledger: Arc<Ledger>,
) -> Result<Heard> {
    let mut replica = Replica::default();
    let mut heard = Heard { list, told, messages: 0 };
    while let Some(text) = subscription.next().await {
        let text = std::str::from_utf8(&text)?;
        replica.apply(Message::decode(text)?)?;
        let version = replica.version().unwrap_or_default().number();
        ledger.heard(version, &serde_json::from_str::<Value>(text)?);
        let document = replica.document().context("a message came")?;
        heard.told.hear(version, document).with_context(|| format!("`{}`", heard.list))?;
        heard.messages += 1;
    }
    Ok(heard)
}

/// Listens to nothing but versions.
async fn hear(mut subscription: Subscription, ledger: Arc<Ledger>) -> Result<()> {
    while let Some(text) = subscription.next().await {
        let message = Message::decode(std::str::from_utf8(&text)?)?;
        ledger.heard(message.version().number(), &Value::Null);
    }
    Ok(())
}
