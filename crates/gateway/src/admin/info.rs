//! `/?api=info`: how the server is set, and how it is.

use std::time::Duration;

use monoxide_engine::Health;
use monoxide_protocol::Version;
use serde::Serialize;

use crate::{backups::News, door::Door, error::Refusal, guests::Full, health};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Info {
    name: String,
    address: String,
    deadline: u64,
    read_timeout: u64,
    write_timeout: u64,
    read_header_timeout: u64,
    idle_timeout: u64,
    force_patch: bool,
    no_patch: bool,
    #[serde(rename = "static")]
    is_static: bool,
    silence: bool,
    workers: usize,
    tick: u64,
    watch_panics: u64,
    dropped_events: u64,
    // From here on the names are ours.
    version: &'static str,
    uptime: u64,
    objects: usize,
    connections: usize,
    refused_connections: u64,
    refused_by_address: u64,
    subscribers: usize,
    topics: usize,
    skips: u64,
    pinned_bytes: usize,
    health: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failing: Option<Failing>,
    backup: News,
}

/// Since when nothing can be written, and why.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failing {
    since: u64,
    reason: &'static str,
    /// The first and the last version of what was answered and is not on disk.
    at_risk: Option<(Version, Version)>,
}

/// ooo's numbers, and some of our own. Durations are in nanoseconds.
pub(super) async fn info(door: &Door) -> Result<Info, Refusal> {
    let (engine, settings) = (&door.engine, &door.settings);
    let (guests, stats) = (&door.running.guests, engine.stats().await?);
    let health = engine.health();
    Ok(Info {
        name: settings.name.clone(),
        address: door.running.address.to_string(),
        deadline: nanos(settings.deadline),
        read_timeout: nanos(settings.timeouts.read),
        write_timeout: nanos(settings.timeouts.write),
        read_header_timeout: nanos(settings.timeouts.header),
        idle_timeout: nanos(settings.timeouts.idle),
        // ooo has the setting, and it has no effect on the wire.
        force_patch: false,
        no_patch: engine.has_no_patch(),
        is_static: engine.is_static(),
        silence: true,
        // The hub is one task.
        workers: 1,
        tick: nanos(settings.tick),
        watch_panics: 0,
        dropped_events: engine.dropped_events(),
        version: env!("CARGO_PKG_VERSION"),
        uptime: nanos(door.running.since.elapsed()),
        objects: engine.objects(),
        connections: guests.open(),
        refused_connections: guests.refused(Full::Total),
        refused_by_address: guests.refused(Full::Address),
        subscribers: guests.connections().count(),
        topics: stats.topics,
        skips: stats.skips,
        pinned_bytes: stats.pinned_bytes,
        health: health::word(&health),
        failing: failing(&health),
        backup: door.running.backups.news(),
    })
}

fn failing(health: &Health) -> Option<Failing> {
    match *health {
        Health::Failing { since, reason, at_risk } => Some(Failing { since, reason, at_risk }),
        _ => None,
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
