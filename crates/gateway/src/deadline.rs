//! How long a request may take.

use std::{
    convert::Infallible,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::Request,
    response::{IntoResponse as _, Response},
};
use futures_util::{FutureExt as _, future::Map};
use tokio::time::{Timeout, error::Elapsed, timeout};
use tower::{Layer, Service};

use crate::error::Refusal;

/// Ends what takes longer. A write that is not decided then never is, and one that was stands: dropping the engine's futures is how to say so.
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

type Outcome = Result<Result<Response, Infallible>, Elapsed>;

impl<S> Service<Request> for Within<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Map<Timeout<S::Future>, fn(Outcome) -> Result<Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        timeout(self.time, self.inner.call(request))
            .map(|outcome| outcome.unwrap_or_else(|_| Ok(Refusal::Deadline.into_response())))
    }
}
