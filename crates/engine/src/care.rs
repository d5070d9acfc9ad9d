//! Looking after what is kept: snapshots for backups and exports, imports, compaction.
//!
//! All of it is the operator's: filters decide what may be imported, and nothing else is asked.

use std::sync::Arc;

use monoxide_protocol::{Glob, Object};
use tokio::sync::oneshot;

use crate::{
    Engine,
    backend::{BackendError, Compaction},
    backup::Snapshot,
    error::Error,
    log::Chore,
    transfer::{Import, ImportError, Imported},
};

impl Engine {
    /// Everything that is kept, as it is between two commits. Writers wait for a moment, while
    /// references to the objects are copied.
    ///
    /// # Errors
    ///
    /// [`Error::Loading`] until everything is loaded, [`Error::Storage`] when the backend does not
    /// work, and [`Error::Closed`] during shutdown.
    pub async fn snapshot(&self) -> Result<Snapshot, Error> {
        if self.log().is_none() {
            return Ok(self.store().snapshot(Vec::new()));
        }
        self.chore(Chore::Snapshot).await
    }

    /// Gives room that the backend does not need back to the disk. Writers wait meanwhile, and
    /// readers do not. It says `None` where there is nothing to be done.
    ///
    /// # Errors
    ///
    /// As [`snapshot`](Self::snapshot).
    pub async fn compact(&self) -> Result<Option<Compaction>, Error> {
        if self.log().is_none() {
            return Ok(None);
        }
        self.chore(Chore::Compact).await
    }

    /// Every stored object, or those that `glob` names, ordered by key. No filter is asked.
    ///
    /// # Errors
    ///
    /// [`Error::Loading`] until everything is loaded.
    pub fn stored(&self, glob: Option<&Glob>) -> Result<Vec<Arc<Object>>, Error> {
        self.log().map_or(Ok(()), |log| log.check_ready())?;
        let mut objects = match glob {
            Some(glob) => self.store().list(glob).1,
            None => self.store().snapshot(Vec::new()).objects,
        };
        objects.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(objects)
    }

    /// Writes all of `imports`, or nothing: once every write filter has said yes, as one commit,
    /// which is told to subscribers as any other. What limits no longer allow then goes with it.
    /// With `is_rehearsal` nothing is written.
    ///
    /// # Errors
    ///
    /// [`ImportError`], which names the line that is refused, when there is one.
    pub async fn import(
        &self,
        imports: Vec<Import>,
        is_rehearsal: bool,
    ) -> Result<Imported, ImportError> {
        self.log().map_or(Ok(()), |log| log.check_ready())?;
        self.store().import(&Self::program_caller(), imports, is_rehearsal).await
    }

    /// Has the log's thread do something between batches.
    async fn chore<T>(
        &self,
        chore: impl FnOnce(oneshot::Sender<Result<T, BackendError>>) -> Chore,
    ) -> Result<T, Error> {
        let log = self.log().ok_or(Error::Closed)?;
        let (answer, answered) = oneshot::channel();
        self.store().give_chore(log, chore(answer))?;
        match answered.await {
            Ok(done) => done.map_err(|error| {
                tracing::error!(%error, "the backend could not be looked after");
                Error::Storage
            }),
            // It was dropped, because the backend failed or the engine was closed meanwhile.
            Err(_) if log.is_closing() => Err(Error::Closed),
            Err(_) => Err(Error::Storage),
        }
    }
}
