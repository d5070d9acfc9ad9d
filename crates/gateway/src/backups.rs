//! Backups that the server makes by itself, and what is known of the last one.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use monoxide_engine::{
    Engine,
    backup::{BackupError, NewFile, Summary, is_partial},
};
use serde::Serialize;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::sleep,
};
use tokio_util::sync::CancellationToken;

/// How many may be made at once; each keeps what there was when it began.
const AT_ONCE: usize = 4;

/// How soon it is tried again when it failed, at most.
const AGAIN: Duration = Duration::from_secs(5 * 60);

/// How old a file is that was never finished before somebody else's can be told from one in work.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// What our files are called, around the time.
const PREFIX: &str = "monoxide-";
const SUFFIX: &str = ".backup";

/// When backups are made, and where to.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(crate) every: Duration,
    pub(crate) folder: PathBuf,
    pub(crate) keep: usize,
}

/// A backup that is kept.
#[derive(Debug, Serialize)]
pub(crate) struct Kept {
    pub(crate) name: String,
    size: u64,
    /// In nanoseconds since the Unix epoch.
    written: u64,
}

/// What is known of backups.
#[derive(Debug)]
pub(crate) struct Backups {
    news: Mutex<News>,
    places: Arc<Semaphore>,
}

/// The last backup, and why there is none since.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct News {
    /// When the last one that was finished was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failing: Option<Failing>,
}

/// Since when none could be made, and why. It names no file.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Failing {
    since: u64,
    reason: &'static str,
}

impl Default for Backups {
    fn default() -> Self {
        Self { news: Mutex::default(), places: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Backups {
    pub(crate) fn news(&self) -> News {
        self.lock().clone()
    }

    /// A place for one more at the same time; `None` when there are too many.
    pub(crate) fn begin(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Takes note of how one went.
    pub(crate) fn tell(&self, written: &Result<Summary, BackupError>) {
        match written {
            Ok(summary) => *self.lock() = News { last: Some(summary.taken), failing: None },
            // Whoever asked for it has gone, and will know.
            Err(error) => tracing::warn!(%error, "a backup was not finished"),
        }
    }

    fn tell_failure(&self, reason: &'static str) {
        let since = Engine::wall_time();
        self.lock().failing.get_or_insert(Failing { since, reason }).reason = reason;
    }

    /// Nothing panics while it is held.
    fn lock(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Schedule {
    /// Makes backups, one after the other, for as long as this is polled.
    pub(crate) async fn run(self, engine: Engine, backups: Arc<Backups>) {
        let schedule = Arc::new(self);
        let mut wait = schedule.first_wait();
        loop {
            sleep(wait).await;
            wait = match schedule.one(&engine).await {
                Ok((summary, path)) => {
                    tracing::info!(path = %path.display(), "a backup was made");
                    backups.tell(&Ok(summary));
                    schedule.every
                }
                Err(error) => {
                    let folder = schedule.folder.display();
                    tracing::error!(%folder, error = %error, "no backup could be made");
                    backups.tell_failure(error.reason());
                    schedule.every.min(AGAIN)
                }
            };
        }
    }

    /// How long the newest backup is good for: a server that is often restarted has some too.
    fn first_wait(&self) -> Duration {
        let newest = ours(&self.folder).ok().and_then(|files| {
            let times = files.iter().filter_map(|file| fs::metadata(file).ok()?.modified().ok());
            times.max()
        });
        let age = newest.and_then(|newest| SystemTime::now().duration_since(newest).ok());
        age.map_or(Duration::ZERO, |age| self.every.saturating_sub(age))
    }

    /// Those that are kept, the newest first.
    pub(crate) fn kept(&self) -> io::Result<Vec<Kept>> {
        let mut files = match ours(&self.folder) {
            // It is made with the first one.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            files => files?,
        };
        files.sort_unstable();
        // One may be removed while this looks at it.
        Ok(files.iter().rev().filter_map(|file| Kept::of(file).ok()).collect())
    }

    /// Makes one now.
    pub(crate) async fn one(
        self: &Arc<Self>,
        engine: &Engine,
    ) -> Result<(Summary, PathBuf), Failure> {
        let snapshot = engine.snapshot().await?;
        let (schedule, ended) = (Arc::clone(self), CancellationToken::new());
        // When nobody waits for it any more the server stops, and is not to wait for a slow disk.
        let _waiting = ended.clone().drop_guard();
        let written = spawn_blocking(move || {
            fs::create_dir_all(&schedule.folder)?;
            let now = humantime::format_rfc3339_nanos(SystemTime::now()).to_string();
            let name = format!("{PREFIX}{}{SUFFIX}", now.replace(':', "-"));
            let path = schedule.folder.join(name);
            let mut file = NewFile::create(&path, false)?;
            let out = io::BufWriter::new(&mut file);
            let summary = snapshot.write(Awaited { out, ended })?;
            file.keep()?;
            schedule.tidy(&path);
            Ok((summary, path))
        });
        written.await.unwrap_or(Err(Failure::Panicked))
    }

    /// Removes the oldest, and what was never finished.
    fn tidy(&self, newest: &Path) {
        let removed = ours(&self.folder).and_then(|mut files| {
            files.retain(|file| file != newest);
            files.sort_unstable();
            let spare = (files.len() + 1).saturating_sub(self.keep);
            files.iter().take(spare).try_for_each(fs::remove_file)?;
            abandoned(&self.folder)?.iter().try_for_each(fs::remove_file)
        });
        if let Err(error) = removed {
            tracing::warn!(%error, "old backups stay");
        }
    }
}

impl Kept {
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let about = fs::metadata(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let written = about.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let written = u64::try_from(written.as_nanos()).unwrap_or(u64::MAX);
        Ok(Self { name, size: about.len(), written })
    }
}

/// What is written only while somebody waits for it.
struct Awaited<W> {
    out: W,
    ended: CancellationToken,
}

impl<W: Write> Write for Awaited<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.ended.is_cancelled() {
            true => Err(io::Error::other("the server stops")),
            false => self.out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The backups in a folder; nothing else in it is touched.
fn ours(folder: &Path) -> io::Result<Vec<PathBuf>> {
    files(folder, |name| name.starts_with(PREFIX) && name.ends_with(SUFFIX))
}

fn abandoned(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let prefix = format!(".{PREFIX}");
    let mut found = files(folder, |name| name.starts_with(&prefix) && is_partial(name))?;
    found.retain(|file| {
        let changed = fs::metadata(file).and_then(|it| it.modified());
        let age = changed.ok().and_then(|it| SystemTime::now().duration_since(it).ok());
        age.is_some_and(|age| age > ABANDONED)
    });
    Ok(found)
}

fn files(folder: &Path, is_wanted: impl Fn(&str) -> bool) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if is_wanted(&entry.file_name().to_string_lossy()) {
            files.push(entry.path());
        }
    }
    Ok(files)
}

/// Why a backup was not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Engine(#[from] monoxide_engine::Error),
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("it panicked")]
    Panicked,
}

impl Failure {
    /// What anybody may know of it.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Engine(_) => "what is kept cannot be read",
            Self::Panicked => "it panicked",
            Self::Io(error) | Self::Backup(BackupError::Io(error)) => match error.kind() {
                io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::FileTooLarge => "the disk is full",
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "the folder may not be written"
                }
                _ => "the folder cannot be written",
            },
            Self::Backup(_) => "what is kept cannot be read",
        }
    }
}
