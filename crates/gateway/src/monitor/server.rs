//! What the server is, and how it is set.

use std::{collections::BTreeMap, fs, io, path::Path, path::PathBuf};

use humantime::format_duration;
use monoxide_engine::{Engine, Health};
use monoxide_protocol::{Failing, ServerState, Storage};

use crate::{door::Door, health};

/// What keeps everything over a restart; only for those who look after the server.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) folder: PathBuf,
    pub(crate) backend: String,
    pub(crate) durability: String,
}

impl Stored {
    /// How many bytes the files in the folder have.
    pub(super) fn size(&self) -> Option<u64> {
        size_of(&self.folder).ok()
    }
}

fn size_of(folder: &Path) -> io::Result<u64> {
    let mut size = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // A backend removes files while we look.
        let Ok(metadata) = entry.metadata() else { continue };
        size += if metadata.is_dir() {
            size_of(&entry.path()).unwrap_or_default()
        } else {
            metadata.len()
        };
    }
    Ok(size)
}

/// What stays as it is.
pub(super) fn state(door: &Door) -> ServerState {
    let uptime = u64::try_from(door.running.since.elapsed().as_nanos()).unwrap_or_default();
    let storage = door.settings.stored.as_ref().map(|stored| Storage {
        backend: stored.backend.clone(),
        durability: stored.durability.clone(),
        folder: stored.folder.display().to_string(),
    });
    ServerState {
        name: door.settings.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        address: door.running.address.to_string(),
        started: Engine::wall_time().saturating_sub(uptime) / 1_000_000_000,
        health: String::new(),
        failing: None,
        storage,
        settings: settings(door),
    }
}

/// How it is now.
pub(super) fn update(state: &mut ServerState, door: &Door) {
    let health = door.engine.health();
    health::word(&health).clone_into(&mut state.health);
    state.failing = match health {
        Health::Failing { since, reason, .. } => Some(Failing { since, reason: reason.to_owned() }),
        _ => None,
    };
}

/// The settings that are in effect, as people write them. There are no secrets among them.
fn settings(door: &Door) -> BTreeMap<String, String> {
    let settings = &door.settings;
    let (timeouts, limits) = (settings.timeouts, settings.limits);
    let yes = |it: bool| (if it { "yes" } else { "no" }).to_owned();
    let count = |count: usize| match count {
        usize::MAX => "any number".to_owned(),
        count => count.to_string(),
    };
    let identity = match &settings.auth {
        None => "off: everybody may do everything that rules and filters allow".to_owned(),
        Some(auth) if auth.anonymous => "on; strangers are let in, too".to_owned(),
        Some(_) => "on".to_owned(),
    };
    let backups = settings.schedule.as_ref().map_or_else(
        || "none".to_owned(),
        |schedule| {
            let (every, folder) = (format_duration(schedule.every), schedule.folder.display());
            format!("every {every} in {folder}, the last {} are kept", schedule.keep)
        },
    );
    [
        ("identity", identity),
        ("tls", yes(settings.is_tls)),
        ("compression", yes(settings.compression)),
        ("no-patch", yes(door.engine.has_no_patch())),
        ("static", yes(door.engine.is_static())),
        ("rules", yes(door.engine.rules().is_some())),
        ("max-body", format!("{} bytes", settings.max_body)),
        ("max-message", format!("{} bytes", settings.max_message)),
        ("max-connections", count(limits.total)),
        ("max-connections-per-address", count(limits.per_address)),
        ("deadline", format_duration(settings.deadline).to_string()),
        ("header-timeout", format_duration(timeouts.header).to_string()),
        ("read-timeout", format_duration(timeouts.read).to_string()),
        ("write-timeout", format_duration(timeouts.write).to_string()),
        ("idle-timeout", format_duration(timeouts.idle).to_string()),
        ("ping", format_duration(settings.ping).to_string()),
        ("pong", format_duration(settings.pong).to_string()),
        ("tick", format_duration(settings.tick).to_string()),
        ("backups", backups),
        ("endpoints", settings.application.endpoints.len().to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
