//! Sockets, time and luck of a native program.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use futures_core::Stream;
use tokio::{net::TcpStream, time::Instant};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{Error, Message, protocol::WebSocketConfig},
};

use crate::{accounts::Answer, admin::Called, bell::Bell, link::Report, state::End};

/// The pings of the server are reported.
pub(crate) const HEARS_PINGS: bool = true;

/// `https` would need a TLS library that most native programs beside the server do not.
pub(crate) const HAS_TLS: bool = false;

/// A snapshot is one message in one frame, so this bounds how large a list may be.
const LARGEST_MESSAGE: usize = 1 << 30;

/// Tungstenite's own default is 128 KiB for each connection.
const READ_BUFFER: usize = 16 << 10;

/// The account routes are for pages, which have their browser's HTTP. Programs beside a server have
/// none of ours.
pub(crate) async fn request(
    _method: &str,
    _address: &str,
    _body: Option<String>,
) -> Result<Answer, String> {
    Err("this build of the client has no HTTP".to_owned())
}

/// As [`request`], for any answer.
pub(crate) async fn call(
    _method: &str,
    _address: &str,
    _body: Option<String>,
) -> Result<Called, String> {
    Err("this build of the client has no HTTP".to_owned())
}

type Stage = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A socket that is being opened, or is open. Dropping it says goodbye if that takes no time.
pub(crate) enum Socket {
    Opening(Pin<Box<dyn Future<Output = Result<Stage, Error>> + Send>>),
    Open(Box<Stage>),
}

impl Socket {
    pub(crate) fn open(address: &str) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .max_message_size(Some(LARGEST_MESSAGE))
            .max_frame_size(Some(LARGEST_MESSAGE));
        let opening = connect_async_with_config(address.to_owned(), Some(config), true);
        Self::Opening(Box::pin(async { opening.await.map(|(socket, _)| socket) }))
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Report> {
        let message = match self {
            Self::Opening(opening) => {
                return Poll::Ready(match ready!(opening.as_mut().poll(cx)) {
                    Ok(socket) => {
                        *self = Self::Open(Box::new(socket));
                        Report::Opened
                    }
                    Err(error) => Report::Ended(end(&error)),
                });
            }
            Self::Open(socket) => ready!(Pin::new(socket).poll_next(cx)),
        };
        Poll::Ready(match message {
            Some(Ok(message)) => report(message),
            Some(Err(error)) => Report::Ended(end(&error)),
            None => Report::Ended(End::Broken("the connection ended".to_owned())),
        })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Self::Open(socket) = self {
            // One try: a frame that does not fit into the socket's buffer is not waited for.
            let mut closing = pin!(socket.close(None));
            _ = closing.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
    }
}

fn report(message: Message) -> Report {
    match message {
        Message::Text(text) => Report::Frame(text.as_str().to_owned()),
        Message::Binary(bytes) => String::from_utf8(bytes.into()).map_or_else(
            |error| Report::Ended(End::Broken(format!("a message is not text: {error}"))),
            Report::Frame,
        ),
        Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Report::Ping,
        Message::Close(frame) => Report::Ended(match frame {
            Some(frame) => {
                End::Closed { code: frame.code.into(), reason: frame.reason.to_string() }
            }
            // RFC 6455 has this number for it.
            None => End::Closed { code: 1005, reason: String::new() },
        }),
    }
}

fn end(error: &Error) -> End {
    match error {
        Error::Http(response) => End::Refused(response.status().as_u16()),
        Error::Url(_) | Error::HttpFormat(_) => End::Address(error.to_string()),
        other => End::Broken(other.to_string()),
    }
}

/// A time that is being waited for.
pub(crate) type Sleep = Pin<Box<tokio::time::Sleep>>;

pub(crate) fn sleep(time: Duration) -> Sleep {
    Box::pin(tokio::time::sleep(time))
}

/// How long something has been going on.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&mut self) -> Duration {
        self.0.elapsed()
    }
}

/// Nothing tells a native program that the network is back.
#[derive(Debug)]
pub(crate) struct Events;

impl Events {
    pub(crate) fn ringing(_: &Arc<Bell>) -> Self {
        Self
    }
}

/// A random number, at least 0 and below 1.
pub(crate) fn luck() -> f64 {
    // The standard library seeds its hash maps at random: enough for jitter, and no dependency.
    let [a, b, c, d, ..] = RandomState::new().hash_one(()).to_ne_bytes();
    f64::from(u32::from_ne_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0)
}

/// There is no page around a native program.
pub(crate) fn page_address() -> Option<String> {
    None
}
