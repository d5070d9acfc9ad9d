//! An application's own routes, and how they describe themselves.

use std::collections::BTreeMap;

use axum::{
    handler::Handler,
    routing::{MethodFilter, MethodRouter},
};
use monoxide_engine::Engine;
use schemars::{JsonSchema, Schema, schema_for};

/// A route of the application: axum handlers for one path, with what the management API says
/// about them. Handlers may take the [`Engine`] as axum's `State`, and
/// [`Caller`](crate::Caller) for what whoever asks may do.
///
/// A path is axum's: `/policies/{id}`. An endpoint wins over the keys that its path matches;
/// lists such as `policies/*` stay what they are. What is said after a method is about that
/// method.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use axum::{Json, extract::{Path, State}};
/// use monoxide_engine::Engine;
/// use monoxide_gateway::{Endpoint, Server};
///
/// #[derive(serde::Serialize, schemars::JsonSchema)]
/// struct Count {
///     objects: usize,
/// }
///
/// async fn count(State(engine): State<Engine>, Path(list): Path<String>) -> Json<Count> {
///     let glob = format!("{list}/*").parse();
///     let objects = glob.map(|glob| engine.list(&glob).map_or(0, |list| list.len()));
///     Json(Count { objects: objects.unwrap_or(0) })
/// }
///
/// let counts = Endpoint::new("/count/{list}")
///     .about("How long a list is")
///     .var("list", "its name")
///     .get(count)
///     .response::<Count>();
/// let server = Server::builder(Engine::builder().start()?).endpoint(counts).build()?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "an endpoint does nothing before a server has it"]
pub struct Endpoint {
    pub(crate) path: String,
    pub(crate) about: String,
    pub(crate) vars: BTreeMap<String, String>,
    pub(crate) methods: Vec<Method>,
    pub(crate) router: MethodRouter<Engine>,
    pub(crate) error: Option<EndpointError>,
    pub(crate) is_public: bool,
}

/// What is said about one method.
#[derive(Debug, Clone)]
pub(crate) struct Method {
    pub(crate) name: &'static str,
    pub(crate) params: BTreeMap<String, String>,
    pub(crate) request: Option<Schema>,
    pub(crate) response: Option<Schema>,
}

/// Why an endpoint cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// The path is not one that can be routed, or another endpoint has it.
    #[error("{0}")]
    Path(String),
    /// The path is that of the page or of one of its files, or begins with `_`, as what is the
    /// server's does.
    #[error("the path is the server's own")]
    Reserved,
    /// It has no method, so every request would be refused.
    #[error("it has no method")]
    NoMethod,
    /// It has a method twice.
    #[error("it has {0} twice")]
    MethodTwice(&'static str),
    /// A parameter or a type stands before any method.
    #[error("there is no method yet that could be described")]
    NothingToDescribe,
}

impl Endpoint {
    /// Starts describing an endpoint.
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            about: String::new(),
            vars: BTreeMap::new(),
            methods: Vec::new(),
            router: MethodRouter::new(),
            error: None,
            is_public: false,
        }
    }

    /// Says what it is for. Default: nothing.
    pub fn about(mut self, text: impl Into<String>) -> Self {
        self.about = text.into();
        self
    }

    /// Answers everybody, also where one has to be [signed in](crate::Builder::identity). Default:
    /// it does not.
    pub fn public(mut self) -> Self {
        self.is_public = true;
        self
    }

    /// Says what a variable of the path is. Default, when this is said of none: their names.
    pub fn var(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.vars.insert(name.into(), text.into());
        self
    }

    /// Answers GET, and HEAD as a GET without its body.
    pub fn get<H: Handler<T, Engine>, T: 'static>(self, handler: H) -> Self {
        self.on("GET", MethodFilter::GET, handler)
    }

    /// Answers POST.
    pub fn post<H: Handler<T, Engine>, T: 'static>(self, handler: H) -> Self {
        self.on("POST", MethodFilter::POST, handler)
    }

    /// Answers PUT.
    pub fn put<H: Handler<T, Engine>, T: 'static>(self, handler: H) -> Self {
        self.on("PUT", MethodFilter::PUT, handler)
    }

    /// Answers PATCH.
    pub fn patch<H: Handler<T, Engine>, T: 'static>(self, handler: H) -> Self {
        self.on("PATCH", MethodFilter::PATCH, handler)
    }

    /// Answers DELETE.
    pub fn delete<H: Handler<T, Engine>, T: 'static>(self, handler: H) -> Self {
        self.on("DELETE", MethodFilter::DELETE, handler)
    }

    /// Says what a parameter of the last method's query is.
    pub fn param(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        let (name, text) = (name.into(), text.into());
        self.describe(|method| _ = method.params.insert(name, text))
    }

    /// Says which type the last method takes.
    pub fn request<T: JsonSchema>(self) -> Self {
        self.describe(|method| method.request = Some(schema_for!(T)))
    }

    /// Says which type the last method answers.
    pub fn response<T: JsonSchema>(self) -> Self {
        self.describe(|method| method.response = Some(schema_for!(T)))
    }

    /// The variables, with what is said about them.
    pub(crate) fn described_vars(&self) -> BTreeMap<String, String> {
        if !self.vars.is_empty() {
            return self.vars.clone();
        }
        let names = self.path.split('/').filter_map(|segment| {
            let (_, name) = segment.split_once('{')?;
            Some(name.split_once('}')?.0.trim_start_matches('*').to_owned())
        });
        names.map(|name| (name.clone(), name)).collect()
    }

    fn on<H, T>(mut self, name: &'static str, filter: MethodFilter, handler: H) -> Self
    where
        H: Handler<T, Engine>,
        T: 'static,
    {
        // axum would panic.
        if self.methods.iter().any(|method| method.name == name) {
            self.error.get_or_insert(EndpointError::MethodTwice(name));
            return self;
        }
        self.router = self.router.on(filter, handler);
        self.methods.push(Method { name, params: BTreeMap::new(), request: None, response: None });
        self
    }

    fn describe(mut self, say: impl FnOnce(&mut Method)) -> Self {
        match self.methods.last_mut() {
            Some(method) => say(method),
            None => _ = self.error.get_or_insert(EndpointError::NothingToDescribe),
        }
        self
    }
}
