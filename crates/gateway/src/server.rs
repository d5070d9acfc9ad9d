//! The whole server, from a bound port to the last close frame.

use std::{io, sync::Arc, time::Duration};

use axum::{Router, middleware::from_fn_with_state, serve::ListenerExt as _};
use monoxide_engine::Engine;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::trace::TraceLayer;

use crate::{
    assets::{self, Site},
    clock::Clock,
    door::{self, Door, Settings, Sockets},
    linger::linger,
    rest,
};

/// How long requests and sockets may take to end when the server stops.
const DRAIN: Duration = Duration::from_secs(10);

/// An engine with every door the gateway knows. Each setting has a default that works.
#[derive(Debug)]
#[must_use = "a server does nothing before `serve`"]
pub struct Server {
    engine: Engine,
    settings: Settings,
}

impl Server {
    /// A server over `engine`.
    pub fn new(engine: Engine) -> Self {
        let settings = Settings {
            name: "monoxide".to_owned(),
            site: None,
            max_body: 10 * 1024 * 1024,
            ping: Duration::from_secs(60),
            pong: Duration::from_secs(150),
            tick: Duration::from_secs(1),
        };
        Self { engine, settings }
    }

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

    /// Serves until `stop` is cancelled. Then sockets are closed with 1001, requests that were
    /// begun are finished, for ten seconds at most, and the engine is closed.
    ///
    /// # Errors
    ///
    /// When the listener fails for good.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) -> io::Result<()> {
        let Self { engine, settings } = self;
        let clock = Clock::new();
        let tasks = TaskTracker::new();
        tasks.spawn(clock.clone().run(settings.tick, stop.clone()));
        let sockets = Sockets { tasks: tasks.clone(), stop: stop.clone() };
        let door = Door { engine: engine.clone(), settings: Arc::new(settings), sockets, clock };

        // A patch is one small write that somebody is waiting for.
        let listener = listener.tap_io(|connection| {
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "a connection keeps Nagle's delay");
            }
        });
        let serving = axum::serve(listener, router(door))
            .with_graceful_shutdown(stop.clone().cancelled_owned());
        let serving = async move { serving.await };
        let mut serving = std::pin::pin!(serving);
        tokio::select! {
            ended = &mut serving => ended?,
            () = stop.cancelled() => {
                let drained = async {
                    let ended = serving.await;
                    tasks.close();
                    tasks.wait().await;
                    ended
                };
                match timeout(DRAIN, drained).await {
                    Ok(ended) => ended?,
                    Err(_) => tracing::warn!("some connections did not end in time and are cut"),
                }
            }
        }
        engine.close().await;
        Ok(())
    }
}

fn router(door: Door) -> Router {
    assets::router(door.settings.site.as_ref())
        .merge(rest::router())
        .fallback(door::no_route)
        .method_not_allowed_fallback(door::no_method)
        .layer(from_fn_with_state(door.sockets.clone(), linger))
        .layer(TraceLayer::new_for_http())
        .with_state(door)
}
