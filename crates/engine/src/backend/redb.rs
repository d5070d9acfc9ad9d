//! The backend redb: a copy-on-write B-tree in one file.
//!
//! A commit writes new pages beside the old ones, flushes, and then switches to them, so a batch
//! is there or not whenever the process ends.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use redb::{
    Builder, CommitError, CompactionError, Database, DatabaseError, Durability,
    ReadableDatabase as _, ReadableTable as _, StorageBackend, StorageError, TableDefinition,
    TableError, TransactionError,
};

use super::{Backend, BackendError, Batch, Compaction, Each, Space};

/// What is kept in memory of the file. The state itself is in memory already, so this only has to
/// hold the upper part of the tree, and the pages of one batch.
const CACHE: usize = 16 * 1024 * 1024;

/// The file, and what it is called until it is whole.
const FILE: &str = "state.redb";
const DRAFT: &str = "state.draft";

type Table = TableDefinition<'static, &'static [u8], &'static [u8]>;

const fn table(space: Space) -> Table {
    TableDefinition::new(space.name())
}

/// The backend. A server opens it through a [`Folder`](super::Folder).
#[derive(Debug)]
pub struct Redb {
    database: Database,
    /// None in a test that has its own kind of file.
    file: Option<PathBuf>,
}

impl Redb {
    /// Opens the file in `folder`, and makes it when it is not there.
    pub(super) fn open(folder: &Path) -> Result<Self, BackendError> {
        let file = folder.join(FILE);
        if !file.exists() {
            // redb does not open a file whose making was interrupted, so it gets its name when
            // it is whole.
            let draft = folder.join(DRAFT);
            match fs::remove_file(&draft) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
            drop(builder().create(&draft)?);
            File::open(&draft)?.sync_all()?;
            fs::rename(&draft, &file)?;
        }
        Ok(Self { database: builder().create(&file)?, file: Some(file) })
    }

    /// Opens what is in `storage`, or begins with nothing when that is empty. A test has its own
    /// kind of file here, which loses power when the test wants it to.
    ///
    /// # Errors
    ///
    /// When it cannot be read or written, or holds something else.
    pub fn on(storage: impl StorageBackend) -> Result<Self, BackendError> {
        Ok(Self { database: builder().create_with_backend(storage)?, file: None })
    }

    fn size(&self) -> io::Result<u64> {
        self.file.as_ref().map_or(Ok(0), |file| Ok(fs::metadata(file)?.len()))
    }
}

fn builder() -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE);
    builder
}

impl Backend for Redb {
    fn load(&mut self, space: Space, each: &mut Each<'_>) -> Result<(), BackendError> {
        let read = self.database.begin_read()?;
        let table = match read.open_table(table(space)) {
            Ok(table) => table,
            // Nothing was ever written.
            Err(TableError::TableDoesNotExist(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        for entry in table.iter()? {
            let (key, value) = entry?;
            each(key.value(), value.value())?;
        }
        Ok(())
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), BackendError> {
        let mut write = self.database.begin_write()?;
        write.set_durability(Durability::Immediate).map_err(other)?;
        for space in Space::ALL {
            let mut entries = batch.entries().iter().filter(|it| it.space == space).peekable();
            if entries.peek().is_none() {
                continue;
            }
            let mut table = write.open_table(table(space))?;
            for entry in entries {
                match &entry.value {
                    Some(value) => _ = table.insert(&*entry.key, &**value)?,
                    None => _ = table.remove(&*entry.key)?,
                }
            }
        }
        Ok(write.commit()?)
    }

    fn compact(&mut self) -> Result<Option<Compaction>, BackendError> {
        let before = self.size()?;
        // One round makes room for the next.
        while self.database.compact()? {}
        Ok(Some(Compaction { before, after: self.size()? }))
    }

    fn close(self: Box<Self>) -> Result<(), BackendError> {
        Ok(())
    }
}

fn other(error: impl std::fmt::Display) -> BackendError {
    BackendError::Io(error.to_string())
}

impl From<StorageError> for BackendError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Io(error) => error.into(),
            StorageError::Corrupted(text) => Self::Damaged(text),
            error => other(error),
        }
    }
}

/// Each step has an error type of its own, around that of the file.
macro_rules! from_storage {
    ($($name:ident),*) => {$(
        impl From<$name> for BackendError {
            fn from(error: $name) -> Self {
                match error {
                    $name::Storage(error) => error.into(),
                    error => other(error),
                }
            }
        }
    )*};
}
from_storage!(CommitError, CompactionError, DatabaseError, TableError, TransactionError);
