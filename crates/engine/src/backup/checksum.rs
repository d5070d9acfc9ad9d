//! The checksum of a file, taken while it is written or read.

use std::io::{self, BufRead, Read, Write};

/// What everything goes through. It has the checksum of what did.
pub(super) struct Checked<T> {
    pub(super) inner: T,
    checksum: crc32fast::Hasher,
}

impl<T> Checked<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, checksum: crc32fast::Hasher::new() }
    }

    /// The checksum so far.
    pub(super) fn checksum(&self) -> u32 {
        self.checksum.clone().finalize()
    }
}

impl<W: Write> Write for Checked<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.checksum.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: BufRead> Read for Checked<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Checked<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        // What is consumed was looked at before, so this reads nothing.
        let seen = self.inner.fill_buf().unwrap_or_default();
        self.checksum.update(seen.get(..count).unwrap_or_default());
        self.inner.consume(count);
    }
}
