//! A file that loses power.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fastrand::Rng;
use monoxide_engine::backend::{Backend, BackendError, redb::Redb};
use redb::StorageBackend;

/// What a disk writes as a whole or not at all.
const SECTOR: usize = 512;

/// A file in memory that knows what was flushed. When its power is cut, what was written since the last
/// flush is there, or not, or in part.
///
/// ```
/// use fastrand::Rng;
/// use monoxide_engine::backend::{Batch, Space};
/// use monoxide_testkit::storage::{PowerDisk, Unflushed};
///
/// # fn main() -> Result<(), monoxide_engine::backend::BackendError> {
/// let disk = PowerDisk::default();
/// let mut batch = Batch::default();
/// batch.put(Space::State, "a", "1");
/// disk.open()?.commit(&batch)?;
///
/// disk.cut();
/// assert!(disk.open().is_err());
/// disk.restore(Unflushed::Dropped, &mut Rng::with_seed(7));
/// let mut count = 0;
/// disk.open()?.load(Space::State, &mut |_, _| Ok(count += 1))?;
/// assert_eq!(count, 1);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
pub struct PowerDisk {
    file: Arc<Mutex<File>>,
}

/// What becomes of what was written and not flushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unflushed {
    /// Nothing of it is there.
    Dropped,
    /// All of it is there.
    Kept,
    /// Of each write some sectors are there, and some are as they were.
    Torn,
}

#[derive(Debug, Default)]
struct File {
    /// What is read.
    content: Vec<u8>,
    /// What was there at the last flush.
    flushed: Vec<u8>,
    /// What was done since.
    unflushed: Vec<Change>,
    /// How often power was cut. Who opened the file before has lost it.
    cuts: u64,
    is_off: bool,
    /// Whether it has its name.
    is_made: bool,
    /// How many more times the file is written or flushed before the power is cut.
    left: Option<u64>,
}

#[derive(Debug)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

impl PowerDisk {
    /// Opens what the disk holds. As in a folder, a file counts only when it was made to its end.
    ///
    /// # Errors
    ///
    /// When there is no power, or what is left of the file cannot be read.
    pub fn open(&self) -> Result<Box<dyn Backend>, BackendError> {
        if !self.lock().is_made {
            drop(Redb::on(self.handle()?)?);
            self.lock().make()?;
        }
        Ok(Box::new(Redb::on(self.handle()?)?))
    }

    fn handle(&self) -> io::Result<Handle> {
        let file = self.lock();
        file.check(file.cuts)?;
        Ok(Handle { disk: self.clone(), opened: file.cuts })
    }

    /// Cuts the power now.
    pub fn cut(&self) {
        self.lock().cut();
    }

    /// Cuts the power in the middle of the `nth` time from now that the file is written or flushed.
    pub fn cut_at(&self, nth: u64) {
        self.lock().left = Some(nth);
    }

    /// Gives power again.
    pub fn restore(&self, unflushed: Unflushed, random: &mut Rng) {
        let mut file = self.lock();
        for change in std::mem::take(&mut file.unflushed) {
            let flushed = &mut file.flushed;
            match change {
                Change::Length(length) => {
                    if unflushed == Unflushed::Kept
                        || (unflushed == Unflushed::Torn && random.bool())
                    {
                        flushed.resize(length, 0);
                    }
                }
                Change::Write { at, bytes } => {
                    for (at, sector) in sectors(at, &bytes) {
                        let is_kept = match unflushed {
                            Unflushed::Dropped => false,
                            Unflushed::Kept => true,
                            Unflushed::Torn => random.bool(),
                        };
                        if is_kept {
                            write(flushed, at, sector);
                        }
                    }
                }
            }
        }
        if !file.is_made {
            file.flushed.clear();
        }
        file.content = file.flushed.clone();
        (file.is_off, file.left) = (false, None);
    }

    fn lock(&self) -> MutexGuard<'_, File> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The parts of a write that lie in one sector each.
fn sectors(mut at: usize, mut bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    std::iter::from_fn(move || {
        let length = (SECTOR - at % SECTOR).min(bytes.len());
        let (sector, rest) = bytes.split_at_checked(length).filter(|it| !it.0.is_empty())?;
        let place = at;
        (at, bytes) = (at + length, rest);
        Some((place, sector))
    })
}

fn write(content: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    if let Some(place) = content.get_mut(at..end) {
        place.copy_from_slice(bytes);
    }
}

impl File {
    fn cut(&mut self) {
        self.is_off = true;
        self.cuts += 1;
    }

    /// Gives the file its name, after a flush.
    fn make(&mut self) -> io::Result<()> {
        self.check(self.cuts)?;
        self.flush();
        self.is_made = true;
        Ok(())
    }

    fn flush(&mut self) {
        for change in std::mem::take(&mut self.unflushed) {
            match change {
                Change::Write { at, bytes } => write(&mut self.flushed, at, &bytes),
                Change::Length(length) => self.flushed.resize(length, 0),
            }
        }
    }

    /// Fails when the power is off, or was since the file was opened.
    fn check(&self, opened: u64) -> io::Result<()> {
        if self.is_off || self.cuts != opened {
            return Err(io::Error::other("the power is off"));
        }
        Ok(())
    }

    /// Counts a write or a flush, and fails when the power goes with it.
    fn count(&mut self) -> io::Result<()> {
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.cut();
                return Err(io::Error::other("the power goes off"));
            }
        }
        Ok(())
    }
}

/// The file, as who opened it after so many cuts sees it.
#[derive(Debug)]
struct Handle {
    disk: PowerDisk,
    opened: u64,
}

impl Handle {
    fn file(&self) -> io::Result<MutexGuard<'_, File>> {
        let file = self.disk.lock();
        file.check(self.opened)?;
        Ok(file)
    }
}

fn place(at: u64) -> io::Result<usize> {
    usize::try_from(at).map_err(io::Error::other)
}

impl StorageBackend for Handle {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file()?.content.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let (file, at) = (self.file()?, place(offset)?);
        let bytes = file.content.get(at..at + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let (mut file, length) = (self.file()?, place(len)?);
        file.content.resize(length, 0);
        file.unflushed.push(Change::Length(length));
        file.count()
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut file = self.file()?;
        // When the power goes with it, nothing is flushed, or all, or some: as with any write.
        file.count()?;
        file.flush();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let (mut file, at) = (self.file()?, place(offset)?);
        write(&mut file.content, at, data);
        file.unflushed.push(Change::Write { at, bytes: data.to_vec() });
        file.count()
    }
}
