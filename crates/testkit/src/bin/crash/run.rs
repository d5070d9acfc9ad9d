//! One run: a server's many lives on one folder, and what they have in common.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use fastrand::Rng;
use monoxide_testkit::ledger::{Layout, Ledger, Objects, objects_of};
use serde_json::Value;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    gate::Gate,
    http::Http,
    server::{Program, Server},
    watcher::{self, Watcher},
    writer,
};

const WRITERS: usize = 12;

/// How large values get: sled keeps what is over half a MiB in files of its own.
const LARGEST: usize = 600_000;

/// How many objects nobody touches: loading takes a moment, and they are there all the same.
const STILL: usize = 3_000;
const STILL_LIST: &str = "crash/still/*";

/// Single keys that are watched beside the lists.
const KEYS: [&str; 3] = ["crash/sums/0", "crash/crowd/0", "crash/area-0/1"];

/// For how long a server is under load before it is killed, in milliseconds.
const LOAD: std::ops::Range<u64> = 5..300;

/// For how long a server has been started when it is killed while it loads, in microseconds.
const START: std::ops::Range<u64> = 0..40_000;

pub(crate) struct Run {
    folder: PathBuf,
    program: Program,
    seed: u64,
    random: Rng,
    ledger: Arc<Ledger>,
    gate: Gate,
    watchers: Vec<Watcher>,
    /// What the objects that nobody touches look like.
    still: Vec<u8>,
    begun: Instant,
    kills: u32,
    at_start: u32,
    longest: Duration,
}

impl Run {
    /// Starts a first server, and writes what is there from the beginning.
    pub(crate) async fn new(
        path: &Path,
        folder: &Path,
        backend: Option<&str>,
        seed: u64,
    ) -> Result<Self> {
        let begun = Instant::now();
        let program = Program::new(path, folder, backend);
        let mut server = program.start()?;
        let (address, longest) = server.ready().await?;
        let limited = limited(address).await?;
        let ledger = Ledger::new(Layout { writers: WRITERS, limited, largest: LARGEST });
        let ledger = Arc::new(ledger);
        writer::begin(address, &ledger).await?;
        let still = write_still(address).await?;
        server.kill().await?;

        let gate = Gate::new().await?;
        let client = watcher::client(&format!("http://{}", gate.address()))?;
        let lists = ledger.lists();
        let shared = lists.iter().skip(WRITERS - 2).map(String::as_str);
        let watch = |what| Watcher::start(&client, what, &ledger);
        let watchers = shared.chain(KEYS).map(watch).collect::<Result<_>>()?;
        let random = Rng::with_seed(seed);
        let (kills, at_start) = (1, 0);
        Ok(Self {
            folder: folder.to_owned(),
            program,
            seed,
            random,
            ledger,
            gate,
            watchers,
            still,
            begun,
            kills,
            at_start,
            longest,
        })
    }

    /// Lets servers live until so many are killed, and the last one end in peace.
    pub(crate) async fn kill(&mut self, kills: u32) -> Result<()> {
        while self.kills < kills {
            let nth = self.kills + 1;
            let lived = match self.random.u8(0..20) {
                0 => self.die_when_new().await,
                1..5 => self.die_at_start().await,
                _ => self.live_and_die().await,
            };
            lived.with_context(|| format!("at kill {nth}"))?;
        }
        self.end().await.context("in the end")
    }

    /// A server that is killed while it makes its folder, and another that starts on what is left.
    async fn die_when_new(&mut self) -> Result<()> {
        let folder = tempfile::tempdir_in(&self.folder)?;
        let program = self.program.on(folder.path());
        let server = program.start()?;
        sleep(Duration::from_micros(self.random.u64(START))).await;
        (self.kills, self.at_start) = (self.kills + 1, self.at_start + 1);
        server.kill().await?;
        let mut server = program.start()?;
        if let Err(error) = server.ready().await {
            let kept = folder.keep();
            return Err(error.context(format!("on the new folder `{}`", kept.display())));
        }
        server.kill().await
    }

    /// A server that is killed while it loads.
    async fn die_at_start(&mut self) -> Result<()> {
        let server = self.program.start()?;
        sleep(Duration::from_micros(self.random.u64(START))).await;
        (self.kills, self.at_start) = (self.kills + 1, self.at_start + 1);
        server.kill().await
    }

    /// A server that is killed under load.
    async fn live_and_die(&mut self) -> Result<()> {
        let (server, address) = self.start().await?;
        let stop = CancellationToken::new();
        let writers = self.write(address, &stop);
        let load = self.random.u64(LOAD);
        if self.random.u8(0..3) == 0 {
            let cut = self.random.u64(0..load);
            sleep(Duration::from_millis(cut)).await;
            self.gate.cut();
            sleep(Duration::from_millis(load - cut)).await;
        } else {
            sleep(Duration::from_millis(load)).await;
        }
        self.kills += 1;
        let killed = server.kill().await;
        self.gate.open(None);
        finish(writers).await?;
        killed?;
        for watcher in &mut self.watchers {
            watcher.lost().await?;
        }
        Ok(())
    }

