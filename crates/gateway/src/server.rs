//! The whole server, from a bound port to the last close frame.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use axum::{Router, middleware::from_fn_with_state};
use monoxide_engine::Engine;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::trace::TraceLayer;

use crate::{
    assets::{self, Site},
    clock::Clock,
    deadline::Deadline,
    door::{self, Door, Settings, Sockets},
    edge::Edge,
    linger::linger,
    listen::Listening,
    origins::Origins,
    pace::Timeouts,
    rest,
    tls::{Tls, TlsError},
};

/// How long a connection that was cut may take to notice.
const CUT: Duration = Duration::from_secs(1);

/// An engine with every door the gateway knows.
#[derive(Debug)]
#[must_use = "a server does nothing before `serve`"]
pub struct Server {
    engine: Engine,
    settings: Settings,
    tls: Option<Tls>,
}

/// How to build a [`Server`]; every setting has a default that works.
#[derive(Debug)]
#[must_use = "a builder does nothing before `build`"]
pub struct Builder {
    engine: Engine,
    settings: Settings,
    tls: Option<(PathBuf, PathBuf)>,
}

/// Why a server cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A filter stands for a key that is never reached: a file of the page has its address.
    #[error("the filter for `{0}` is never reached: a file of the page has that address")]
    FilterShadowed(String),
    /// A time in which nothing could be done, or that could not be counted.
    #[error("the {0} is zero, or longer than a year")]
    Time(&'static str),
    /// The certificate or its key cannot be used.
    #[error("TLS: {0}")]
    Tls(#[from] TlsError),
}

impl Builder {
    /// What the page calls the server. Default: `monoxide`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = name.into();
        self
    }

    /// The front end. Default: none, and `/` says so.
    pub fn site(mut self, site: Site) -> Self {
        self.settings.site = Some(site);
        self
    }

    /// How large a body may be, in bytes; above it the answer is 413. Default: 10 MiB.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.settings.max_body = bytes;
        self
    }

    /// How often a socket is asked for a sign of life. Default: every 60 seconds.
    pub fn ping(mut self, ping: Duration) -> Self {
        self.settings.ping = ping;
        self
    }

    /// How long a socket may neither send anything nor take bytes that wait for it; after that it
    /// is closed with 1008. Default: 150 seconds.
    pub fn pong(mut self, pong: Duration) -> Self {
        self.settings.pong = pong;
        self
    }

    /// How often the clock socket tells the time. Default: every second.
    pub fn tick(mut self, tick: Duration) -> Self {
        self.settings.tick = tick;
        self
    }

    /// How long a request for data may take, its body included; after that the answer is 503. A
    /// write that was not yet decided is not carried out then; one that was stands. It is also how
    /// long requests may go on when the server stops. Default: 10 seconds.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.settings.deadline = deadline;
        self
    }

    /// How long a request's head may take from its first byte to its last; on a new connection it
    /// counts from the start, TLS included. After that the connection is closed. Default: 10
    /// seconds.
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeouts.header = timeout;
        self
    }

    /// How long a body may take, where no deadline is shorter; after that it counts as cut off.
    /// Default: 60 seconds.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeouts.read = timeout;
        self
    }

    /// How long a client may take nothing of the answer that waits for it; after that the
    /// connection is closed. Sockets have the pong time instead. Default: 60 seconds.
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeouts.write = timeout;
        self
    }

    /// How long a connection is kept for its next request. Default: 10 seconds.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeouts.idle = timeout;
        self
    }

    /// The origins, such as `https://app.example`, whose pages may use this server besides its
    /// own: open sockets, and read answers (CORS). `*` stands for all. Default: pages of any
    /// origin may read and write over HTTP, and only the server's own may open sockets.
    pub fn origins(mut self, origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.settings.origins = Origins::new(origins);
        self
    }

    /// Whether answers of a KiB and more are packed for those who can read brotli or gzip.
    /// Default: they are.
    pub fn compression(mut self, compression: bool) -> Self {
        self.settings.compression = compression;
        self
    }

    /// Speaks TLS (1.2 and 1.3) with the certificates in the file `cert` and the private key in
    /// the file `key`, both in PEM. While it serves, SIGHUP makes it read them again; connections
    /// that are open keep theirs, and a pair that cannot be used changes nothing. Default: no TLS.
    pub fn tls(mut self, cert: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.tls = Some((cert.into(), key.into()));
        self
    }

    /// The server as described.
    ///
    /// # Errors
    ///
    /// [`BuildError`] when the parts do not go together.
    pub fn build(self) -> Result<Server, BuildError> {
        let Self { engine, settings, tls } = self;
        settings.check()?;
        let tls = tls.map(|(cert, key)| Tls::read(cert, key)).transpose()?;
        let files: Vec<String> = settings.site.iter().flat_map(Site::public).collect();
        let shadowed =
            engine.filters().iter().find(|it| files.iter().any(|f| f == it.path.as_str()));
        if let Some(filter) = shadowed {
            return Err(BuildError::FilterShadowed(filter.path.to_string()));
        }
        Ok(Server { engine, settings, tls })
    }
}

impl Server {
    /// Starts describing a server over `engine`.
    pub fn builder(engine: Engine) -> Builder {
        let settings = Settings {
            name: "monoxide".to_owned(),
            site: None,
            max_body: 10 * 1024 * 1024,
            ping: Duration::from_secs(60),
            pong: Duration::from_secs(150),
            tick: Duration::from_secs(1),
            deadline: Duration::from_secs(10),
            timeouts: Timeouts {
                header: Duration::from_secs(10),
                read: Duration::from_secs(60),
                write: Duration::from_secs(60),
                idle: Duration::from_secs(10),
            },
            origins: Origins::default(),
            compression: true,
        };
        Builder { engine, settings, tls: None }
    }

    /// Serves until `stop` is cancelled. Then sockets are closed with 1001, requests that were
    /// begun are finished, for as long as the deadline at most, and the engine is closed.
    ///
    /// # Errors
    ///
    /// When the process cannot be told to read its certificate again.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) -> io::Result<()> {
        let Self { engine, settings, tls } = self;
        let (settings, clock) = (Arc::new(settings), Clock::new());
        let tasks = TaskTracker::new();
        tasks.spawn(clock.clone().run(settings.tick, stop.clone()));
        #[cfg(unix)]
        if let Some(tls) = &tls {
            tasks.spawn(tls.clone().follow(stop.clone())?);
        }
        let sockets = Sockets { tasks: tasks.clone(), stop };
        let (timeouts, cut) = (settings.timeouts, CancellationToken::new());
        let listening = Listening { timeouts, tls, sockets: sockets.clone(), cut: cut.clone() };
        let door = Door { engine: engine.clone(), settings: Arc::clone(&settings), sockets, clock };

        listening.run(listener, Edge::new(router(door), Arc::clone(&settings))).await;
        tasks.close();
        if timeout(settings.deadline, tasks.wait()).await.is_err() {
            tracing::warn!("some connections did not end in time and are cut");
            cut.cancel();
            _ = timeout(CUT, tasks.wait()).await;
        }
        engine.close().await;
        Ok(())
    }
}

fn router(door: Door) -> Router {
    assets::router(door.settings.site.as_ref())
        .merge(rest::router())
        .route_layer(Deadline(door.settings.deadline))
        .fallback(door::no_route)
        .method_not_allowed_fallback(door::no_method)
        .layer(from_fn_with_state(door.sockets.clone(), linger))
        .layer(TraceLayer::new_for_http())
        .with_state(door)
}
