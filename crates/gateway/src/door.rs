//! What every handler is given.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::{FromRef, FromRequestParts, Path},
    http::request::Parts,
};
use monoxide_engine::{Engine, Identity, Session};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    assets::Site, clock::Clock, error::Refusal, origins::Origins, pace::Timeouts,
    server::BuildError,
};

/// The engine, and the server's settings around it.
#[derive(Debug, Clone, FromRef)]
pub(crate) struct Door {
    pub(crate) engine: Engine,
    pub(crate) settings: Arc<Settings>,
    pub(crate) sockets: Sockets,
    pub(crate) clock: Clock,
}

/// What the builder was told.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) site: Option<Site>,
    pub(crate) max_body: usize,
    pub(crate) ping: Duration,
    pub(crate) pong: Duration,
    pub(crate) tick: Duration,
    pub(crate) deadline: Duration,
    pub(crate) timeouts: Timeouts,
    pub(crate) origins: Origins,
    pub(crate) compression: bool,
}

/// Far longer than anybody waits, and far from where adding it to a time overflows.
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Settings {
    /// Refuses times in which nothing can be done, and those whose end is out of sight.
    pub(crate) fn check(&self) -> Result<(), BuildError> {
        let Timeouts { header, read, write, idle } = self.timeouts;
        let times = [
            ("ping time", self.ping),
            ("pong time", self.pong),
            ("tick", self.tick),
            ("deadline", self.deadline),
            ("header timeout", header),
            ("read timeout", read),
            ("write timeout", write),
            ("idle timeout", idle),
        ];
        match times.into_iter().find(|(_, time)| time.is_zero() || *time > YEAR) {
            Some((name, _)) => Err(BuildError::Time(name)),
            None => Ok(()),
        }
    }
}

/// The connections that outlive their request.
#[derive(Debug, Clone)]
pub(crate) struct Sockets {
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

/// What whoever asks may do with the engine. A layer of the application says who that is, by an
/// [`Identity`] among the request's extensions.
#[derive(Debug)]
pub(crate) struct Caller(pub(crate) Session);

impl<S: Send + Sync> FromRequestParts<S> for Caller
where
    Engine: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let identity = parts.extensions.get::<Identity>().cloned().unwrap_or_default();
        Ok(Self(Engine::from_ref(state).session(identity)))
    }
}

/// The address that was asked for, decoded and without its first slash.
#[derive(Debug)]
pub(crate) struct Address(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        // Percent signs that do not decode to UTF-8 name no key.
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(address)| Self(address)).map_err(|_| Refusal::NoRoute)
    }
}

/// Answers what has no route.
pub(crate) async fn no_route() -> Result<Infallible, Refusal> {
    Err(Refusal::NoRoute)
}

/// Answers a method that a route lacks; axum adds `Allow`.
pub(crate) async fn no_method() -> Result<Infallible, Refusal> {
    Err(Refusal::Method)
}
