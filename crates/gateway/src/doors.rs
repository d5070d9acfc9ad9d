//! Every door in its place: what is the server's own, endpoints, and the keys.

use std::{borrow::Cow, collections::HashSet, future::ready, sync::Arc};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{Uri, uri::PathAndQuery},
    middleware::{Next, from_fn},
    response::{IntoResponse as _, Response},
};
use futures_util::{FutureExt as _, future::Either};
use monoxide_engine::Engine;
use monoxide_protocol::{Glob, KeyError};
use tower::Service as _;

use crate::{
    assets::{self, Site},
    auth::{Behind, Guard, guarded},
    deadline::Deadline,
    door::{self, Door, Settings, address},
    endpoint::{Endpoint, EndpointError},
    error::Refusal,
    health, operator, rest,
    server::BuildError,
};

/// All doors of a server. Which of them a request takes is decided here. Cloning it is cheap.
#[derive(Debug, Clone)]
pub(crate) enum Doors {
    /// Those to the network.
    All(Arc<Table>),
    /// Those of the operator's own socket.
    Operator(Router),
}

#[derive(Debug)]
pub(crate) struct Table {
    door: Door,
    shadows: Shadows,
    /// Who looks at those that go straight to the keys.
    guard: Option<Guard>,
    endpoints: Router,
    /// Everything else: the page and its files, documents, the management API, the keys.
    data: Router,
}

impl Doors {
    pub(crate) fn new(door: Door, shadows: Shadows) -> Self {
        let application = &door.settings.application;
        let layers = &application.layers;
        let deadline = Deadline(door.settings.deadline);
        let own = assets::router(door.settings.site.as_ref()).merge(rest::documents());
        let own = own.merge(operator::network()).route_layer(deadline);
        let auth = door.settings.auth.as_ref();
        let keys = layers.gate(rest::keys().with_state(door.clone()));
        let mut keys = guarded(auth, Behind::Keys, keys);
        // The layers would be around a fallback that is there before them.
        keys = keys.method_not_allowed_fallback(rest::other);
        if !layers.is_empty() || auth.is_some() {
            // What cannot be a key at all has no route, and is answered without the layers.
            keys = keys.route_layer(from_fn(spelled));
        }
        let own = guarded(auth, Behind::Own, layers.gate(own.with_state(door.clone())));
        let data = own
            .merge(keys)
            .merge(health::router().with_state(door.clone()))
            .fallback(door::no_route)
            .method_not_allowed_fallback(door::no_method);
        let endpoints = match application.endpoints.as_slice() {
            [] => Router::new(),
            some => {
                let open = some.iter().filter(|it| it.is_public).map(|it| it.path.clone());
                let behind = Behind::Endpoints(open.collect());
                guarded(auth, behind, layers.gate(endpoints(some, &door)))
                    .method_not_allowed_fallback(door::no_method)
            }
        };
        let guard = auth.map(|auth| Guard::new(auth, Behind::Keys));
        Self::All(Arc::new(Table { door, shadows, guard, endpoints, data }))
    }

    /// Answers a request.
    pub(crate) fn answer(&self, mut request: Request) -> impl Future<Output = Response> + use<> {
        let Table { door, shadows, guard, endpoints, data } = match self {
            Self::All(table) => &**table,
            Self::Operator(router) => return Either::Right(Either::Right(call(router, request))),
        };
        let application = &door.settings.application;
        if !application.endpoints.is_empty() {
            spell_plainly(request.uri_mut());
        }
        let path = request.uri().path();
        let router = if shadows.own.has(path) {
            data
        } else if shadows.has_endpoint(path) {
            endpoints
        } else if !application.layers.is_empty() {
            data
        } else {
            // No layer is around the keys, and nothing else has this address.
            if let Some(refusal) = guard.as_ref().and_then(|it| it.let_in(&mut request).err()) {
                return Either::Right(Either::Left(ready(refusal.into_response())));
            }
            return Either::Left(rest::answer(State(door.clone()), request));
        };
        Either::Right(Either::Right(call(router, request)))
    }

    /// Where what is answered is counted; the operator's commands are not.
    pub(crate) fn counted(&self) -> Option<Door> {
        match self {
            Self::All(table) => Some(table.door.clone()),
            Self::Operator(_) => None,
        }
    }

    /// Warns of what is stored and cannot be reached.
    pub(crate) fn warn(&self) {
        if let Self::All(table) = self {
            table.shadows.warn(&table.door.engine);
        }
    }
}

fn call(router: &Router, request: Request) -> impl Future<Output = Response> + use<> {
    router.clone().call(request).map(|answer| match answer {
        Ok(response) => response,
        Err(never) => match never {},
    })
}

