//! Sockets, time and luck of a native program.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::Instant};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{Error, Message, protocol::WebSocketConfig},
};

use crate::{
    accounts::{Answer, Question, tag},
    bell::Bell,
    link::Report,
    state::End,
};

/// The pings of the server are reported.
pub(crate) const HEARS_PINGS: bool = true;

/// `https` would need a TLS library that most native programs beside the server do not.
pub(crate) const HAS_TLS: bool = false;

/// A snapshot is one message in one frame, so this bounds how large a list may be.
const LARGEST_MESSAGE: usize = 1 << 30;

/// Tungstenite's own default is 128 KiB for each connection.
const READ_BUFFER: usize = 16 << 10;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks the server; the error says why there is no answer.
pub(crate) async fn request(address: &str, question: &Question) -> Result<Answer, String> {
    let answer = tokio::time::timeout(PATIENCE, exchange(address, question)).await;
    answer
        .map_err(|_| "no answer in time".to_owned())?
        .map_err(|error: Box<dyn std::error::Error + Send + Sync>| error.to_string())
}

/// One request on a connection of its own.
async fn exchange(
    address: &str,
    question: &Question,
) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
    let rest = address.strip_prefix("http://").unwrap_or(address);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
    let stream = if has_port {
        TcpStream::connect(host).await?
    } else {
        TcpStream::connect((host.trim_matches(['[', ']']), 80)).await?
    };
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let mut request = hyper::Request::builder()
        .method(question.method)
        .uri(format!("/{path}"))
        .header("host", host)
        .header("content-type", "application/json");
    // What is said of the body goes before what is usual.
    for (name, value) in &question.headers {
        let headers = request.headers_mut().ok_or("the address is none that HTTP knows")?;
        headers.insert(*name, value.parse()?);
    }
    let body = Full::new(Bytes::from(question.body.clone().unwrap_or_default()));
    let request = request.body(body)?;
    let exchange = async {
        let answer = sender.send_request(request).await?;
        drop(sender);
        let (head, body) = answer.into_parts();
        Ok::<_, hyper::Error>((head, body.collect().await?.to_bytes()))
    };
    let (answer, _) = tokio::join!(exchange, connection);
    let (head, body) = answer?;
    let header = |name| head.headers.get(name).and_then(|it| it.to_str().ok());
    Ok(Answer {
        status: head.status.as_u16(),
        body: String::from_utf8(body.into())?,
        retry_after: header("retry-after").and_then(|it| it.parse().ok()),
        // Only sessions of pages need it.
        now: 0,
        version: header("etag").map(tag),
        headers: head
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect(),
    })
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
