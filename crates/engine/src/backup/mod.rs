//! Everything that is kept, as one file.
//!
//! ```text
//! monoxide backup 1           the first line, plain: what it is, and the number of the format
//! packed with zstd:
//!   space: 1 byte | length of the key: 4 | length of the value: 4 | key | value      each entry
//!   0: 1 byte | version: 8 | taken: 8 | entries of each space: 3 × 8                 the end
//! checksum: 4                 plain: a CRC-32 of every byte before it; nothing follows
//! ```
//!
//! Numbers have their lowest byte first. The spaces are 1 `state`, 2 `accounts`, 3 `system`, and
//! entries are as a [backend](crate::backend) has them. `version` is the highest that was handed
//! out, and `taken` the time in nanoseconds since the Unix epoch.

mod checksum;
mod file;
mod read;
mod snapshot;
mod write;

use std::io;

use monoxide_protocol::Version;

pub(crate) use self::snapshot::Other;
pub use self::{
    file::{NewFile, is_partial},
    read::{read, verify},
    snapshot::Snapshot,
    write::{Writer, write_backend},
};
use crate::backend::{BackendError, Space};

/// What every backup begins with, whatever its format.
const NAME: &str = "monoxide backup ";

/// The number of the format that this program writes, and the only one it reads.
const NUMBER: &str = "1";

/// Stands where an entry has its space.
const END: u8 = 0;

/// No line that names a format is longer.
const LONGEST_NAME: usize = 64;

/// What a backup holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// The highest version that was handed out when it was taken.
    pub version: Version,
    /// When it was taken, in nanoseconds since the Unix epoch.
    pub taken: u64,
    counts: [u64; 3],
}

impl Summary {
    /// How many entries of a space there are.
    #[must_use]
    pub fn count(&self, space: Space) -> u64 {
        let [state, accounts, system] = self.counts;
        match space {
            Space::State => state,
            Space::Accounts => accounts,
            Space::System => system,
        }
    }

    fn add(&mut self, space: Space) {
        let [state, accounts, system] = &mut self.counts;
        *match space {
            Space::State => state,
            Space::Accounts => accounts,
            Space::System => system,
        } += 1;
    }
}

/// Why a backup cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// It begins otherwise.
    #[error("it is no backup")]
    Foreign,
    /// It is of a later version of this program.
    #[error("it has the format `{0}`, which this program does not know")]
    Format(String),
    /// It is not as it was written: cut off, or changed.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// The file cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What it is made from, or put into, cannot be read or written.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

/// The space's number in a backup.
fn number(space: Space) -> u8 {
    match space {
        Space::State => 1,
        Space::Accounts => 2,
        Space::System => 3,
    }
}
