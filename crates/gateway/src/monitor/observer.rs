//! Looks at the server, and remembers what it saw.

use std::{collections::BTreeMap, mem, time::Duration};

use memory_stats::memory_stats;
use monoxide_engine::{Engine, Error};
use monoxide_protocol::{Monitor, SAMPLES, Sample, ServerState};
use tokio::{task::spawn_blocking, time::Instant};

use super::{
    NAME,
    meter::Counts,
    server,
    used::{Flows, Used},
};
use crate::door::Door;

/// Who comes between two ticks is told at once, and then not with the very next one.
const TOO_SOON: Duration = Duration::from_millis(500);

/// What was seen, and of what the next sight is the difference.
pub(super) struct Observer {
    server: ServerState,
    since: u64,
    /// A ring: what is oldest is replaced.
    history: Box<[Option<Sample>; SAMPLES]>,
    next: usize,
    disk: u64,
    kept: Counted,
    seen: Counted,
    used: Used,
}

/// What was counted until some time.
struct Counted {
    at: Instant,
    counts: Counts,
}

/// What one look has found.
pub(super) struct Seen {
    pub(super) document: String,
    pub(super) flows: Flows,
}

impl Counted {
    fn now(door: &Door) -> Self {
        Self { at: Instant::now(), counts: door.running.guests.meter().read() }
    }
}

impl Observer {
    pub(super) fn new(door: &Door) -> Self {
        Self {
            server: server::state(door),
            since: Engine::wall_time(),
            history: Box::new([None; SAMPLES]),
            next: 0,
            disk: 0,
            kept: Counted::now(door),
            seen: Counted::now(door),
            used: Used::default(),
        }
    }

    /// Keeps what happened since the last one that was kept.
    pub(super) async fn keep_sample(&mut self, door: &Door) {
        if let Some(stored) = door.settings.stored.clone() {
            // What cannot be looked at now is as it was.
            let size = spawn_blocking(move || stored.size()).await;
            self.disk = size.ok().flatten().unwrap_or(self.disk);
        }
        let before = mem::replace(&mut self.kept, Counted::now(door));
        let sample = sample(door, &before, &self.kept, self.disk);
        if let Some(slot) = self.history.get_mut(self.next) {
            *slot = Some(sample);
        }
        self.next = (self.next + 1) % SAMPLES;
    }

    /// Nobody watches: what comes to be told is what happened from here on.
    pub(super) fn look_away(&mut self, door: &Door) {
        self.seen = Counted::now(door);
    }

    /// Whether too little time has passed since the last look for another to tell anything.
    pub(super) fn has_just_looked(&self) -> bool {
        self.seen.at.elapsed() < TOO_SOON
    }

    /// Looks at everything.
    pub(super) async fn look(&mut self, door: &Door) -> Result<Seen, Error> {
        let topics = door.engine.topics().await?;
        let before = mem::replace(&mut self.seen, Counted::now(door));
        let (topics, connections, flows) = self.used.look(door, topics, self.seen.at);
        server::update(&mut self.server, door);
        let history = self.history.iter().enumerate();
        let data = Monitor {
            server: self.server.clone(),
            now: sample(door, &before, &self.seen, self.disk),
            history: history
                .filter_map(|(nth, it)| Some((nth, (*it)?)))
                .collect::<BTreeMap<_, _>>(),
            topics,
            connections,
        };
        let data = serde_json::to_string(&data).expect("these are structs, and maps with names");
        let (created, updated) = (self.since, Engine::wall_time());
        let document = format!(
            r#"{{"created":{created},"updated":{updated},"index":"{NAME}","path":"{NAME}","data":{data}}}"#
        );
        Ok(Seen { document, flows })
    }
}

fn sample(door: &Door, before: &Counted, now: &Counted, disk: u64) -> Sample {
    let counts = now.counts.since(&before.counts);
    let [reads, lists, writes, others] = counts.requests;
    let guests = &door.running.guests;
    Sample {
        at: Engine::wall_time() / 1_000_000_000,
        span: u64::try_from((now.at - before.at).as_millis()).unwrap_or(u64::MAX),
        reads,
        lists,
        writes,
        others,
        refused: counts.refused,
        failed: counts.failed,
        messages: counts.messages,
        bytes: counts.bytes,
        p50: counts.percentile(50),
        p95: counts.percentile(95),
        p99: counts.percentile(99),
        connections: guests.open() as u64,
        sockets: guests.connections().count() as u64,
        memory: memory_stats().map_or(0, |stats| stats.physical_mem as u64),
        objects: door.engine.objects() as u64,
        disk,
    }
}
