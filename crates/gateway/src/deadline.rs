//! How long a request may take.

use std::{
    convert::Infallible,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::Request,
    response::{IntoResponse as _, Response},
};
use futures_util::poll;
use tokio::time::timeout;
use tower::{Layer, Service};

use crate::error::Refusal;

/// What came of something within a time. A write that is not decided by then never is, and one
/// that was stands: dropping the engine's futures is how to say so.
pub(crate) async fn within<F: Future>(
    time: Duration,
    mut answer: Pin<&mut F>,
) -> Result<F::Output, Refusal> {
    // Most have nothing to wait for, and need no timer.
    if let Poll::Ready(answer) = poll!(answer.as_mut()) {
        return Ok(answer);
    }
    timeout(time, answer).await.map_err(|_| Refusal::Deadline)
}

/// Has a service answer within a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(pub(crate) Duration);

impl<S> Layer<S> for Deadline {
    type Service = Within<S>;

    fn layer(&self, inner: S) -> Within<S> {
        Within { inner, time: self.0 }
    }
}

/// A service that answers within a time.
#[derive(Debug, Clone)]
pub(crate) struct Within<S> {
    inner: S,
    time: Duration,
}

impl<S> Service<Request> for Within<S>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (time, answer) = (self.time, self.inner.call(request));
        Box::pin(async move {
            within(time, pin!(answer)).await.unwrap_or_else(|late| Ok(late.into_response()))
        })
    }
}
