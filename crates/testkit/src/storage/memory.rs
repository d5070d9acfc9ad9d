//! A disk that is not one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use monoxide_engine::backend::{Backend, BackendError, Batch, Each, Entry, Space};

/// A key, and its value.
type Pair = (Box<[u8]>, Box<[u8]>);
type Entries = BTreeMap<(Space, Box<[u8]>), Box<[u8]>>;

/// What backends in memory write to. It outlives them, as a disk does.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), monoxide_engine::Error> {
/// use monoxide_engine::Engine;
/// use monoxide_testkit::storage::Disk;
///
/// let disk = Disk::default();
/// let engine = Engine::builder().backend(disk.opener()).start()?;
/// engine.ready().await?;
/// # engine.close().await;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Disk {
    entries: Arc<Mutex<Entries>>,
}

impl Disk {
    /// Opens backends on this disk.
    pub fn opener(&self) -> impl Fn() -> Result<Box<dyn Backend>, BackendError> + Send + 'static {
        let disk = self.clone();
        move || Ok(Box::new(disk.clone()))
    }

    /// Everything in a space, by its key.
    #[must_use]
    pub fn entries(&self, space: Space) -> Vec<Pair> {
        let entries = self.lock();
        let of_space = entries.iter().filter(|((it, _), _)| *it == space);
        of_space.map(|((_, key), value)| (key.clone(), value.clone())).collect()
    }

    /// Does what some entries say, as if they were a batch.
    pub fn write(&self, written: &[Entry]) {
        let mut entries = self.lock();
        for Entry { space, key, value } in written {
            match value {
                Some(value) => _ = entries.insert((*space, key.clone()), value.clone()),
                None => _ = entries.remove(&(*space, key.clone())),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Disk {
    fn load(&mut self, space: Space, each: &mut Each<'_>) -> Result<(), BackendError> {
        self.entries(space).iter().try_for_each(|(key, value)| each(key, value))
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), BackendError> {
        self.write(batch.entries());
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<(), BackendError> {
        Ok(())
    }
}
