//! What the log's thread does between batches, because the backend is its alone.

use tokio::sync::oneshot;

use super::{Thread, Unsure, Work};
use crate::{
    backend::{Backend, BackendError, Compaction, Space, record},
    backup::{Other, Snapshot},
};

/// Something that needs the backend, and who waits for it.
#[derive(Debug)]
pub(crate) enum Chore {
    /// Taking hold of everything that is kept.
    Snapshot(oneshot::Sender<Result<Snapshot, BackendError>>),
    /// Giving room back to the disk.
    Compact(oneshot::Sender<Result<Option<Compaction>, BackendError>>),
}

impl Thread {
    pub(super) fn do_chores(&mut self) {
        for chore in self.store.take_chores() {
            // Whoever asked may have given up.
            match chore {
                Chore::Snapshot(answer) => drop(answer.send(self.snapshot())),
                Chore::Compact(answer) => {
                    let done = self.with_backend(Backend::compact);
                    let failed = done.clone().err();
                    drop(answer.send(done));
                    if let Some(error) = failed {
                        self.recover(Work::default(), Unsure::default(), &error);
                    }
                }
            }
        }
    }

    /// Everything that is kept: nothing becomes durable meanwhile.
    fn snapshot(&mut self) -> Result<Snapshot, BackendError> {
        let mut others = Vec::new();
        self.with_backend(|backend| {
            for space in [Space::Accounts, Space::System] {
                backend.load(space, &mut |key, value| {
                    // The highest version is the snapshot's own.
                    let is_version = space == Space::System && record::is_version(key);
                    if !is_version {
                        others.push(Other { space, key: key.into(), value: value.into() });
                    }
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        Ok(self.store.snapshot(others))
    }
}
