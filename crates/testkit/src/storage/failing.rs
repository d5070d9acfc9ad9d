//! A disk that fails when a test wants it to.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use monoxide_engine::backend::{Backend, BackendError, Batch, Each, Space};

use super::Disk;

/// What goes wrong with the backends of a [`Disk`]. Clones are of the same.
///
/// ```
/// use monoxide_engine::backend::{Backend as _, Batch};
/// use monoxide_testkit::storage::{Disk, Faults};
///
/// let faults = Faults::default();
/// let open = faults.opener(&Disk::default());
/// let mut backend = open().expect("nothing is wrong yet");
/// faults.fail_commit(1);
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
    /// Commits from here on, of which the last fails.
    fails_in: Option<usize>,
    /// What every commit, or opening, fails with.
    commits: Option<BackendError>,
    opens: Option<BackendError>,
    tears: bool,
    panics: bool,
    stalls: bool,
    /// How many commits are being held up.
    stalled: usize,
    begun: usize,
    done: usize,
    opened: usize,
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

    /// The commit that is the `nth` from now on fails, and writes nothing. 1 is the next.
    pub fn fail_commit(&self, nth: usize) {
        self.lock().fails_in = Some(nth);
    }

    /// Every commit fails until [`mend`](Self::mend), and writes nothing.
    pub fn fail_all(&self, error: BackendError) {
        self.lock().commits = Some(error);
    }

    /// No backend can be opened until [`mend`](Self::mend).
    pub fn fail_opening(&self, error: BackendError) {
        self.lock().opens = Some(error);
    }

    /// The next commit fails after it has written the first half of its entries, rounded up.
    pub fn tear(&self) {
        self.lock().tears = true;
    }

    /// The next commit panics.
    pub fn panic(&self) {
        self.lock().panics = true;
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
        let Script { begun, done, opened, stalled, .. } = *script;
        *script = Script { begun, done, opened, stalled, ..Script::default() };
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
        assert!(!std::mem::take(&mut script.panics), "the test wants a panic");
        if std::mem::take(&mut script.tears) {
            return (length.div_ceil(2), Err(BackendError::Io("torn".to_owned())));
        }
        if let Some(error) = script.commits.clone() {
            return (0, Err(error));
        }
        script.fails_in = script.fails_in.and_then(|nth| nth.checked_sub(1));
        if script.fails_in == Some(0) {
            script.fails_in = None;
            return (0, Err(BackendError::Io("the test wants it to fail".to_owned())));
        }
        script.done += 1;
        (length, Ok(()))
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
