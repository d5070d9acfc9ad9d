//! Which pages of other origins may use this server: over sockets, and by CORS over HTTP.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, uri::Authority},
};

use crate::upgrade::words;

/// What a page may be told that it may do.
const METHODS: [&str; 5] = ["GET", "POST", "DELETE", "PUT", "PATCH"];
const HEADERS: [&str; 4] = ["authorization", "content-type", "if-match", "if-none-match"];

/// Whose pages may do what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Origins {
    /// All may read and write over HTTP, as with ooo, and only our own may open sockets.
    #[default]
    Own,
    /// All may do everything.
    Any,
    /// These may do everything, and others nothing.
    Listed(Vec<String>),
}

impl Origins {
    pub(crate) fn new(listed: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let listed: Vec<String> = listed.into_iter().map(Into::into).collect();
        if listed.iter().any(|it| it == "*") { Self::Any } else { Self::Listed(listed) }
    }

    /// Whether the page that opens a socket may. Browsers let any page connect anywhere, and send
    /// cookies along; programs send no `Origin`.
    pub(crate) fn may_open_a_socket(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        match self {
            Self::Any => true,
            Self::Own => is_own(origin, headers),
            Self::Listed(listed) => lists(listed, origin) || is_own(origin, headers),
        }
    }

    /// Whether no page but our own, or one that is listed by its name, has asked.
    pub(crate) fn is_ours(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        is_own(origin, headers) || matches!(self, Self::Listed(listed) if lists(listed, origin))
    }

    /// The answer to a browser that asks what a page may do, if this is such a request.
    pub(crate) fn preflight<B: Default>(&self, request: &Request) -> Option<Response<B>> {
        let asked = request.headers();
        let method = asked.get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
        if request.method() != Method::OPTIONS {
            return None;
        }
        let mut response = Response::new(B::default());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let told = response.headers_mut();
        let vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
        told.insert(header::VARY, HeaderValue::from_static(vary));

        let headers_allowed = words(asked, header::ACCESS_CONTROL_REQUEST_HEADERS)
            .filter(|name| !name.is_empty())
            .all(|name| HEADERS.iter().any(|allowed| allowed.eq_ignore_ascii_case(name)));
        let method_allowed = METHODS.iter().any(|allowed| method == allowed);
        if let Some(origin) = self.told(asked)
            && method_allowed
            && headers_allowed
        {
            told.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            told.insert(header::ACCESS_CONTROL_ALLOW_METHODS, method.clone());
            for names in asked.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS) {
                told.append(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
            }
        }
        Some(response)
    }

    /// Whom a page is told that the answer is for; `None` keeps it from the page.
    pub(crate) fn told(&self, asked: &HeaderMap) -> Option<HeaderValue> {
        let origin = asked.get(header::ORIGIN)?;
        match self {
            Self::Own | Self::Any => Some(HeaderValue::from_static("*")),
            Self::Listed(listed) => lists(listed, origin).then(|| origin.clone()),
        }
    }
}

fn lists(listed: &[String], origin: &HeaderValue) -> bool {
    listed.iter().any(|it| it.as_bytes().eq_ignore_ascii_case(origin.as_bytes()))
}

/// Whether a page came from the server that it asks.
fn is_own(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let origin = origin.to_str().ok().and_then(|text| text.split_once("://"));
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let parse = |text: &str| text.parse::<Authority>().ok();
    match (origin.and_then(|(_, it)| parse(it)), host.and_then(parse)) {
        (Some(origin), Some(host)) => origin == host,
        _ => false,
    }
}
