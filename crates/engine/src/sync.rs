//! Locks for data, held for a few steps and never over an `.await`; and how one is told that there
//! is something new.
//!
//! They are the standard library's and tokio's. Only in the unit tests of this crate they are
//! stepped, so that `schedules.rs` can have anybody else go on at each use of them.

#[cfg(test)]
pub(crate) use self::stepped::{Condvar, Mutex, MutexGuard, watch};
#[cfg(not(test))]
pub(crate) use {
    std::sync::{Condvar, Mutex, MutexGuard},
    tokio::sync::watch,
};

#[cfg(test)]
mod stepped {
    use std::{
        ops::{Deref, DerefMut},
        sync::{self, LockResult, PoisonError, TryLockError, WaitTimeoutResult, atomic::Ordering},
        time::Duration,
    };

    /// Tokio's, with a step before each use.
    pub(crate) mod watch {
        use tokio::sync::watch::{self, Ref, error::RecvError};

        use super::step;

        #[derive(Debug)]
        pub(crate) struct Sender<T>(watch::Sender<T>);

        #[derive(Debug)]
        pub(crate) struct Receiver<T>(watch::Receiver<T>);

        pub(crate) fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
            let (sender, receiver) = watch::channel(value);
            (Sender(sender), Receiver(receiver))
        }

        impl<T> Sender<T> {
            pub(crate) fn send_modify(&self, modify: impl FnOnce(&mut T)) {
                step();
                self.0.send_modify(modify);
            }

            pub(crate) fn subscribe(&self) -> Receiver<T> {
                step();
                Receiver(self.0.subscribe())
            }

            pub(crate) fn borrow(&self) -> Ref<'_, T> {
                step();
                self.0.borrow()
            }

            pub(crate) fn receiver_count(&self) -> usize {
                step();
                self.0.receiver_count()
            }
        }

        impl<T> Receiver<T> {
            pub(crate) fn borrow(&self) -> Ref<'_, T> {
                step();
                self.0.borrow()
            }

            pub(crate) fn borrow_and_update(&mut self) -> Ref<'_, T> {
                step();
                self.0.borrow_and_update()
            }

            pub(crate) async fn changed(&mut self) -> Result<(), RecvError> {
                step();
                self.0.changed().await
            }
        }
    }

    /// A lock of the standard library, with a step before it is taken and one after it is let go.
    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(sync::Mutex<T>);

    /// What is locked. The lock is let go before the step.
    pub(crate) struct MutexGuard<'a, T>(sync::MutexGuard<'a, T>, Step);

    struct Step;

    /// The standard library's. No schedule waits for it: it is the log's, which has a thread.
    #[derive(Debug)]
    pub(crate) struct Condvar(sync::Condvar);

    /// What comes of waiting: the lock, and whether it took too long.
    type Waited<G> = LockResult<(G, WaitTimeoutResult)>;

    impl Condvar {
        pub(crate) fn new() -> Self {
            Self(sync::Condvar::new())
        }

        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }

        pub(crate) fn wait_timeout<'a, T>(
            &self,
            MutexGuard(guard, step): MutexGuard<'a, T>,
            time: Duration,
        ) -> Waited<MutexGuard<'a, T>> {
            stepped(self.0.wait_timeout(guard, time), step)
        }

        pub(crate) fn wait_timeout_while<'a, T>(
            &self,
            MutexGuard(guard, step): MutexGuard<'a, T>,
            time: Duration,
            condition: impl FnMut(&mut T) -> bool,
        ) -> Waited<MutexGuard<'a, T>> {
            stepped(self.0.wait_timeout_while(guard, time, condition), step)
        }
    }

    fn stepped<T>(
        waited: Waited<sync::MutexGuard<'_, T>>,
        step: Step,
    ) -> Waited<MutexGuard<'_, T>> {
        match waited {
            Ok((guard, result)) => Ok((MutexGuard(guard, step), result)),
            Err(error) => {
                let (guard, result) = error.into_inner();
                Err(PoisonError::new((MutexGuard(guard, step), result)))
            }
        }
    }

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
            step();
            loop {
                match self.0.try_lock() {
                    Ok(guard) => return Ok(MutexGuard(guard, Step)),
                    Err(TryLockError::Poisoned(error)) => {
                        let guard = MutexGuard(error.into_inner(), Step);
                        return Err(PoisonError::new(guard));
                    }
                    Err(TryLockError::WouldBlock) if is_scheduled() => shuttle::thread::yield_now(),
                    Err(TryLockError::WouldBlock) => std::thread::yield_now(),
                }
            }
        }
    }

    /// Has anybody go on: the next thing that shuttle's schedule says.
    fn step() {
        if is_scheduled() {
            // Reading one of its atomics is one of its steps.
            shuttle::sync::atomic::AtomicBool::new(false).load(Ordering::SeqCst);
        }
    }

    /// Other tests have locks too, and go on as they do.
    fn is_scheduled() -> bool {
        !std::thread::panicking() && shuttle::current::try_get_current_task().is_some()
    }

    impl Drop for Step {
        fn drop(&mut self) {
            step();
        }
    }

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.0
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            &mut self.0
        }
    }
}
