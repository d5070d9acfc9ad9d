//! Putting what a backup holds in the place of what a folder held.
//!
//! The new files are made beside the old ones and change places with them only when they are
//! whole and on disk. In between the file `format` says that the folder is of no use just then,
//! so that nobody takes it for a new one when the power is cut.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use monoxide_protocol::Version;

use super::{
    Backend, BackendError, Batch, FolderError, Kind, Space,
    folder::{
        BEFORE, FORMAT, REPLACING, Refused, lock, make, open, read_format, say, write_format,
    },
    record,
};

/// Where the new files are made.
const NEW: &str = "restore-new";

/// How many bytes are made durable at once.
const BATCH: usize = 4 * 1024 * 1024;

/// A folder whose content is being replaced. Until [`finish`](Self::finish) nothing of the
/// old is touched, and what was made is gone when this is dropped.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use monoxide_engine::backend::{Kind, Replacement, Space};
/// # let user = Vec::new();
///
/// let mut folder = Replacement::begin("data", None, false)?;
/// folder.put(Space::Accounts, b"ann", &user)?;
/// folder.finish(Default::default())?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Replacement {
    path: PathBuf,
    kind: Kind,
    /// What wrote what is there.
    old: Option<Kind>,
    backend: Option<Box<dyn Backend>>,
    batch: Batch,
    bytes: usize,
    /// Closing the file unlocks the folder.
    _lock: File,
}

impl Replacement {
    /// Begins to replace what the folder at `path` holds, which is made when it is not there, by
    /// something that `kind` writes: without one, what wrote the folder before, and redb.
    ///
    /// # Errors
    ///
    /// [`FolderError::InUse`], and unless `replaces`, [`FolderError::NotEmpty`]. Nothing is
    /// changed then.
    pub fn begin(
        path: impl Into<PathBuf>,
        kind: Option<Kind>,
        replaces: bool,
    ) -> Result<Self, FolderError> {
        let path = path.into();
        let lock = lock(&path).map_err(|refused| refused.of(&path))?;
        let old = match read_format(&path) {
            // What is there is of no use to anybody but by hand.
            Err(Refused::Folder(
                FolderError::Format { .. }
                | FolderError::NoFormat { .. }
                | FolderError::Replacing(_),
            )) if replaces => None,
            Err(refused) => return Err(refused.of(&path)),
            Ok(Some(_)) if !replaces => return Err(FolderError::NotEmpty(path)),
            Ok(old) => old,
        };
        let kind = kind.or(old).unwrap_or(Kind::Redb);
        Ok(Self { path, kind, old, backend: None, batch: Batch::default(), bytes: 0, _lock: lock })
    }

    /// The backend that it is going to have.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Adds an entry to the new content.
    ///
    /// # Errors
    ///
    /// When it cannot be kept.
    pub fn put(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<(), BackendError> {
        self.batch.put(space, key, value);
        self.bytes += key.len() + value.len();
        if self.bytes >= BATCH { self.commit() } else { Ok(()) }
    }

    /// Puts the new content in the place of the old, which is gone then. Versions go on above
    /// `version`, and above those of the old content; gives why those cannot be read, when that is
    /// so, which may be why it was replaced.
    ///
    /// # Errors
    ///
    /// When it cannot be done. What was there is then still there, or in the folder
    /// `before-restore`, and the folder is refused until a restore has been done.
    pub fn finish(mut self, version: Version) -> Result<Option<BackendError>, BackendError> {
        let (old, unreadable) = match self.old_version() {
            Ok(old) => (old, None),
            Err(error) => (Version::default(), Some(error)),
        };
        self.batch.put_version(version.max(old));
        self.commit()?;
        if let Some(backend) = self.backend.take() {
            backend.close()?;
        }
        sync_all(&self.path.join(NEW))?;
        self.exchange()?;
        Ok(unreadable)
    }

    fn commit(&mut self) -> Result<(), BackendError> {
        let backend = match &mut self.backend {
            Some(backend) => backend,
            None => {
                let new = self.path.join(NEW);
                // Of somebody who was killed here.
                remove(&new)?;
                make(&new)?;
                self.backend.insert(open(self.kind, &new)?)
            }
        };
        backend.commit(&self.batch)?;
        (self.batch, self.bytes) = (Batch::default(), 0);
        Ok(())
    }

    /// The highest version of what is replaced.
    fn old_version(&self) -> Result<Version, BackendError> {
        let mut highest = Version::default();
        if let Some(old) = self.old.filter(|old| self.path.join(old.name()).is_dir()) {
            open(old, &self.path)?.load(Space::System, &mut |key, value| {
                highest = highest.max(record::decode_version(key, value)?.unwrap_or_default());
                Ok(())
            })?;
        }
        Ok(highest)
    }

    fn exchange(&self) -> io::Result<()> {
        let before = self.path.join(BEFORE);
        let there = |kind: Kind| self.path.join(kind.name());
        let replaced: Vec<Kind> =
            Kind::ALL.into_iter().filter(|kind| there(*kind).exists()).collect();
        if !replaced.is_empty() {
            if self.old.is_some() {
                // Of a restore that ended but for this.
                remove(&before)?;
            }
            fs::create_dir_all(&before)?;
            if self.old.is_some() {
                fs::copy(self.path.join(FORMAT), before.join(FORMAT))?;
            }
            File::open(&before)?.sync_all()?;
        }
        say(&self.path, &format!("{REPLACING}\n"))?;
        for kind in replaced {
            // Of a restore that was cut off, the first is what there was before both.
            let kept = before.join(kind.name());
            match kept.exists() {
                true => remove(&there(kind))?,
                false => fs::rename(there(kind), kept)?,
            }
        }
        fs::rename(self.path.join(NEW).join(self.kind.name()), there(self.kind))?;
        File::open(&self.path)?.sync_all()?;
        write_format(&self.path, self.kind)?;
        // The new is whole.
        remove(&before)?;
        remove(&self.path.join(NEW))
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        self.backend = None;
        // There may be nothing, and a next restore tidies up what is left.
        _ = remove(&self.path.join(NEW));
    }
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Puts a folder and all below it on disk.
fn sync_all(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_all(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(folder)?.sync_all()
}
