//! The files below a folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// Folders of the workspace that nobody wrote: built, downloaded, or git's own.
const NOT_WRITTEN: [&str; 6] =
    ["target", "node_modules", ".git", "screenshots", "test-results", "playwright-report"];

/// Every file below `folder`, in a fixed order; none if there is no such folder.
pub(crate) fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    listed(folder, &[])
}

/// Every file of the workspace that somebody wrote, in a fixed order.
pub(crate) fn of_workspace() -> Result<Vec<PathBuf>> {
    listed(Path::new("."), &NOT_WRITTEN)
}

fn listed(folder: &Path, left_out: &[&str]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    collect(folder, left_out, &mut files)
        .with_context(|| format!("cannot read {}", folder.display()))?;
    files.sort();
    Ok(files)
}

fn collect(folder: &Path, left_out: &[&str], files: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if left_out.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), left_out, files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// Writes `bytes` to `path`, in a folder that is made if it is missing.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all);
    written
        .and_then(|()| fs::write(path, bytes))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The content of `path`.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Removes a folder with all it holds; that there is none is fine.
pub(crate) fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.with_context(|| format!("cannot remove {}", path.display())),
    }
}
