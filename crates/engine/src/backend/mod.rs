//! Where state is kept over a restart: the contract, and what is written down.
//!
//! A backend knows nothing of objects and versions. It keeps entries of bytes in named spaces, and
//! takes them in batches of which all or nothing is there after a crash. [`record`] says what the
//! bytes mean, [`Folder`] where on a disk they are.

mod folder;
pub mod record;
#[cfg(feature = "redb")]
pub mod redb;
mod replace;
mod short_path;
#[cfg(feature = "sled")]
mod sled;

use std::{fmt, io, str::FromStr};

pub use self::{
    folder::{Folder, FolderError},
    replace::Replacement,
    short_path::ShortPath,
};

/// What keeps entries over a restart. One thread uses it, and it may block that thread.
///
/// It is asked for in this order: opened, [`load`](Self::load) of each space, then
/// [`commit`](Self::commit) again and again, and [`close`](Self::close). What it promises, and
/// `monoxide_testkit::storage::conformance` checks as far as that can be seen without killing the
/// process:
///
/// - **Durable.** What `commit` said yes to is found by `load` afterwards, also when the process
///   is killed or the power is cut right after it. That takes a flush of the files, and of
///   the folder that has their names.
/// - **All or nothing.** A batch is there as a whole or not at all, whenever the process ends.
/// - **A failure is for good.** When `commit` fails, the batch may be there or not. The backend is not
///   used any more but closed or dropped, and another is opened; the engine then writes what there should be
///   under the keys of that batch. A panic counts as a failure.
/// - **Nothing is held back.** It can be opened again as soon as it is dropped.
/// - **It keeps what it was given**, byte by byte, in the order of the keys, the spaces apart.
/// - **Bounded memory.** It does not grow with what is kept, but for a cache of a size that is set.
///
/// It does not have to refuse a second process: a [`Folder`] does.
///
/// ```
/// use std::{collections::BTreeMap, fs, io::Write as _, path::PathBuf};
///
/// use monoxide_engine::backend::{Backend, BackendError, Batch, Each, Space};
///
/// /// Everything in one file, which is written anew with each batch: for little that changes
/// /// seldom. It has all in memory a second time, and so breaks the last promise.
/// struct OneFile {
///     path: PathBuf,
///     entries: BTreeMap<(Space, Vec<u8>), Vec<u8>>,
/// }
///
/// impl OneFile {
///     fn open(path: PathBuf) -> Result<Self, BackendError> {
///         let text = match fs::read_to_string(&path) {
///             Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
///             read => read?,
///         };
///         let entry = |line: &str| {
///             let mut words = line.split('\t');
///             let name = words.next()?;
///             let space = Space::ALL.into_iter().find(|space| space.name() == name)?;
///             Some(((space, bytes(words.next()?)?), bytes(words.next()?)?))
///         };
///         let entries = text.lines().map(|line| {
///             entry(line).ok_or_else(|| BackendError::Damaged(format!("the line {line:?}")))
///         });
///         Ok(Self { entries: entries.collect::<Result<_, _>>()?, path })
///     }
/// }
///
/// impl Backend for OneFile {
///     fn load(&mut self, space: Space, each: &mut Each<'_>) -> Result<(), BackendError> {
///         let mut entries = self.entries.iter().filter(|((it, _), _)| *it == space);
///         entries.try_for_each(|((_, key), value)| each(key, value))
///     }
///
///     fn commit(&mut self, batch: &Batch) -> Result<(), BackendError> {
///         for entry in batch.entries() {
///             let key = (entry.space, entry.key.to_vec());
///             match &entry.value {
///                 Some(value) => _ = self.entries.insert(key, value.to_vec()),
///                 None => _ = self.entries.remove(&key),
///             }
///         }
///         let draft = self.path.with_extension("draft");
///         let mut file = fs::File::create(&draft)?;
///         let lines = self.entries.iter().map(|((space, key), value)| {
///             format!("{}\t{}\t{}\n", space.name(), text(key), text(value))
///         });
///         file.write_all(lines.collect::<String>().as_bytes())?;
///         file.sync_all()?;
///         fs::rename(draft, &self.path)?; // all or nothing
///         let folder = self.path.parent().unwrap_or(&self.path);
///         Ok(fs::File::open(folder)?.sync_all()?)
///     }
///
///     fn close(self: Box<Self>) -> Result<(), BackendError> {
///         Ok(())
///     }
/// }
///
/// fn text(bytes: &[u8]) -> String {
///     bytes.iter().map(|byte| format!("{byte:02x}")).collect()
/// }
///
/// fn bytes(text: &str) -> Option<Vec<u8>> {
///     let pairs = (0..text.len()).step_by(2);
///     pairs.map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("state.txt");
/// let open = move || Ok(Box::new(OneFile::open(path.clone())?) as Box<dyn Backend>);
/// monoxide_testkit::storage::conformance(&open);
///
/// let engine = monoxide_engine::Engine::builder().backend(open).start()?;
/// engine.ready().await?;
/// # engine.close().await;
/// # Ok(()) }
/// ```
pub trait Backend: Send {
    /// Calls `each` with every entry of `space`, its key and its value, ordered by the bytes of
    /// the keys. It never has more than a bounded part of them in memory.
    ///
    /// # Errors
    ///
    /// When something cannot be read, and what `each` fails with, at once.
    fn load(&mut self, space: Space, each: &mut Each<'_>) -> Result<(), BackendError>;

    /// Makes a batch durable: all of it, and when this returns. Of several entries with one key the last counts.
    ///
    /// # Errors
    ///
    /// When that cannot be said. The backend is then dropped.
    fn commit(&mut self, batch: &Batch) -> Result<(), BackendError>;

    /// Gives room that it does not need back to the disk, and says how many bytes its files had
    /// before and have now; `None`, the default, where there is nothing to be done. What is kept
    /// stays as it is, also when it fails; then the backend is dropped.
    ///
    /// # Errors
    ///
    /// When it could not be done.
    fn compact(&mut self) -> Result<Option<Compaction>, BackendError> {
        Ok(None)
    }

    /// Gives up everything that is held, after the last batch.
    ///
    /// # Errors
    ///
    /// When something could not be tidied up. What was committed is there all the same.
    fn close(self: Box<Self>) -> Result<(), BackendError>;
}

/// How many bytes the files of a backend had before they were compacted, and have since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[expect(missing_docs, reason = "that is all there is to it")]
pub struct Compaction {
    pub before: u64,
    pub after: u64,
}

/// What is done with each entry that is loaded: its key, and its value.
pub type Each<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), BackendError> + 'a;

