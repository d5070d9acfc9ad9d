//! A folder with everything that is kept: who uses it, of which format it is, and the backend's
//! own files.

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Backend, BackendError, Kind};

/// Held by the process that uses the folder, for as long as it lives.
const LOCK: &str = "lock";

/// Says what the folder holds, in one line.
pub(super) const FORMAT: &str = "format";

/// Instead of a format, while what the folder holds is replaced.
pub(super) const REPLACING: &str = "monoxide restoring";

/// Where what is replaced lies meanwhile.
pub(super) const BEFORE: &str = "before-restore";

/// Where the server that uses the folder can be asked.
const SOCKET: &str = "monoxide.sock";

/// The number of the format that this program writes, and the only one it reads.
const NUMBER: &str = "1";

/// A folder that this process alone uses, until the last of its clones and openers is dropped.
///
/// ```text
/// data/lock      held while a process uses the folder
/// data/format    `monoxide 1 redb`: the number of the format, and the backend
/// data/redb/…    the backend's own files
/// ```
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    kind: Kind,
    /// Closing the file unlocks it.
    _lock: Arc<File>,
}

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// Another process uses it.
    #[error("`{}` is in use by another process", .0.display())]
    InUse(PathBuf),
    /// What is in it is of a later version of this program, or not of this program at all.
    #[error("`{}` has the format `{found}`, which this program does not know", folder.display())]
    Format {
        /// The folder.
        folder: PathBuf,
        /// What its file `format` says.
        found: String,
    },
    /// What is in it was written with another backend.
    #[error("`{}` was written with the backend {found}, not {wanted}", folder.display())]
    Kind {
        /// The folder.
        folder: PathBuf,
        /// The backend that it was written with.
        found: Kind,
        /// The backend that it was to be opened with.
        wanted: Kind,
    },
    /// A restore into it has begun and not ended.
    #[error(
        "a restore into `{}` was cut off: do it again; what was there before is in `{}`",
        .0.display(), .0.join(BEFORE).display()
    )]
    Replacing(PathBuf),
    /// There is something in it.
    #[error("`{}` has data already, which --force would replace", .0.display())]
    NotEmpty(PathBuf),
    /// It has files of a backend, but what says of which format they are is gone.
    #[error("`{}` has files of the backend {found}, but no file `format`", folder.display())]
    NoFormat {
        /// The folder.
        folder: PathBuf,
        /// The backend whose files these are.
        found: Kind,
    },
    /// It cannot be made, read or written.
    #[error("`{}` cannot be used: {error}", folder.display())]
    Io {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl Folder {
    /// Opens the folder at `path` for this process, and makes it when it is not there.
    ///
    /// # Errors
    ///
    /// [`FolderError`]; nothing is changed then.
    pub fn open(path: impl Into<PathBuf>, kind: Kind) -> Result<Self, FolderError> {
        let path = path.into();
        let lock = claim(&path, kind).map_err(|refused| refused.of(&path))?;
        Ok(Self { path, kind, _lock: Arc::new(lock) })
    }

    /// The backend that the folder at `path` was written with; `None` when there is nothing yet.
    ///
    /// # Errors
    ///
    /// [`FolderError::Format`], [`FolderError::NoFormat`] and [`FolderError::Io`].
    pub fn kind_of(path: impl AsRef<Path>) -> Result<Option<Kind>, FolderError> {
        let path = path.as_ref();
        read_format(path).map_err(|refused| refused.of(path))
    }

    /// The Unix socket of the server that uses the folder at `path`, while one does.
    #[must_use]
    pub fn socket(path: impl AsRef<Path>) -> PathBuf {
        path.as_ref().join(SOCKET)
    }

    /// How many bytes of a disk the backend's files in the folder at `path` have.
    ///
    /// # Errors
    ///
    /// As [`kind_of`](Self::kind_of).
    pub fn size_of(path: impl AsRef<Path>) -> Result<u64, FolderError> {
        let path = path.as_ref();
        let Some(kind) = Self::kind_of(path)? else { return Ok(0) };
        size(&path.join(kind.name())).map_err(|error| Refused::Io(error).of(path))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its backend.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Opens its backend. Only one may be open at a time.
    ///
    /// # Errors
    ///
    /// When its files cannot be read or made.
    pub fn backend(&self) -> Result<Box<dyn Backend>, BackendError> {
        open(self.kind, &self.path)
    }

    /// What [`Builder::backend`](crate::Builder::backend) takes.
    pub fn opener(self) -> impl Fn() -> Result<Box<dyn Backend>, BackendError> + Send + 'static {
        move || self.backend()
    }
}

/// Opens the backend whose files are in a folder of its name in `path`, which is made when it is
/// not there.
pub(super) fn open(kind: Kind, path: &Path) -> Result<Box<dyn Backend>, BackendError> {
    let files = path.join(kind.name());
    make(&files)?;
    let backend = opened(kind, &files)?;
    // A file whose name is lost is lost, however well it was flushed.
    sync(&files)?;
    sync(path)?;
    Ok(backend)
}

fn opened(kind: Kind, files: &Path) -> Result<Box<dyn Backend>, BackendError> {
    match kind {
        #[cfg(feature = "redb")]
        Kind::Redb => Ok(Box::new(super::redb::Redb::open(files)?)),
        #[cfg(feature = "sled")]
        Kind::Sled => Ok(Box::new(super::sled::Sled::open(files)?)),
        #[cfg(not(all(feature = "redb", feature = "sled")))]
        kind => Err(BackendError::Io(format!(
            "this program is built without {kind}, which wrote `{}`",
            files.display()
        ))),
    }
}

/// How many bytes the files in a folder have, and in those below it.
fn size(folder: &Path) -> io::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        sum += match entry.metadata()? {
            it if it.is_dir() => size(&entry.path())?,
            it => it.len(),
        };
    }
    Ok(sum)
}

