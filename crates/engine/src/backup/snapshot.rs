//! What there was at one moment.

use std::{io::Write, sync::Arc};

use monoxide_protocol::{Object, Version};

use super::{BackupError, Summary, Writer};
use crate::backend::{Space, record};

/// Everything as it was between two commits. While it lives, what has changed since then stays in
/// memory too.
#[derive(Debug)]
pub struct Snapshot {
    pub(crate) version: Version,
    pub(crate) taken: u64,
    pub(crate) objects: Vec<Arc<Object>>,
    /// What is not in memory, as the backend has it.
    pub(crate) others: Vec<Other>,
}

/// An entry of a space that is not in memory.
#[derive(Debug)]
pub(crate) struct Other {
    pub(crate) space: Space,
    pub(crate) key: Box<[u8]>,
    pub(crate) value: Box<[u8]>,
}

impl Snapshot {
    /// How many objects there were.
    #[must_use]
    pub fn objects(&self) -> usize {
        self.objects.len()
    }

    /// Writes it as a backup. This takes a while, and is not for a thread of the runtime.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written.
    pub fn write(mut self, out: impl Write) -> Result<Summary, BackupError> {
        // In the order in which a backend takes them fastest.
        self.objects.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        let mut writer = Writer::new(out)?;
        for object in &self.objects {
            let record = record::encode(object);
            writer.put(Space::State, object.key.as_str().as_bytes(), &record)?;
        }
        for Other { space, key, value } in &self.others {
            writer.put(*space, key, value)?;
        }
        Ok(writer.finish(self.version, self.taken)?.1)
    }
}