impl fmt::Debug for dyn Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Backend")
    }
}

/// Opens a backend: at the start, and again after a commit has failed.
pub(crate) type Opener = Box<dyn Fn() -> Result<Box<dyn Backend>, BackendError> + Send>;

/// Entries of different kinds are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Space {
    /// The objects, by their keys.
    State,
    /// The accounts of people.
    Accounts,
    /// What the server notes for itself, such as the highest version.
    System,
}

impl Space {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::State, Self::Accounts, Self::System];

    /// What it is called on disk.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Accounts => "accounts",
            Self::System => "system",
        }
    }
}

/// Entries that become durable together.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    entries: Vec<Entry>,
}

/// One entry of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it belongs.
    pub space: Space,
    /// Its name there.
    pub key: Box<[u8]>,
    /// What is there from now on; `None` when nothing is.
    pub value: Option<Box<[u8]>>,
}

impl Batch {
    /// Writes `value` under `key`, whatever was there.
    pub fn put(&mut self, space: Space, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.add(space, key.as_ref(), Some(value.as_ref().into()));
    }

    /// Removes what is under `key`, if anything is.
    pub fn delete(&mut self, space: Space, key: impl AsRef<[u8]>) {
        self.add(space, key.as_ref(), None);
    }

    /// The entries, in the order they were added.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn add(&mut self, space: Space, key: &[u8], value: Option<Box<[u8]>>) {
        self.entries.push(Entry { space, key: key.into(), value });
    }
}

/// Why a backend did not do what it was asked. The text is for the operator, not for clients.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// There is no room left.
    #[error("the disk is full: {0}")]
    Full(String),
    /// Reading or writing failed.
    #[error("reading or writing failed: {0}")]
    Io(String),
    /// What is stored is not what was written, or of a kind that this program does not know.
    #[error("what is stored is damaged: {0}")]
    Damaged(String),
}

impl BackendError {
    /// What anybody may know of it: it names no file.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Full(_) => "the disk is full",
            Self::Io(_) => "the disk cannot be read or written",
            Self::Damaged(_) => "what is stored is damaged",
        }
    }
}

impl From<io::Error> for BackendError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::Full(error.to_string()),
            _ => Self::Io(error.to_string()),
        }
    }
}

/// The backends that this program can be built with.
///
/// ```
/// # use monoxide_engine::backend::Kind;
/// assert_eq!("redb".parse(), Ok(Kind::Redb));
/// assert!("nosuch".parse::<Kind>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A copy-on-write B-tree in one file; the feature `redb`.
    Redb,
    /// A log-structured tree; the feature `sled`.
    Sled,
}

/// There is no backend of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not redb or sled")]
pub struct KindError(String);

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 2] = [Self::Redb, Self::Sled];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Redb => "redb",
            Self::Sled => "sled",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = KindError;

    fn from_str(text: &str) -> Result<Self, KindError> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == text);
        known.ok_or_else(|| KindError(text.to_owned()))
    }
}