fn endpoints(endpoints: &[Endpoint], door: &Door) -> Router {
    let router = endpoints.iter().fold(Router::new(), |router, endpoint| {
        router.route(&endpoint.path, endpoint.router.clone())
    });
    router
        .layer(DefaultBodyLimit::max(door.settings.max_body))
        .with_state::<()>(door.engine.clone())
}

/// Lets through what consists of the characters of keys.
async fn spelled(uri: Uri, request: Request, next: Next) -> Result<Response, Refusal> {
    match Glob::parse(&address(&uri)?) {
        Err(error @ KeyError::Character { .. }) => Err(error.into()),
        _ => Ok(next.run(request).await),
    }
}

/// Decodes the characters of keys, so that an endpoint cannot be walked around by writing its
/// path with percent signs.
fn spell_plainly(uri: &mut Uri) {
    if !uri.path().contains('%') {
        return;
    }
    let Cow::Owned(path) = plain(uri.path()) else { return };
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut parts = uri.clone().into_parts();
    // What cannot be an address stays as it is, and no endpoint's.
    if let Ok(path) = PathAndQuery::try_from(path + &query) {
        parts.path_and_query = Some(path);
        *uri = Uri::from_parts(parts).unwrap_or_else(|_| uri.clone());
    }
}

fn plain(path: &str) -> Cow<'_, str> {
    let mut parts = path.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte.map(char::from).filter(|c| c.is_ascii_alphanumeric() || "-_./*".contains(*c)) {
            Some(decoded) => {
                out.push(decoded);
                out.push_str(part.get(2..).unwrap_or_default());
            }
            None => {
                out.push('%');
                out.push_str(part);
            }
        }
    }
    if out == path { Cow::Borrowed(path) } else { Cow::Owned(out) }
}

/// The paths that are the server's own, whatever an endpoint says.
#[derive(Debug)]
struct Own {
    files: HashSet<String>,
}

impl Own {
    fn new(site: Option<&Site>) -> Self {
        Self { files: site.into_iter().flat_map(Site::public).collect() }
    }

    fn has(&self, path: &str) -> bool {
        let name = path.trim_start_matches('/');
        name.is_empty() || name.starts_with('_') || self.files.contains(name)
    }
}

/// What stands before the keys: the page's files and the endpoints.
#[derive(Debug)]
pub(crate) struct Shadows {
    own: Own,
    endpoints: matchit::Router<()>,
}

impl Shadows {
    /// Checks that everything has a place.
    pub(crate) fn new(settings: &Settings) -> Result<Self, BuildError> {
        let own = Own::new(settings.site.as_ref());
        let mut shadows = Self { own, endpoints: matchit::Router::new() };
        for endpoint in &settings.application.endpoints {
            let placed = shadows.place(endpoint);
            placed.map_err(|why| BuildError::Endpoint { path: endpoint.path.clone(), why })?;
        }
        Ok(shadows)
    }

    /// axum panics where this fails.
    fn place(&mut self, endpoint: &Endpoint) -> Result<(), EndpointError> {
        let path = endpoint.path.as_str();
        let wrong = |text: &str| Err(EndpointError::Path(text.to_owned()));
        if !path.starts_with('/') {
            return wrong("a path begins with `/`");
        }
        if path.split('/').any(|segment| segment.starts_with([':', '*'])) {
            return wrong("a variable is written `{name}`, and one for the rest `{*name}`");
        }
        if self.own.has(path) {
            return Err(EndpointError::Reserved);
        }
        if let Some(error) = &endpoint.error {
            return Err(error.clone());
        }
        if endpoint.methods.is_empty() {
            return Err(EndpointError::NoMethod);
        }
        let placed = self.endpoints.insert(path, ());
        placed.map_err(|error| EndpointError::Path(error.to_string()))
    }

    /// Whether something stands before this key.
    pub(crate) fn hide(&self, key: &str) -> bool {
        let path = format!("/{key}");
        self.own.has(&path) || self.endpoints.at(&path).is_ok()
    }

    /// Whether this is an endpoint's. A pattern never is, also where a variable would match the star.
    fn has_endpoint(&self, path: &str) -> bool {
        self.endpoints.at(path).is_ok() && path.split('/').all(|segment| segment != "*")
    }

    /// Warns of what is stored and cannot be reached.
    pub(crate) fn warn(&self, engine: &Engine) {
        let keys = engine.all_keys();
        let hidden: Vec<_> = keys.iter().filter(|key| self.hide(key.as_str())).collect();
        if let Some(first) = hidden.first() {
            tracing::warn!(%first, count = hidden.len(), "stored objects are behind a route");
        }
    }
}
