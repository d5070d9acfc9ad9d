//! Writing a backup.

use std::io::{self, Write};

use monoxide_protocol::Version;
use zstd::Encoder;

use super::{BackupError, END, NAME, NUMBER, Summary, checksum::Checked, number};
use crate::{
    backend::{Backend, BackendError, Space, record},
    clock,
};

/// How hard it is tried to make it small: what zstd does by itself.
const LEVEL: i32 = zstd::DEFAULT_COMPRESSION_LEVEL;

/// Writes a backup, entry by entry.
pub struct Writer<W: Write> {
    out: Encoder<'static, Checked<W>>,
    summary: Summary,
}

impl<W: Write> Writer<W> {
    /// Begins a backup.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written.
    pub fn new(out: W) -> Result<Self, BackupError> {
        let mut out = Checked::new(out);
        writeln!(out, "{NAME}{NUMBER}")?;
        Ok(Self { out: Encoder::new(out, LEVEL)?, summary: Summary::default() })
    }

    /// Adds an entry.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or is over 4 GiB.
    pub fn put(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<(), BackupError> {
        let length = |part: &[u8]| u32::try_from(part.len()).map_err(io::Error::other);
        let (key_length, value_length) = (length(key)?, length(value)?);
        self.out.write_all(&[number(space)])?;
        self.out.write_all(&key_length.to_le_bytes())?;
        self.out.write_all(&value_length.to_le_bytes())?;
        self.out.write_all(key)?;
        self.out.write_all(value)?;
        self.summary.add(space);
        Ok(())
    }

    /// Ends it. What comes back is flushed, but need not be on disk.
    ///
    /// # Errors
    ///
    /// When the end cannot be written.
    pub fn finish(mut self, version: Version, taken: u64) -> Result<(W, Summary), BackupError> {
        (self.summary.version, self.summary.taken) = (version, taken);
        self.out.write_all(&[END])?;
        for number in [version.number(), taken].into_iter().chain(self.summary.counts) {
            self.out.write_all(&number.to_le_bytes())?;
        }
        let mut out = self.out.finish()?;
        let checksum = out.checksum().to_le_bytes();
        out.write_all(&checksum)?;
        out.flush()?;
        Ok((out.inner, self.summary))
    }
}

impl<W: Write> std::fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("summary", &self.summary).finish_non_exhaustive()
    }
}

/// Writes a backup of all that `backend` has, and tells `each` how many entries it were so far.
///
/// # Errors
///
/// When `out` cannot be written, or the backend not be read.
pub fn write_backend(
    backend: &mut dyn Backend,
    out: impl Write,
    each: impl Fn(u64),
) -> Result<Summary, BackupError> {
    let mut writer = Writer::new(out)?;
    let (mut highest, mut count) = (Version::default(), 0);
    for space in Space::ALL {
        // A backend stops at the first error, and knows none but its own.
        let mut failed = None;
        let loaded = backend.load(space, &mut |key, value| {
            match space {
                Space::State => highest = highest.max(record::decode(key, value)?.version),
                Space::System => {
                    if let Some(version) = record::decode_version(key, value)? {
                        highest = highest.max(version);
                        return Ok(());
                    }
                }
                Space::Accounts => {}
            }
            count += 1;
            each(count);
            writer.put(space, key, value).map_err(|error| {
                let stop = BackendError::Io(error.to_string());
                failed = Some(error);
                stop
            })
        });
        match failed {
            Some(error) => return Err(error),
            None => loaded?,
        }
    }
    Ok(writer.finish(highest, clock::wall())?.1)
}
