//! Where a command puts what it makes.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use monoxide_engine::backup::NewFile;

/// What stands for standard input and output.
const STANDARD: &str = "-";

/// Where something goes.
#[derive(Debug)]
pub(crate) enum Output {
    Standard,
    /// Something that takes bytes and keeps no file, such as a pipe or a tape.
    Device(PathBuf, File),
    New(PathBuf, NewFile),
}

impl Output {
    /// Opens `path`, where there has to be no file unless it `replaces` one.
    pub(crate) fn open(path: &Path, replaces: bool) -> Result<Self> {
        if is_standard(path) {
            return Ok(Self::Standard);
        }
        let shown = path.display();
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => bail!("`{shown}` is a folder"),
            Ok(found) if !found.is_file() => {
                let device = File::options().write(true).open(path);
                let device = device.with_context(|| format!("cannot write `{shown}`"))?;
                return Ok(Self::Device(path.to_owned(), device));
            }
            _ => {}
        }
        match NewFile::create(path, replaces) {
            Ok(file) => Ok(Self::New(path.to_owned(), file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                bail!("`{shown}` is there already; with --force it would be replaced")
            }
            Err(error) => Err(error).with_context(|| format!("cannot write `{shown}`")),
        }
    }

    /// What writes to it, from its beginning.
    pub(crate) fn writer(&self) -> io::Result<Box<dyn Write + Send>> {
        Ok(match self {
            Self::Standard => Box::new(io::stdout()),
            Self::Device(_, device) => Box::new(device.try_clone()?),
            Self::New(_, file) => Box::new(file.reopen()?),
        })
    }

    /// What was written, where that can be read again.
    pub(crate) fn written(&self) -> io::Result<Option<File>> {
        match self {
            Self::New(_, file) => file.reopen().map(Some),
            Self::Standard | Self::Device(..) => Ok(None),
        }
    }

    /// Puts it in its place.
    pub(crate) fn keep(self) -> Result<()> {
        match self {
            Self::New(path, file) => {
                file.keep().with_context(|| format!("cannot write `{}`", path.display()))
            }
            Self::Standard | Self::Device(..) => Ok(()),
        }
    }

    /// What it is called.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Standard => "standard output".to_owned(),
            Self::Device(path, _) | Self::New(path, _) => format!("`{}`", path.display()),
        }
    }
}

pub(crate) fn is_standard(path: &Path) -> bool {
    path == Path::new(STANDARD)
}
