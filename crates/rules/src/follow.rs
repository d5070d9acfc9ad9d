//! A file of rules that is read again when it changes.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use monoxide_engine::{Engine, Error};
use tokio::time::{MissedTickBehavior, interval};

use crate::rule_set::RuleSet;

/// How often it is looked whether the file has changed. Two questions to the system in a second
/// cost nothing, and work where being told does not: for files that are moved into place, links,
/// and folders from elsewhere.
const LOOK: Duration = Duration::from_millis(500);

/// What changes when a file does.
type Stamp = Option<(SystemTime, u64, u64)>;

/// Puts the rules of a file in force whenever it has changed, and on SIGHUP, until the engine is
/// closed. A file that cannot be read or has a mistake is logged with its line, and changes
/// nothing.
pub async fn follow(engine: Engine, path: PathBuf) {
    let mut asked = hangups();
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    // Whoever read the file for the start may have read an older one.
    let (mut seen, mut taken): (Option<Stamp>, Option<Stamp>) = (None, None);
    loop {
        let is_asked = tokio::select! {
            _ = looks.tick() => false,
            () = asked.next() => true,
        };
        let now = Some(stamp(&path));
        // While it still changes, it may be half written: fewer rules than there are to be.
        let is_still = seen == now;
        seen = now;
        if !is_asked && (taken == now || !is_still) {
            continue;
        }
        taken = now;
        match RuleSet::from_file(&path) {
            Ok(rules) => {
                if let Err(Error::Closed) = engine.set_rules(Some(Arc::new(rules))).await {
                    return;
                }
                tracing::info!(path = %path.display(), "the rules are in force");
            }
            Err(error) => tracing::error!(%error, "the rules stay as they were"),
        }
    }
}

fn stamp(path: &Path) -> Stamp {
    let file = fs::metadata(path).ok()?;
    Some((file.modified().ok()?, file.len(), number(&file)))
}

#[cfg(unix)]
fn number(file: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(file)
}

#[cfg(not(unix))]
fn number(_: &fs::Metadata) -> u64 {
    0
}

/// The times that the process is told SIGHUP; never, where there is none.
struct Hangups(#[cfg(unix)] Option<tokio::signal::unix::Signal>);

#[cfg(unix)]
fn hangups() -> Hangups {
    use tokio::signal::unix::{SignalKind, signal};
    Hangups(signal(SignalKind::hangup()).ok())
}

#[cfg(not(unix))]
fn hangups() -> Hangups {
    Hangups()
}

impl Hangups {
    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.0 {
            signal.recv().await;
            return;
        }
        std::future::pending().await
    }
}
