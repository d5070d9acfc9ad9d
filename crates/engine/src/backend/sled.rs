//! The backend sled: a log-structured tree.
//!
//! All spaces are in one tree, each under the first letter of its name, because a batch is
//! one step only within a tree.

use std::{
    collections::HashSet,
    ffi::OsString,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use sled::{Config, Db};

use super::{Backend, BackendError, Batch, Each, Space};

/// What is kept in memory of the file. The state itself is in memory already.
const CACHE: u64 = 16 * 1024 * 1024;

/// How often, and how long after each other, it is tried to open a file that is still held.
const TRIES: u32 = 1_000;
const PAUSE: Duration = Duration::from_millis(5);

pub(super) struct Sled {
    /// Taken when it is dropped.
    database: Option<Db>,
    files: Files,
    /// Whether every batch was written.
    is_sound: bool,
}

impl Sled {
    /// Opens the files in `folder`, and makes them when they are not there.
    pub(super) fn open(folder: &Path) -> Result<Self, BackendError> {
        let config = Config::new()
            .path(folder)
            .cache_capacity(CACHE)
            // A thread of its own would flush between batches, for nothing.
            .flush_every_ms(None);
        if !folder.join("db").exists() {
            // Its making was interrupted before there was anything, and sled cannot read half of its
            // settings.
            _ = fs::remove_file(folder.join("conf"));
        }
        let database = open_when_free(&config)?;
        Ok(Self { database: Some(database), files: Files::open(folder)?, is_sound: true })
    }

    fn database(&self) -> Result<&Db, BackendError> {
        self.database.as_ref().ok_or_else(|| BackendError::Io("it is closed".to_owned()))
    }
}

impl Drop for Sled {
    /// When the disk was full, sled waits here for ever, for a thread of its own that is gone, and
    /// it keeps its lock. So somebody else has to wait.
    fn drop(&mut self) {
        let database = self.database.take();
        if !self.is_sound {
            // Without a thread there is nobody else.
            let waiting = thread::Builder::new().name("sled-drop".to_owned());
            drop(waiting.spawn(move || drop(database)));
        }
    }
}

impl Backend for Sled {
    fn load(&mut self, space: Space, each: &mut Each<'_>) -> Result<(), BackendError> {
        for entry in self.database()?.scan_prefix([letter(space)]) {
            let (key, value) = entry?;
            each(key.get(1..).unwrap_or_default(), &value)?;
        }
        Ok(())
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), BackendError> {
        let mut all = sled::Batch::default();
        for entry in batch.entries() {
            let key = [&[letter(entry.space)], &*entry.key].concat();
            match &entry.value {
                Some(value) => all.insert(key, &**value),
                None => all.remove(key),
            }
        }
        // sled may also panic.
        self.is_sound = false;
        let database = self.database()?;
        database.apply_batch(all)?;
        database.flush()?;
        self.files.sync()?;
        self.is_sound = true;
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<(), BackendError> {
        Ok(())
    }
}

/// sled's threads hold its file for a moment after it was dropped. Nobody else can have it: the
/// folder is ours.
fn open_when_free(config: &Config) -> Result<Db, sled::Error> {
    let mut tries = 0..TRIES;
    loop {
        match config.open() {
            Err(sled::Error::Io(error))
                if error.to_string().contains("could not acquire lock")
                    && tries.next().is_some() =>
            {
                thread::park_timeout(PAUSE);
            }
            opened => return opened,
        }
    }
}

fn letter(space: Space) -> u8 {
    match space {
        Space::State => b's',
        Space::Accounts => b'a',
        Space::System => b'y',
    }
}

/// sled's own files. On Linux its flush hands them to the disk (`sync_file_range`), which does
/// not empty the cache of the disk, and it flushes large values (`blobs`) not at all: what it
/// calls durable would survive a kill, but not a power cut.
struct Files {
    log: File,
    blobs: PathBuf,
    /// The blobs that are on disk; they are never changed.
    synced: HashSet<OsString>,
}

impl Files {
    fn open(folder: &Path) -> io::Result<Self> {
        let blobs = folder.join("blobs");
        let mut files = Self { log: File::open(folder.join("db"))?, blobs, synced: HashSet::new() };
        files.sync()?;
        File::open(folder)?.sync_all()?;
        Ok(files)
    }

    fn sync(&mut self) -> io::Result<()> {
        // The log refers to blobs, so they come first.
        self.sync_blobs()?;
        self.log.sync_data()
    }

    fn sync_blobs(&mut self) -> io::Result<()> {
        let names = fs::read_dir(&self.blobs)?.map(|entry| entry.map(|entry| entry.file_name()));
        let names = names.collect::<io::Result<HashSet<OsString>>>()?;
        let mut new = false;
        for name in names.difference(&self.synced) {
            match File::open(self.blobs.join(name)) {
                Ok(blob) => blob.sync_all()?,
                // sled has no use for it any more.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            new = true;
        }
        if new {
            File::open(&self.blobs)?.sync_all()?;
        }
        self.synced = names;
        Ok(())
    }
}

impl From<sled::Error> for BackendError {
    fn from(error: sled::Error) -> Self {
        match error {
            sled::Error::Io(error) => error.into(),
            sled::Error::Corruption { .. } => Self::Damaged(error.to_string()),
            error => Self::Io(error.to_string()),
        }
    }
}
