//! Paths that are short enough for a Unix socket.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Another name for a path, while this lives: systems take no more than a hundred bytes or so for
/// that of a socket. On Linux it is as short whatever the path is; elsewhere it is the path.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use monoxide_engine::backend::ShortPath;
///
/// let path = ShortPath::of("Cargo.toml")?;
/// assert!(path.get().exists());
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct ShortPath {
    path: PathBuf,
    #[cfg(target_os = "linux")]
    _folder: std::fs::File,
}

impl ShortPath {
    /// The short name of `path`, whose folder has to be there.
    ///
    /// # Errors
    ///
    /// When the folder cannot be opened.
    #[cfg(target_os = "linux")]
    pub fn of(path: impl AsRef<Path>) -> io::Result<Self> {
        use std::os::fd::AsRawFd as _;
        let path = path.as_ref();
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let folder = path.parent().filter(|it| *it != Path::new("")).unwrap_or(Path::new("."));
        let folder = std::fs::File::open(folder)?;
        let path = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
        Ok(Self { path, _folder: folder })
    }

    /// The short name of `path`, whose folder has to be there.
    ///
    /// # Errors
    ///
    /// None here.
    #[cfg(not(target_os = "linux"))]
    pub fn of(path: impl AsRef<Path>) -> io::Result<Self> {
        Ok(Self { path: path.as_ref().to_owned() })
    }

    /// The short name.
    #[must_use]
    pub fn get(&self) -> &Path {
        &self.path
    }
}
