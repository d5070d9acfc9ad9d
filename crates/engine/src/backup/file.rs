//! A file that is there when it is whole, or not at all.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

/// What a file is called until it is whole.
const PARTIAL: &str = ".partial";

/// A file that is being written beside its place. Dropping it leaves nothing.
#[derive(Debug)]
pub struct NewFile {
    path: PathBuf,
    partial: NamedTempFile,
    replaces: bool,
}

impl NewFile {
    /// Begins a file at `path`, that only this user may read. Unless it `replaces` what is
    /// there, nothing may be.
    ///
    /// # Errors
    ///
    /// When there is something, or nothing can be written there.
    pub fn create(path: impl Into<PathBuf>, replaces: bool) -> io::Result<Self> {
        let path = path.into();
        if !replaces && fs::symlink_metadata(&path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?.to_string_lossy();
        let prefix = format!(".{name}-");
        let mut builder = tempfile::Builder::new();
        let partial = builder.prefix(&prefix).suffix(PARTIAL).tempfile_in(folder_of(&path))?;
        Ok(Self { path, partial, replaces })
    }

    /// Puts it on disk and into its place.
    ///
    /// # Errors
    ///
    /// When that cannot be done; then there is nothing.
    pub fn keep(self) -> io::Result<()> {
        self.partial.as_file().sync_all()?;
        match self.replaces {
            true => self.partial.persist(&self.path)?,
            false => self.partial.persist_noclobber(&self.path)?,
        };
        File::open(folder_of(&self.path))?.sync_all()
    }

    /// What was written so far, to be read from its beginning.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn reopen(&self) -> io::Result<File> {
        self.partial.reopen()
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.partial.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.partial.flush()
    }
}

/// Whether a file is one that was never whole.
pub fn is_partial(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(PARTIAL)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}
