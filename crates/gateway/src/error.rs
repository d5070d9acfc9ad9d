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
use monoxide_identity::{Error as IdentityError, TokenError};
use monoxide_protocol::{JsonError, KeyError, RangeError};

use crate::{auth::Problem, guests::Full, quotas::TooMany, websocket::Close};

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
    #[error("there is no such connection")]
    NoConnection,
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
    #[error("too many requests")]
    TooMany(TooMany),
    #[error("the account has too many subscriptions")]
    NoSeat,
    #[error("the request is for a name that is not this server's")]
    Host,
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
    Range(#[from] RangeError),
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error(transparent)]
    Engine(#[from] Error),
    #[error("nobody is signed in")]
    SignIn(Option<TokenError>),
    #[error("the account may not do this")]
    NotAllowed,
    #[error("a page of another origin, or one that does not say that it is ours, uses cookies")]
    ForeignPage,
    #[error("the body is not what is wanted here")]
    Form,
    #[error("the body is too large for what is wanted here")]
    FormTooLarge,
    #[error("there is no refresh token")]
    NoRefreshToken,
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl From<TooMany> for Refusal {
    fn from(too_many: TooMany) -> Self {
        Self::TooMany(too_many)
    }
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
            Self::NoConnection => (StatusCode::NOT_FOUND, "ooo: no such connection"),
            Self::NothingToDelete => (StatusCode::NOT_FOUND, "storage: not found"),
            Self::BodyTooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
            Self::BodyCut => (StatusCode::BAD_REQUEST, "unexpected EOF"),
            Self::Json(JsonError::Empty) => (StatusCode::BAD_REQUEST, "EOF"),
            Self::Json(error) => return (StatusCode::BAD_REQUEST, format!("json: {error}")),
            Self::Handshake => (StatusCode::BAD_REQUEST, "Bad Request\n"),
            Self::Origin => (StatusCode::FORBIDDEN, "Forbidden\n"),
            Self::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "ooo: too many requests"),
            Self::NoSeat => {
                (StatusCode::TOO_MANY_REQUESTS, "ooo: too many subscriptions of this account")
            }
            Self::Host => {
                (StatusCode::MISDIRECTED_REQUEST, "ooo: this server has another name (--host)")
            }
            Self::Deadline => (StatusCode::SERVICE_UNAVAILABLE, "ooo: server deadline reached"),
            Self::Unwell(how) => (StatusCode::SERVICE_UNAVAILABLE, *how),
            Self::NotAuthorized => (StatusCode::UNAUTHORIZED, "not authorized"),
            Self::Parameter(_) => return (StatusCode::BAD_REQUEST, self.to_string()),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "ooo: too many backups at once"),
            Self::Import(error) => return import(error),
            Self::Engine(error) => return engine(error),
            Self::SignIn(_)
            | Self::NotAllowed
            | Self::ForeignPage
            | Self::Form
            | Self::FormTooLarge
            | Self::NoRefreshToken
            | Self::Range(_)
            | Self::Identity(_) => {
                let Problem { status, detail, .. } = self.problem().unwrap_or_else(broken);
                return (StatusCode::from_u16(status).unwrap_or_default(), detail);
            }
        };
        (status, text.to_owned())
    }
}

