//! What the application is asked and told about subscriptions.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use futures_util::{FutureExt as _, future::BoxFuture};
use monoxide_engine::{Denied, Identity};

use crate::seats::Seat;

/// Who subscribes, and to what.
///
/// ```
/// use monoxide_engine::Identity;
/// use monoxide_gateway::Subscriber;
///
/// let subscriber = Subscriber { identity: Identity::anonymous(), path: "books/*".to_owned() };
/// assert!(subscriber.identity.name().is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// Who it is.
    pub identity: Identity,
    /// The key, the list or the document that is watched; empty for the clock.
    pub path: String,
}

type Ask = dyn Fn(Subscriber) -> BoxFuture<'static, Result<(), Denied>> + Send + Sync;
type Tell = dyn Fn(&Subscriber) + Send + Sync;

/// The hooks of a server; cloning them is cheap.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    subscribe: Vec<Arc<Ask>>,
    unsubscribe: Vec<Arc<Tell>>,
}

impl Hooks {
    pub(crate) fn on_subscribe<F, O>(&mut self, hook: F)
    where
        F: Fn(Subscriber) -> O + Send + Sync + 'static,
        O: Future<Output = Result<(), Denied>> + Send + 'static,
    {
        self.subscribe.push(Arc::new(move |subscriber| hook(subscriber).boxed()));
    }

    pub(crate) fn on_unsubscribe(&mut self, hook: impl Fn(&Subscriber) + Send + Sync + 'static) {
        self.unsubscribe.push(Arc::new(hook));
    }

    /// Whether anybody may refuse a subscription because of who asks.
    pub(crate) fn ask_about_subscribers(&self) -> bool {
        !self.subscribe.is_empty()
    }

    /// Asks whether the subscription may begin.
    pub(crate) async fn admit(
        &self,
        identity: &Identity,
        path: String,
        seat: Seat,
    ) -> Result<Admitted, Denied> {
        let subscriber = Subscriber { identity: identity.clone(), path };
        for hook in &self.subscribe {
            hook(subscriber.clone()).await?;
        }
        Ok(Admitted { subscriber, unsubscribe: self.unsubscribe.clone(), _seat: seat })
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("subscribe", &self.subscribe.len())
            .field("unsubscribe", &self.unsubscribe.len())
            .finish()
    }
}

/// A subscription that was let through. The hooks for its end are told when this is dropped: that
/// happens once, whether the connection is closed, breaks, panics or never comes about.
pub(crate) struct Admitted {
    subscriber: Subscriber,
    unsubscribe: Vec<Arc<Tell>>,
    _seat: Seat,
}

impl Admitted {
    /// Whose subscription it is.
    pub(crate) fn identity(&self) -> &Identity {
        &self.subscriber.identity
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        for hook in &self.unsubscribe {
            // It may be dropped because of a panic, and a second one would end the program.
            if catch_unwind(AssertUnwindSafe(|| hook(&self.subscriber))).is_err() {
                tracing::error!(path = self.subscriber.path, "the hook for its end panicked");
            }
        }
    }
}

impl fmt::Debug for Admitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Admitted").field(&self.subscriber).finish()
    }
}