pub(super) enum Refused {
    Folder(FolderError),
    Io(io::Error),
}

impl Refused {
    pub(super) fn of(self, folder: &Path) -> FolderError {
        match self {
            Self::Folder(error) => error,
            Self::Io(error) => FolderError::Io { folder: folder.to_owned(), error },
        }
    }
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Locks the folder, and makes it when it is not there.
pub(super) fn lock(path: &Path) -> Result<File, Refused> {
    make(path)?;
    let lock = File::options().create(true).truncate(false).write(true).open(path.join(LOCK))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Refused::Folder(FolderError::InUse(path.to_owned()))),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Locks the folder, and checks or says what it holds.
fn claim(path: &Path, kind: Kind) -> Result<File, Refused> {
    let lock = lock(path)?;
    match read_format(path)? {
        Some(found) if found != kind => {
            let folder = path.to_owned();
            return Err(Refused::Folder(FolderError::Kind { folder, found, wanted: kind }));
        }
        Some(_) => {}
        None => write_format(path, kind)?,
    }
    Ok(lock)
}

pub(super) fn read_format(path: &Path) -> Result<Option<Kind>, Refused> {
    let found = match fs::read(path.join(FORMAT)) {
        Ok(found) => String::from_utf8_lossy(&found).trim_end().to_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = path.to_owned();
            // To take the folder for a new one would be to hide what is in it.
            return match Kind::ALL.into_iter().find(|kind| path.join(kind.name()).exists()) {
                Some(found) => Err(Refused::Folder(FolderError::NoFormat { folder, found })),
                None => Ok(None),
            };
        }
        Err(error) => return Err(error.into()),
    };
    if found.starts_with(REPLACING) {
        return Err(Refused::Folder(FolderError::Replacing(path.to_owned())));
    }
    let kind = found.strip_prefix("monoxide ").and_then(|it| it.strip_prefix(NUMBER));
    let kind = kind.and_then(|it| it.strip_prefix(' ')).and_then(|name| name.parse().ok());
    match kind {
        Some(kind) => Ok(Some(kind)),
        None => Err(Refused::Folder(FolderError::Format { folder: path.to_owned(), found })),
    }
}

/// Says what the folder holds, before the backend writes anything.
pub(super) fn write_format(path: &Path, kind: Kind) -> io::Result<()> {
    say(path, &format!("monoxide {NUMBER} {kind}\n"))
}

/// Says what the folder holds, as one step.
pub(super) fn say(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.join("format.draft");
    fs::write(&draft, text)?;
    File::open(&draft)?.sync_all()?;
    fs::rename(&draft, path.join(FORMAT))?;
    sync(path)?;
    // The folder itself may be new. Not everybody may look into the one that it is in.
    _ = path.canonicalize()?.parent().map(sync);
    Ok(())
}

/// Makes a folder that nobody else may look into, and those above it, unless they are there: each
/// durably, or a power cut could take all that is in it.
pub(super) fn make(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let above = path.parent().filter(|above| *above != Path::new("")).unwrap_or(Path::new("."));
    make(above)?;
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        // Somebody else was faster. What is no folder is found out when it is used.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }?;
    // Not everybody may look into the folder that it is in.
    _ = sync(above);
    Ok(())
}

/// Makes the names in a folder durable.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
