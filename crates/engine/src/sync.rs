//! Locks for data: held for a few steps, and never over an `.await`.
//!
//! They are the standard library's. Only in the unit tests of this crate they are stepped, so that
//! `schedules.rs` can have anybody else go on at each of them.

#[cfg(test)]
pub(crate) use self::stepped::{Mutex, MutexGuard};
#[cfg(not(test))]
pub(crate) use std::sync::{Mutex, MutexGuard};

#[cfg(test)]
mod stepped {
    use std::{
        ops::{Deref, DerefMut},
        sync::{self, LockResult, PoisonError, TryLockError, atomic::Ordering},
    };

    /// A lock of the standard library, with a step before it is taken and one after it is let go.
    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(sync::Mutex<T>);

    /// What is locked. The lock is let go before the step.
    pub(crate) struct MutexGuard<'a, T>(sync::MutexGuard<'a, T>, Step);

    struct Step;

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
