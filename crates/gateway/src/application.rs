//! What an application adds to the server: endpoints, layers, hooks.

use std::{convert::Infallible, fmt, sync::Arc, time::Duration};

use axum::{Router, extract::Request, response::IntoResponse, routing::Route};
use monoxide_engine::Denied;
use tower::{Layer, Service};

use crate::{
    endpoint::Endpoint,
    hooks::{Hooks, Subscriber},
    phases::Phases,
    server::Builder,
};

/// What the application's methods of the builder were told.
#[derive(Debug, Default)]
pub(crate) struct Application {
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) layers: Layers,
    pub(crate) hooks: Hooks,
    pub(crate) phases: Phases,
}

/// The application's layers, the outermost first.
#[derive(Default)]
pub(crate) struct Layers(Vec<Arc<dyn Fn(Router) -> Router + Send + Sync>>);

impl Layers {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The router behind the layers. What has no route, or not with that method, is answered
    /// without them.
    pub(crate) fn gate(&self, router: Router) -> Router {
        self.0.iter().rev().fold(router, |router, layer| layer(router))
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Layers").field(&self.0.len()).finish()
    }
}

impl Builder {
    /// Adds an [`Endpoint`]. Default: none.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.settings.application.endpoints.push(endpoint);
        self
    }

    /// Puts a layer before every door: REST and its upgrades, the clock, the page and its files,
    /// the management API, endpoints. It decides before a key is looked at, and the first one
    /// that was added decides first. Addresses and methods that do not exist are answered
    /// without it.
    ///
    /// It says who asks by putting an [`Identity`](monoxide_engine::Identity) among the request's
    /// extensions. axum clones a layer for each route, so what it counts has to be shared.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use axum::{extract::Request, http::{StatusCode, header}, middleware::{Next, from_fn}};
    /// use axum::response::{IntoResponse, Response};
    /// use monoxide_engine::{Engine, Identity};
    /// use monoxide_gateway::Server;
    ///
    /// async fn only_ann(mut request: Request, next: Next) -> Response {
    ///     match request.headers().get(header::AUTHORIZATION) {
    ///         Some(token) if token == "Bearer secret" => {
    ///             request.extensions_mut().insert(Identity::account("ann", ["editor"]));
    ///             next.run(request).await
    ///         }
    ///         _ => (StatusCode::UNAUTHORIZED, "not authorized").into_response(),
    ///     }
    /// }
    ///
    /// let engine = Engine::builder().start()?;
    /// let server = Server::builder(engine).layer(from_fn(only_ann)).build()?;
    /// # Ok(()) }
    /// ```
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Error: Into<Infallible> + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        let gate = move |router: Router| router.route_layer(layer.clone());
        self.settings.application.layers.0.push(Arc::new(gate));
        self
    }

    /// Is asked before a subscription begins, after the filters were, and may refuse it: then the
    /// upgrade is answered with 400 and what it says. Several are asked in their order. Default:
    /// nobody is refused.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use monoxide_engine::{Denied, Engine};
    /// use monoxide_gateway::Server;
    ///
    /// let server = Server::builder(Engine::builder().start()?)
    ///     .on_subscribe(async |subscriber| match subscriber.path.as_str() {
    ///         "secret" => Err(Denied::new("nobody watches this")),
    ///         _ => Ok(()),
    ///     })
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn on_subscribe<F, O>(mut self, hook: F) -> Self
    where
        F: Fn(Subscriber) -> O + Send + Sync + 'static,
        O: Future<Output = Result<(), Denied>> + Send + 'static,
    {
        self.settings.application.hooks.on_subscribe(hook);
        self
    }

    /// Is told when a subscription has ended, however it did: once for each that
    /// [`on_subscribe`](Self::on_subscribe) let through. It must not wait. Default: nobody is
    /// told.
    pub fn on_unsubscribe(mut self, hook: impl Fn(&Subscriber) + Send + Sync + 'static) -> Self {
        self.settings.application.hooks.on_unsubscribe(hook);
        self
    }

    /// Is run when the server has its address, before it answers the first request.
    pub fn on_start<F, O>(mut self, hook: F) -> Self
    where
        F: Fn() -> O + Send + Sync + 'static,
        O: Future<Output = ()> + Send + 'static,
    {
        self.settings.application.phases.start.push(hook);
        self
    }

    /// Is run first when the server stops: everything still works.
    ///
    /// Stopping goes on in this order: the clock stops, the hooks for
    /// [proxies](Self::on_proxy_teardown), sockets are closed and requests finished, the engine is
    /// closed, the hooks [after that](Self::on_post_shutdown), and [the last](Self::on_close).
    pub fn on_pre_shutdown<F, O>(mut self, hook: F) -> Self
    where
        F: Fn() -> O + Send + Sync + 'static,
        O: Future<Output = ()> + Send + 'static,
    {
        self.settings.application.phases.pre_shutdown.push(hook);
        self
    }

    /// Is run when the clock has stopped, before sockets are closed.
    pub fn on_proxy_teardown<F, O>(mut self, hook: F) -> Self
    where
        F: Fn() -> O + Send + Sync + 'static,
        O: Future<Output = ()> + Send + 'static,
    {
        self.settings.application.phases.proxy_teardown.push(hook);
        self
    }

    /// Is run when every connection has ended and the engine is closed.
    pub fn on_post_shutdown<F, O>(mut self, hook: F) -> Self
    where
        F: Fn() -> O + Send + Sync + 'static,
        O: Future<Output = ()> + Send + 'static,
    {
        self.settings.application.phases.post_shutdown.push(hook);
        self
    }

    /// Is run last of all.
    pub fn on_close<F, O>(mut self, hook: F) -> Self
    where
        F: Fn() -> O + Send + Sync + 'static,
        O: Future<Output = ()> + Send + 'static,
    {
        self.settings.application.phases.close.push(hook);
        self
    }

    /// How long the hooks of stopping may take together. Those that have not begun by then are
    /// skipped; one that runs is not interrupted. Zero is no bound. Default: no bound.
    pub fn shutdown_budget(mut self, budget: Duration) -> Self {
        self.settings.application.phases.budget = budget;
        self
    }
}
