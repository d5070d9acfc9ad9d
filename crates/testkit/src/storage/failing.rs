//! A disk that fails when a test wants it to.

use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use monoxide_engine::backend::{Backend, BackendError, Batch, Each, Space};

use super::Disk;

/// What goes wrong with the backends of a [`Disk`]. Clones are of the same.
///
/// ```
/// use monoxide_engine::backend::{Backend as _, Batch};
/// use monoxide_testkit::storage::{Disk, Fault, Faults};
///
/// let faults = Faults::default();
/// let open = faults.opener(&Disk::default());
/// let mut backend = open().expect("nothing is wrong yet");
/// faults.plan(1, Fault::Fails);
/// assert!(backend.commit(&Batch::default()).is_err());
/// assert!(backend.commit(&Batch::default()).is_ok());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Faults {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    script: Mutex<Script>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Script {
    /// What goes wrong with commits, by their number.
    planned: BTreeMap<usize, Fault>,
    /// What every commit, or opening, fails with.
    commits: Option<BackendError>,
    opens: Option<BackendError>,
    stalls: bool,
    /// How many commits are being held up.
    stalled: usize,
    begun: usize,
    opened: usize,
}

/// How one commit fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It writes nothing.
    Fails,
    /// It writes the first half of its entries, rounded up.
    Tears,
    /// It writes everything, and then says that it has not.
    Lies,
    /// It panics.
    Panics,
}

impl Faults {
    /// Opens backends on `disk` that fail in this way.
    pub fn opener(
        &self,
        disk: &Disk,
    ) -> impl Fn() -> Result<Box<dyn Backend>, BackendError> + Send + 'static {
        let (faults, disk) = (self.clone(), disk.clone());
        move || {
            let mut script = faults.lock();
            if let Some(error) = script.opens.clone() {
                return Err(error);
            }
            script.opened += 1;
            Ok(Box::new(Failing { disk: disk.clone(), faults: faults.clone() }))
        }
    }

    /// The commit that is the `nth` from now on goes wrong: 1 is the next, 0 the one that
    /// waits.
    pub fn plan(&self, nth: usize, fault: Fault) {
        let mut script = self.lock();
        let nth = script.begun + nth;
        script.planned.insert(nth, fault);
    }

    /// Every commit fails until [`mend`](Self::mend), and writes nothing.
    pub fn fail_all(&self, error: BackendError) {
        self.lock().commits = Some(error);
    }

    /// No backend can be opened until [`mend`](Self::mend).
    pub fn fail_opening(&self, error: BackendError) {
        self.lock().opens = Some(error);
    }

    /// Commits wait until [`mend`](Self::mend).
    pub fn stall(&self) {
        self.lock().stalls = true;
    }

    /// Commits no longer wait; what else is wrong stays so.
    pub fn release(&self) {
        self.lock().stalls = false;
        self.shared.changed.notify_all();
    }

    /// Nothing is wrong any more.
    pub fn mend(&self) {
        let mut script = self.lock();
        let Script { begun, opened, stalled, .. } = *script;
        *script = Script { begun, opened, stalled, ..Script::default() };
        self.shared.changed.notify_all();
    }

    /// Blocks until a commit waits.
    pub fn wait_until_stalled(&self) {
        let waited = self.shared.changed.wait_while(self.lock(), |script| script.stalled == 0);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// How many commits there were, those that failed included.
    #[must_use]
    pub fn commits(&self) -> usize {
        self.lock().begun
    }

    /// How many backends were opened.
    #[must_use]
    pub fn opened(&self) -> usize {
        self.lock().opened
    }

    fn lock(&self) -> MutexGuard<'_, Script> {
        self.shared.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits and fails as the script says; how much of a batch is written before that.
    fn next(&self, length: usize) -> (usize, Result<(), BackendError>) {
        let mut script = self.lock();
        script.begun += 1;
        if script.stalls {
            script.stalled += 1;
            self.shared.changed.notify_all();
            let waited = self.shared.changed.wait_while(script, |script| script.stalls);
            script = waited.unwrap_or_else(PoisonError::into_inner);
            script.stalled -= 1;
        }
        if let Some(error) = script.commits.clone() {
            return (0, Err(error));
        }
        let nth = script.begun;
        let fault = script.planned.remove(&nth);
        let failed = Err(BackendError::Io("the test wants it to fail".to_owned()));
        match fault {
            None => (length, Ok(())),
            Some(Fault::Fails) => (0, failed),
            Some(Fault::Tears) => (length.div_ceil(2), failed),
            Some(Fault::Lies) => (length, failed),
            Some(Fault::Panics) => panic!("the test wants it to panic"),
        }
    }
}

/// A backend that fails as its script says.
struct Failing {
    disk: Disk,
    faults: Faults,
}

impl Backend for Failing {
    fn load(&mut self, space: Space, each: &mut Each<'_>) -> Result<(), BackendError> {
        self.disk.load(space, each)
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), BackendError> {
        let (written, result) = self.faults.next(batch.entries().len());
        self.disk.write(batch.entries().get(..written).unwrap_or_default());
        result
    }

    fn close(self: Box<Self>) -> Result<(), BackendError> {
        Ok(())
    }
}
