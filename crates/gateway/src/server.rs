//! The whole server, from a bound port to the last close frame.

use std::{io, sync::Arc, time::Duration};

use axum::{Router, middleware::from_fn_with_state, serve::ListenerExt as _};
use monoxide_engine::Engine;
use tokio::{
    net::TcpListener,
    time::{Instant, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::trace::TraceLayer;

use crate::{
    application::Application,
    assets::Site,
    clock::Clock,
    door::{Door, Running, Settings, Sockets},
    doors::{self, Shadows},
    endpoint::EndpointError,
    linger::linger,
};

/// How long requests and sockets may take to end when the server stops.
const DRAIN: Duration = Duration::from_secs(10);

/// An engine with every door the gateway knows.
#[derive(Debug)]
#[must_use = "a server does nothing before `serve`"]
pub struct Server {
    engine: Engine,
    settings: Settings,
    shadows: Shadows,
}

/// How to build a [`Server`]; every setting has a default that works.
#[derive(Debug)]
#[must_use = "a builder does nothing before `build`"]
pub struct Builder {
    engine: Engine,
    pub(crate) settings: Settings,
}

/// Why a server cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A filter stands for a key that is never reached: an endpoint or a file of the page has its
    /// address.
    #[error("the filter for `{0}` is never reached: a route has that address")]
    FilterShadowed(String),
    /// An endpoint cannot be served.
    #[error("the endpoint `{path}` cannot be served: {why}")]
    Endpoint {
        /// The endpoint's path.
        path: String,
        /// Why it cannot.
        why: EndpointError,
    },
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

    /// The server as described.
    ///
    /// # Errors
    ///
    /// [`BuildError`] when the parts do not go together.
    pub fn build(self) -> Result<Server, BuildError> {
        let Self { engine, settings } = self;
        let shadows = Shadows::new(&settings)?;
        // A filter for a list is still of use: to programs, and to who watches the list.
        let mut keys = engine.filters().iter().filter(|it| !it.path.is_list());
        if let Some(filter) = keys.find(|it| shadows.hide(it.path.as_str())) {
            return Err(BuildError::FilterShadowed(filter.path.to_string()));
        }
        Ok(Server { engine, settings, shadows })
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
            application: Application::default(),
        };
        Builder { engine, settings }
    }

    /// Serves until `stop` is cancelled. Then sockets are closed with 1001, requests that were
    /// begun are finished, for ten seconds at most, and the engine is closed.
    ///
    /// # Errors
    ///
    /// When the listener fails for good.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) -> io::Result<()> {
        let Self { engine, settings, shadows } = self;
        let (clock, tasks, settings) = (Clock::new(), TaskTracker::new(), Arc::new(settings));
        let clock_stop = CancellationToken::new();
        tasks.spawn(clock.clone().run(settings.tick, clock_stop.clone()));
        // From here on `stop` is the moment in which connections are to end.
        let stop = until_drain(&settings, &tasks, stop, clock_stop);
        let sockets = Sockets { tasks: tasks.clone(), stop: stop.clone() };
        let running = Running { address: listener.local_addr()?, since: Instant::now() };
        let phases = Arc::clone(&settings);
        let phases = &phases.application.phases;
        let door = Door { engine: engine.clone(), settings, sockets, clock, running };
        shadows.warn(&engine);
        phases.start().await;

        // A patch is one small write that somebody is waiting for.
        let listener = listener.tap_io(|connection| {
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "a connection keeps Nagle's delay");
            }
        });
        let serving = axum::serve(listener, router(&door))
            .with_graceful_shutdown(stop.clone().cancelled_owned());
        let serving = async move { serving.await };
        let mut serving = std::pin::pin!(serving);
        let served = tokio::select! {
            ended = &mut serving => ended,
            () = stop.cancelled() => {
                let drained = async {
                    let ended = serving.await;
                    tasks.close();
                    tasks.wait().await;
                    ended
                };
                timeout(DRAIN, drained).await.unwrap_or_else(|_| {
                    tracing::warn!("some connections did not end in time and are cut");
                    Ok(())
                })
            }
        };
        // Also when the listener failed: whoever waits for `stop` does not wait for ever.
        stop.cancel();
        engine.close().await;
        phases.run("post-shutdown", &phases.post_shutdown).await;
        phases.run("close", &phases.close).await;
        served
    }
}

/// Follows `asked`, the wish to stop, through the phases in which everything still works, and
/// gives the token that is cancelled after them.
fn until_drain(
    settings: &Arc<Settings>,
    tasks: &TaskTracker,
    asked: CancellationToken,
    clock: CancellationToken,
) -> CancellationToken {
    let stop = CancellationToken::new();
    let (settings, ended) = (Arc::clone(settings), stop.clone());
    tasks.spawn(stop.clone().run_until_cancelled_owned(async move {
        asked.cancelled_owned().await;
        let phases = &settings.application.phases;
        phases.run("pre-shutdown", &phases.pre_shutdown).await;
        clock.cancel();
        phases.run("proxy teardown", &phases.proxy_teardown).await;
        ended.cancel();
    }));
    stop
}

fn router(door: &Door) -> Router {
    doors::router(door)
        .layer(from_fn_with_state(door.sockets.clone(), linger))
        .layer(TraceLayer::new_for_http())
}
