//! From a request to a socket (RFC 6455, section 4.2).

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::{FromRef, FromRequestParts, Query},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{self, HeaderName},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use hyper::upgrade::{OnUpgrade, Parts as UpgradedParts};
use hyper_util::rt::TokioIo;
use monoxide_protocol::Version;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_util::either::Either;

use crate::{
    auth::{Asker, LATE},
    door::Settings,
    error::Refusal,
    guests::Guest,
    origins::Origins,
    pace::Paced,
};

/// A request to go on as a socket, checked.
///
/// axum's own extractor would do, but the answers to a wrong handshake are ooo's here, and the
/// raw connection is wanted: [`crate::websocket`] sees whether a slow reader still takes bytes.
pub(crate) struct Upgrade {
    connection: OnUpgrade,
    accept: HeaderValue,
    /// The subprotocol that is gone on with, if any.
    protocol: Option<&'static str>,
    /// Who asks, where that is known.
    pub(crate) asker: Option<Arc<Asker>>,
    /// Who asks, and that it is counted among the connections.
    guest: Arc<Guest>,
    /// The version that the subscriber has seen, when it comes back.
    pub(crate) since: Option<Version>,
}

/// A connection that is a socket now, without and with TLS.
pub(crate) type Connection = Either<TcpStream, Box<TlsStream<Paced<TcpStream>>>>;

/// The connection of an upgrade that was accepted, and what came early. Everything that was around
/// it for the sake of HTTP is let go: there may be very many of them.
pub(crate) async fn connection(upgrade: OnUpgrade) -> Result<(Connection, Bytes), hyper::Error> {
    let upgraded = upgrade.await?;
    Ok(match upgraded.downcast::<TokioIo<Paced<TcpStream>>>() {
        Ok(UpgradedParts { io, read_buf, .. }) => {
            (Either::Left(io.into_inner().into_inner()), read_buf)
        }
        Err(upgraded) => {
            let parts = upgraded.downcast::<TokioIo<TlsStream<Paced<TcpStream>>>>();
            let parts = parts.expect("the listener makes connections of these two kinds only");
            (Either::Right(Box::new(parts.io.into_inner())), parts.read_buf)
        }
    })
}

#[derive(Deserialize)]
struct Resume {
    v: Option<String>,
}

impl Upgrade {
    /// Whether it is let in first, and told afterwards over the socket when it may not.
    pub(crate) fn is_late(&self) -> bool {
        self.protocol == Some(LATE)
    }

    /// Splits into the connection to come and the answer that makes it come.
    pub(crate) fn accept(self) -> (OnUpgrade, Arc<Guest>, Response) {
        let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, self.accept);
        if let Some(protocol) = self.protocol {
            let protocol = HeaderValue::from_static(protocol);
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        (self.connection, self.guest, response)
    }
}

/// `None` when no upgrade to a socket is asked for; an error when it is asked for wrongly, which
/// the handler gives after its own checks, in ooo's order.
pub(crate) struct MaybeUpgrade(pub(crate) Option<Result<Upgrade, Refusal>>);

impl<S: Send + Sync> FromRequestParts<S> for MaybeUpgrade
where
    Arc<Settings>: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts, &Arc::<Settings>::from_ref(state).origins))
    }
}

impl MaybeUpgrade {
    pub(crate) fn of(parts: &mut Parts, origins: &Origins) -> Self {
        let asked = is_upgrade(&parts.method, &parts.headers);
        Self(asked.then(|| check(parts, origins)))
    }
}

/// Whether a request asks to go on as a socket.
pub(crate) fn is_upgrade(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::GET && has(words(headers, header::UPGRADE), "websocket")
}

fn check(parts: &mut Parts, origins: &Origins) -> Result<Upgrade, Refusal> {
    let headers = &parts.headers;
    if !has(words(headers, header::CONNECTION), "upgrade") {
        return Err(Refusal::Handshake);
    }
    // Its bytes could be taken for frames, or frames for its bytes.
    let length = headers.get(header::CONTENT_LENGTH);
    if headers.contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|it| it != "0") {
        return Err(Refusal::Handshake);
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or(Refusal::Handshake)?;
    let version = headers.get(header::SEC_WEBSOCKET_VERSION).ok_or(Refusal::Handshake)?;
    if version != "13" || !is_challenge(key.as_bytes()) {
        return Err(Refusal::Handshake);
    }
    let accept = derive_accept_key(key.as_bytes());
    let accept = HeaderValue::from_str(&accept).map_err(|_| Refusal::Handshake)?;
    if !origins.may_open_a_socket(headers) {
        return Err(Refusal::Origin);
    }
    let offers =
        |name: &&str| words(headers, header::SEC_WEBSOCKET_PROTOCOL).any(|word| word == *name);
    let protocol = [LATE, "bearer"].into_iter().find(offers);
    let asker = parts.extensions.get::<Arc<Asker>>().map(Arc::clone);
    let since = Query::<Resume>::try_from_uri(&parts.uri)
        .ok()
        .and_then(|Query(resume)| resume.v?.parse().ok());
    let connection = parts.extensions.remove::<OnUpgrade>().ok_or(Refusal::Handshake)?;
    let guest = parts.extensions.remove::<Arc<Guest>>().ok_or(Refusal::Handshake)?;
    Ok(Upgrade { connection, accept, protocol, asker, guest, since })
}

/// The comma-separated words of a header.
pub(crate) fn words(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// Whether one of the words is `token`, in whatever case.
fn has<'a>(mut words: impl Iterator<Item = &'a str>, token: &str) -> bool {
    words.any(|word| word.eq_ignore_ascii_case(token))
}

/// Whether this is what a client has to send as its key: sixteen bytes in base64.
fn is_challenge(key: &[u8]) -> bool {
    let digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    key.strip_suffix(b"==").is_some_and(|digits| digits.len() == 22 && digits.iter().all(digit))
}
