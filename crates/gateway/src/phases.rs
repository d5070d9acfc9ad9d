//! The application's hooks around the life of a server, and what they may cost when it ends.

use std::{
    fmt,
    panic::AssertUnwindSafe,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::time::Instant;

/// The hooks of each phase, in the order they were added.
#[derive(Debug, Default)]
pub(crate) struct Phases {
    pub(crate) start: Phase,
    pub(crate) pre_shutdown: Phase,
    pub(crate) proxy_teardown: Phase,
    pub(crate) post_shutdown: Phase,
    pub(crate) close: Phase,
    /// How long the hooks of stopping may take together; zero is no bound.
    pub(crate) budget: Duration,
    spent: Mutex<Duration>,
}

#[derive(Default)]
pub(crate) struct Phase(Vec<Box<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>>);

impl Phase {
    pub(crate) fn push<F, O>(&mut self, hook: F)
    where
        F: Fn() -> O + Send + Sync + 'static,
        O: Future<Output = ()> + Send + 'static,
    {
        self.0.push(Box::new(move || hook().boxed()));
    }
}

impl fmt::Debug for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Phase").field(&self.0.len()).finish()
    }
}

impl Phases {
    /// Runs the hooks of the start. One that panics is told of, as everywhere.
    pub(crate) async fn start(&self) {
        for hook in &self.start.0 {
            run(hook).await;
        }
    }

    /// Runs the hooks of a phase of stopping, as far as the budget reaches.
    pub(crate) async fn run(&self, name: &str, phase: &Phase) {
        for (nth, hook) in phase.0.iter().enumerate() {
            if !self.budget.is_zero() && *self.spent() >= self.budget {
                let skipped = phase.0.len() - nth;
                tracing::warn!(phase = name, skipped, "the time for hooks is spent");
                return;
            }
            let begun = Instant::now();
            run(hook).await;
            *self.spent() += begun.elapsed();
        }
    }

    fn spent(&self) -> std::sync::MutexGuard<'_, Duration> {
        // A duration is whole whatever panicked beside it.
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn run(hook: &(dyn Fn() -> BoxFuture<'static, ()> + Send + Sync)) {
    let hook = AssertUnwindSafe(async { hook().await });
    if hook.catch_unwind().await.is_err() {
        tracing::error!("a hook panicked");
    }
}