    /// A server that is stopped, and one that finds everything.
    async fn end(&mut self) -> Result<()> {
        let (server, address) = self.start().await?;
        let stop = CancellationToken::new();
        let writers = self.write(address, &stop);
        sleep(Duration::from_millis(LOAD.end)).await;
        stop.cancel();
        finish(writers).await?;
        self.become_equal(address).await?;
        server.stop().await?;
        self.gate.open(None);
        let (server, address) = self.start().await?;
        self.become_equal(address).await?;
        server.stop().await
    }

    /// Starts a server, checks what it has, and lets subscribers in.
    async fn start(&mut self) -> Result<(Server, SocketAddr)> {
        let mut server = self.program.start()?;
        let (address, took) = server.ready().await?;
        self.longest = self.longest.max(took);
        let mut http = Http::connect(address).await?;
        let mut found = BTreeMap::new();
        for list in self.ledger.lists() {
            let objects = read(&mut http, &list).await?;
            found.insert(list, objects);
        }
        for watcher in &self.watchers {
            let now = read(&mut http, watcher.what()).await?;
            watcher.check(&now)?;
        }
        self.ledger.check(&found)?;
        let still = http.get(STILL_LIST).await?.body;
        ensure!(still == self.still, "something in `{STILL_LIST}` is not as it was");
        self.gate.open(Some(address));
        if self.random.bool() {
            self.become_equal(address).await?;
        }
        Ok((server, address))
    }

    /// Waits until every subscriber has what is there, when nobody writes.
    async fn become_equal(&mut self, server: SocketAddr) -> Result<()> {
        let mut http = Http::connect(server).await?;
        for watcher in &mut self.watchers {
            let now = read(&mut http, watcher.what()).await?;
            watcher.has(&now).await?;
        }
        Ok(())
    }

    fn write(&mut self, server: SocketAddr, stop: &CancellationToken) -> JoinSet<Result<()>> {
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let (random, ledger) = (self.random.fork(), Arc::clone(&self.ledger));
            writers.spawn(writer::write_on(writer, random, server, ledger, stop.clone()));
        }
        writers
    }

    /// What came of it, in some lines.
    pub(crate) fn summary(&self) -> String {
        let figures = self.watchers.iter().map(Watcher::figures);
        let (messages, connections) = figures.fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
        let tally = self.ledger.tally();
        let Self { kills, at_start, seed, .. } = self;
        let mut text = String::new();
        _ = write!(
            text,
            "{}: {kills} kills in {:.0} s, {at_start} of them while it was loading; seed {seed}\n\
             writes: {} answered, {} refused; of those without an answer {} were there, {} not\n\
             subscribers: {}, with {messages} messages over {connections} connections\n\
             longest start, from nothing to the first answer: {} ms",
            self.program.backend(),
            self.begun.elapsed().as_secs_f32(),
            tally.done,
            tally.refused,
            tally.appeared,
            tally.vanished,
            self.watchers.len(),
            self.longest.as_millis()
        );
        if self.ledger.limited_list().is_none() {
            text += "\nthe server has no list with a limit by count, so nothing was evicted";
        }
        text
    }
}

async fn finish(mut writers: JoinSet<Result<()>>) -> Result<()> {
    while let Some(written) = writers.join_next().await {
        written??;
    }
    Ok(())
}

/// What is there under a key or in a list.
async fn read(http: &mut Http, what: &str) -> Result<Objects> {
    let answer = http.get(what).await?;
    if answer.status == 404 {
        return Ok(Objects::new());
    }
    ensure!(answer.status == 200, "`{what}` is answered {}", answer.status);
    objects_of(&serde_json::from_slice(&answer.body)?)
}

/// The first list of the application that has a limit by count and nothing else to say.
async fn limited(server: SocketAddr) -> Result<Option<(String, usize)>> {
    let answer = Http::connect(server).await?.get("?api=filters").await?;
    let filters: Value = serde_json::from_slice(&answer.body)?;
    let filters = filters.get("filters").and_then(Value::as_array).context("it has filters")?;
    Ok(filters.iter().find_map(|filter| {
        let list = filter.get("path")?.as_str().filter(|path| path.ends_with("/*"))?;
        let most = filter.get("limit")?.as_u64()?;
        Some((list.to_owned(), usize::try_from(most).ok()?))
    }))
}

/// Writes the objects that nobody touches; what the list then looks like.
async fn write_still(server: SocketAddr) -> Result<Vec<u8>> {
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(async move {
            let mut http = Http::connect(server).await?;
            for nth in (writer..STILL).step_by(WRITERS) {
                let (key, body) = (STILL_LIST.replace('*', &nth.to_string()), "x".repeat(200));
                let answer = http.ask("POST", &key, "", &format!("\"{body}\"")).await?;
                ensure!(answer.status == 200, "`{key}` is answered {}", answer.text());
            }
            Ok(())
        });
    }
    finish(writers).await?;
    Ok(Http::connect(server).await?.get(STILL_LIST).await?.body)
}
