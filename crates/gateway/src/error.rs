//! Errors in HTTP's words. This is the only place where a status is chosen, and the texts are
//! those that ooo's clients know.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use monoxide_engine::{
    Error,
    transfer::{ImportError, ImportRefusal},
};
use monoxide_protocol::{JsonError, KeyError};

use crate::guests::Full;

/// What broke inside is for our log, not for the client.
const INTERNAL: &str = "ooo: internal error";

/// What a connection is told that is not let in. Its request is not read.
pub(crate) fn not_let_in(full: Full) -> &'static [u8] {
    match full {
        Full::Total => TOO_MANY,
        Full::Address => TOO_MANY_OF_ADDRESS,
    }
}

const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    Content-Type: text/plain; charset=utf-8\r\nRetry-After: 5\r\nConnection: close\r\n\
    Content-Length: 25\r\n\r\nooo: too many connections";

const TOO_MANY_OF_ADDRESS: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\n\
    Content-Type: text/plain; charset=utf-8\r\nRetry-After: 5\r\nConnection: close\r\n\
    Content-Length: 43\r\n\r\nooo: too many connections from this address";

/// A refusal on its way to a client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("no route has this address")]
    NoRoute,
    #[error("the route has no such method")]
    Method,
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("a pattern stands where a key is wanted")]
    Glob,
    #[error("the condition of the request cannot be read")]
    Precondition,
    #[error("a handler or a filter panicked")]
    Panicked,
    #[error("there is nothing to patch")]
    NothingToPatch,
    #[error("there is nothing to delete")]
    NothingToDelete,
    #[error("the body is over {0} bytes")]
    BodyTooLarge(usize),
    #[error("the body ended too early")]
    BodyCut,
    #[error(transparent)]
    Json(#[from] JsonError),
    #[error("the upgrade is not that of a WebSocket")]
    Handshake,
    #[error("the page that asks is of another origin")]
    Origin,
    #[error("the request took too long")]
    Deadline,
    #[error("the server is {0}")]
    Unwell(&'static str),
    #[error("only an administrator may do this")]
    NotAuthorized,
    #[error("{0}")]
    Parameter(String),
    #[error("as many backups are made already as may be at once")]
    Busy,
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error(transparent)]
    Engine(#[from] Error),
}

impl Refusal {
    fn answer(&self) -> (StatusCode, String) {
        let (status, text) = match self {
            Self::NoRoute | Self::Key(KeyError::Character { .. }) => {
                (StatusCode::NOT_FOUND, "404 page not found\n")
            }
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed\n"),
            Self::Key(KeyError::StarNotLast(_)) => {
                (StatusCode::BAD_REQUEST, "key: glob pattern must be at the end of the path")
            }
            Self::Key(KeyError::SeveralStars(_)) => {
                (StatusCode::BAD_REQUEST, "key: contains more than one glob pattern")
            }
            Self::Key(_) => (StatusCode::BAD_REQUEST, "ooo: key is not valid"),
            Self::Glob => {
                (StatusCode::BAD_REQUEST, "ooo: glob pattern not allowed for this operation")
            }
            Self::Precondition => (StatusCode::BAD_REQUEST, "ooo: precondition is not valid"),
            Self::Panicked => (StatusCode::INTERNAL_SERVER_ERROR, INTERNAL),
            Self::NothingToPatch => (StatusCode::NOT_FOUND, "ooo: not found"),
            Self::NothingToDelete => (StatusCode::NOT_FOUND, "storage: not found"),
            Self::BodyTooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
            Self::BodyCut => (StatusCode::BAD_REQUEST, "unexpected EOF"),
            Self::Json(JsonError::Empty) => (StatusCode::BAD_REQUEST, "EOF"),
            Self::Json(error) => return (StatusCode::BAD_REQUEST, format!("json: {error}")),
            Self::Handshake => (StatusCode::BAD_REQUEST, "Bad Request\n"),
            Self::Origin => (StatusCode::FORBIDDEN, "Forbidden\n"),
            Self::Deadline => (StatusCode::SERVICE_UNAVAILABLE, "ooo: server deadline reached"),
            Self::Unwell(how) => (StatusCode::SERVICE_UNAVAILABLE, *how),
            Self::NotAuthorized => (StatusCode::UNAUTHORIZED, "not authorized"),
            Self::Parameter(_) => return (StatusCode::BAD_REQUEST, self.to_string()),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "ooo: too many backups at once"),
            Self::Import(error) => return import(error),
            Self::Engine(error) => return engine(error),
        };
        (status, text.to_owned())
    }
}

fn import(error: &ImportError) -> (StatusCode, String) {
    let ImportRefusal::Engine(refusal) = &error.refusal else {
        return (StatusCode::BAD_REQUEST, error.to_string());
    };
    let (status, text) = engine(refusal);
    let line = error.line.map(|line| format!("line {line}: ")).unwrap_or_default();
    (status, format!("{line}{text}"))
}

fn engine(error: &Error) -> (StatusCode, String) {
    match error {
        Error::NotFound => (StatusCode::NOT_FOUND, "ooo: empty key".to_owned()),
        Error::Forbidden { signed_in: false } => {
            (StatusCode::UNAUTHORIZED, "not authorized".to_owned())
        }
        Error::Forbidden { signed_in: true } => {
            (StatusCode::FORBIDDEN, "ooo: not allowed".to_owned())
        }
        Error::Denied(denied) => (StatusCode::BAD_REQUEST, denied.to_string()),
        Error::NoFilter(None) => (StatusCode::BAD_REQUEST, "filters: route not defined".to_owned()),
        Error::NoFilter(Some(path)) => {
            (StatusCode::BAD_REQUEST, format!("filters: route not defined, key:{path}"))
        }
        Error::FilterResult(path) => {
            (StatusCode::BAD_REQUEST, format!("filters: invalid filter result error, key:{path}"))
        }
        Error::Condition => {
            (StatusCode::PRECONDITION_FAILED, "ooo: precondition failed".to_owned())
        }
        Error::Patch(text) => (StatusCode::BAD_REQUEST, format!("patch: {text}")),
        Error::Merge(error) => (StatusCode::BAD_REQUEST, error.to_string()),
        Error::Json(error) => (StatusCode::BAD_REQUEST, format!("json: {error}")),
        Error::Closed => (StatusCode::SERVICE_UNAVAILABLE, "ooo: server is closing".to_owned()),
        Error::Loading => (StatusCode::SERVICE_UNAVAILABLE, "ooo: server is loading".to_owned()),
        Error::Busy => {
            (StatusCode::SERVICE_UNAVAILABLE, "ooo: too many writes are waiting".to_owned())
        }
        Error::Storage => (StatusCode::SERVICE_UNAVAILABLE, "ooo: storage is failing".to_owned()),
        error => {
            tracing::error!(%error, "a request failed");
            (StatusCode::INTERNAL_SERVER_ERROR, INTERNAL.to_owned())
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        tracing::debug!(reason = %self, "refused");
        let (status, text) = self.answer();
        let mut response = (status, text).into_response();
        let headers = response.headers_mut();
        if matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) {
            headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        }
        if matches!(self, Self::Handshake) {
            headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        if matches!(self, Self::Engine(Error::Loading | Error::Busy)) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if matches!(self, Self::BodyTooLarge(_)) {
            // What is left of the body is not worth reading to keep the connection.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