impl Refusal {
    /// What is answered about accounts and who asks, with a code for programs.
    fn problem(&self) -> Option<Problem> {
        let (status, code, detail) = match self {
            Self::SignIn(None) => {
                (StatusCode::UNAUTHORIZED, "sign-in-needed", "not authorized".to_owned())
            }
            Self::SignIn(Some(error)) => return Some(token(*error)),
            Self::NotAllowed => {
                (StatusCode::FORBIDDEN, "not-allowed", "the account may not do this".to_owned())
            }
            Self::ForeignPage => (
                StatusCode::FORBIDDEN,
                "foreign-page",
                "cookies are for the server's own pages, which say so with `X-Monoxide`".to_owned(),
            ),
            Self::Form => {
                let text = "the body is not JSON with what is wanted here";
                (StatusCode::BAD_REQUEST, "body", text.to_owned())
            }
            Self::FormTooLarge => {
                let text = "the body is over 16 KiB".to_owned();
                (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", text)
            }
            Self::NoRefreshToken => {
                let text = "there is no refresh token, in `refresh` or as a cookie".to_owned();
                (StatusCode::BAD_REQUEST, "no-refresh-token", text)
            }
            Self::Range(error) => (StatusCode::BAD_REQUEST, "parameter", error.to_string()),
            Self::Identity(error) => return Some(identity(error)),
            _ => return None,
        };
        Some(Problem::new(status, code, detail))
    }

    /// The code with which a socket is closed that is refused after it was let in: 4400, 4401 and
    /// 4403 stand for HTTP's statuses.
    pub(crate) fn close(&self) -> Close {
        match self.answer().0 {
            StatusCode::UNAUTHORIZED => (4401, "not authorized"),
            StatusCode::FORBIDDEN => (4403, "not allowed"),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                (1013, "try again later")
            }
            status if status.is_client_error() => (4400, "not possible"),
            _ => (1011, "internal error"),
        }
    }
}

fn identity(error: &IdentityError) -> Problem {
    let (status, code) = match error {
        IdentityError::Token(error) => return token(*error),
        IdentityError::Credentials => (StatusCode::UNAUTHORIZED, "wrong-credentials"),
        IdentityError::Disabled => (StatusCode::FORBIDDEN, "account-disabled"),
        IdentityError::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, "too-many-tries"),
        IdentityError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
        IdentityError::Fields(errors) => {
            let problem = Problem::new(StatusCode::BAD_REQUEST, "fields", error.to_string());
            return Problem { errors: errors.clone(), ..problem };
        }
        IdentityError::Taken => (StatusCode::CONFLICT, "account-taken"),
        IdentityError::NotFound => (StatusCode::NOT_FOUND, "not-found"),
        IdentityError::LastAdministrator => (StatusCode::CONFLICT, "last-administrator"),
        IdentityError::SetUpLink => (StatusCode::FORBIDDEN, "set-up-link"),
        IdentityError::RegistrationClosed => (StatusCode::FORBIDDEN, "registration-closed"),
        IdentityError::GivenKey => (StatusCode::CONFLICT, "given-key"),
        IdentityError::Engine(error) => {
            let (status, text) = engine(error);
            let code = if status.is_server_error() { "unavailable" } else { "refused" };
            return Problem::new(status, code, text);
        }
        error => {
            tracing::error!(%error, "a request about accounts failed");
            return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", INTERNAL);
        }
    };
    Problem::new(status, code, error.to_string())
}

fn token(error: TokenError) -> Problem {
    let code = match error {
        TokenError::Expired => "token-expired",
        TokenError::Ended | TokenError::Reused => "session-ended",
        _ => "token-invalid",
    };
    Problem::new(StatusCode::UNAUTHORIZED, code, error.to_string())
}

fn broken() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", INTERNAL)
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

impl Refusal {
    /// After how many seconds it may go better.
    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Identity(IdentityError::TooMany { retry_after }) => Some(retry_after.as_secs()),
            // Whole seconds are told, and one too few would be refused again.
            Self::TooMany(TooMany(wait)) => Some(wait.as_secs() + 1),
            Self::NoSeat => Some(5),
            Self::Engine(Error::Loading | Error::Busy)
            | Self::Identity(
                IdentityError::Busy | IdentityError::Engine(Error::Loading | Error::Busy),
            ) => Some(1),
            _ => None,
        }
    }
}

/// An answer for programs (RFC 9457), which nobody keeps.
fn told(status: StatusCode, problem: &Problem) -> Response {
    let text = serde_json::to_string(problem).unwrap_or_default();
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("application/problem+json");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        tracing::debug!(reason = %self, "refused");
        let (status, text) = self.answer();
        let mut response = match self.problem() {
            Some(problem) => told(status, &problem),
            None => (status, text).into_response(),
        };
        let headers = response.headers_mut();
        if matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) {
            headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        }
        if matches!(self, Self::Handshake) {
            headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if matches!(self, Self::BodyTooLarge(_) | Self::FormTooLarge) {
            // What is left of the body is not worth reading to keep the connection.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
