//! What a client still sends of a body that was answered before its end.
//!
//! Left unread it would turn the answer into a reset, for every client that writes before it
//! reads. So the rest is read and thrown away, once the answer is out.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{BoxError, body::Body};
use bytes::Bytes;
use futures_util::StreamExt as _;
use hyper::body::{Body as _, Frame, SizeHint};
use tokio::{runtime::Handle, time::timeout};

use crate::{door::Sockets, pace::Upload};

/// For how long a client may go on sending what nobody reads.
const LINGER: Duration = Duration::from_secs(30);

/// Splits a body into the one that the handler reads, and what is left of it then.
pub(crate) fn split(body: Upload, sockets: &Arc<Sockets>) -> (Body, Rest) {
    let body = Shared(Arc::new(Mutex::new(body)));
    let rest = Rest { body: body.clone(), sockets: Arc::clone(sockets) };
    (Body::new(body), rest)
}

/// A body that the handler reads, and whoever comes after it.
#[derive(Debug, Clone)]
struct Shared(Arc<Mutex<Upload>>);

impl Shared {
    fn with<T>(&self, how: impl FnOnce(Pin<&mut Upload>) -> T) -> T {
        // A panic while a body is read leaves it as a body.
        how(Pin::new(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl hyper::body::Body for Shared {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.with(|body| body.poll_frame(context))
    }

    fn is_end_stream(&self) -> bool {
        self.with(|body| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.with(|body| body.size_hint())
    }
}

/// What is left of a request's body. It is to be dropped when the answer was written, and then
/// the rest is thrown away.
#[derive(Debug)]
pub(crate) struct Rest {
    body: Shared,
    sockets: Arc<Sockets>,
}

impl Drop for Rest {
    fn drop(&mut self) {
        // Reading any earlier would tell a client that asks before it sends to go on.
        let Ok(runtime) = Handle::try_current() else { return };
        if self.body.with(|body| body.is_end_stream()) {
            return;
        }
        let mut chunks = Body::new(self.body.clone()).into_data_stream();
        let discard = async move { while let Some(Ok(_)) = chunks.next().await {} };
        let discard = self.sockets.stop.clone().run_until_cancelled_owned(discard);
        self.sockets.tasks.spawn_on(timeout(LINGER, discard), &runtime);
    }
}
