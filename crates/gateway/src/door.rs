//! What every handler is given.

use std::{
    borrow::Cow, convert::Infallible, net::SocketAddr, ops::Deref, path::PathBuf, sync::Arc,
    time::Duration,
};

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{Uri, request::Parts},
};
use monoxide_engine::{Engine, Identity, Session};
use monoxide_identity::ADMIN;
use percent_encoding::percent_decode_str;
use tokio::time::Instant;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    application::Application,
    assets::Site,
    auth::Auth,
    backups::{Backups, Schedule},
    base_path::BasePath,
    clock::Clock,
    error::Refusal,
    guests::{Guests, Limits},
    hosts::Hosts,
    monitor::{Monitor, Stored},
    origins::Origins,
    pace::Timeouts,
    proxies::Proxies,
    quotas::Quotas,
    range::Ranges,
    seats::Seats,
    server::BuildError,
};

/// The engine, and the server's settings around it. Every request has a clone of it.
#[derive(Debug, Clone)]
pub(crate) struct Door(Arc<House>);

impl Door {
    pub(crate) fn new(house: House) -> Self {
        Self(Arc::new(house))
    }
}

impl Deref for Door {
    type Target = House;

    fn deref(&self) -> &House {
        &self.0
    }
}

impl FromRef<Door> for Engine {
    fn from_ref(door: &Door) -> Self {
        door.engine.clone()
    }
}

impl FromRef<Door> for Arc<Settings> {
    fn from_ref(door: &Door) -> Self {
        Self::clone(&door.settings)
    }
}

impl House {
    /// Refuses whoever does not look after the server. Where nobody is asked who they are, all do.
    pub(crate) fn administrator(&self, identity: &Identity) -> Result<(), Refusal> {
        match (&self.settings.auth, identity.name()) {
            (Some(_), None) => Err(Refusal::SignIn(None)),
            (Some(_), Some(_)) if !identity.has_role(ADMIN) => Err(Refusal::NotAllowed),
            _ => Ok(()),
        }
    }
}

/// What is behind every door.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) engine: Engine,
    pub(crate) settings: Arc<Settings>,
    pub(crate) sockets: Arc<Sockets>,
    pub(crate) clock: Clock,
    pub(crate) monitor: Monitor,
    pub(crate) ranges: Ranges,
    pub(crate) running: Running,
}

/// What the builder was told.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) site: Option<Site>,
    pub(crate) base_path: BasePath,
    pub(crate) max_body: usize,
    pub(crate) max_message: usize,
    pub(crate) limits: Limits,
    pub(crate) quotas: Arc<Quotas>,
    pub(crate) seats: Seats,
    pub(crate) ping: Duration,
    pub(crate) pong: Duration,
    pub(crate) tick: Duration,
    pub(crate) deadline: Duration,
    pub(crate) timeouts: Timeouts,
    pub(crate) hosts: Hosts,
    /// Whether the server speaks TLS itself.
    pub(crate) is_tls: bool,
    pub(crate) origins: Origins,
    pub(crate) proxies: Proxies,
    pub(crate) compression: bool,
    pub(crate) admin_socket: Option<PathBuf>,
    pub(crate) schedule: Option<Schedule>,
    /// What keeps everything, as far as it is known here.
    pub(crate) stored: Option<Stored>,
    pub(crate) application: Application,
    /// Absent when everybody is let in.
    pub(crate) auth: Option<Arc<Auth>>,
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
        let every = self.schedule.as_ref().map(|it| ("time between backups", it.every));
        match times.into_iter().chain(every).find(|(_, time)| time.is_zero() || *time > YEAR) {
            Some((name, _)) => Err(BuildError::Time(name)),
            None => Ok(()),
        }
    }
}

/// Where a server listens, since when, and who is there.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) since: Instant,
    pub(crate) guests: Guests,
    pub(crate) backups: Arc<Backups>,
}

/// The connections that outlive their request.
#[derive(Debug)]
pub(crate) struct Sockets {
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

/// What whoever asks may do with the engine, for handlers of endpoints. A
/// [layer](crate::Builder::layer) of the application says who that is, by an [`Identity`] among the
/// request's extensions; without one it is nobody in particular.
///
/// ```
/// use monoxide_gateway::{Caller, Endpoint};
///
/// async fn whoami(Caller(session): Caller) -> String {
///     session.identity().name().unwrap_or("nobody").to_owned()
/// }
///
/// let endpoint = Endpoint::new("/whoami").about("Who asks").get(whoami).response::<String>();
/// ```
#[derive(Debug)]
pub struct Caller(pub Session);

impl<S: Send + Sync> FromRequestParts<S> for Caller
where
    Engine: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self(Engine::from_ref(state).session(asks(parts))))
    }
}

/// Who asks.
pub(crate) fn asks(parts: &Parts) -> Identity {
    parts.extensions.get::<Identity>().cloned().unwrap_or_default()
}

/// The address that was asked for, decoded and without its first slash.
///
/// # Errors
///
/// When it has none, or its percent signs do not decode to UTF-8: then it names no key.
pub(crate) fn address(uri: &Uri) -> Result<Cow<'_, str>, Refusal> {
    let path = uri.path().strip_prefix('/').ok_or(Refusal::NoRoute)?;
    percent_decode_str(path).decode_utf8().map_err(|_| Refusal::NoRoute)
}

/// Answers what has no route.
pub(crate) async fn no_route() -> Result<Infallible, Refusal> {
    Err(Refusal::NoRoute)
}

/// Answers a method that a route lacks; axum adds `Allow`.
pub(crate) async fn no_method() -> Result<Infallible, Refusal> {
    Err(Refusal::Method)
}
