//! One connection that is told of changes: one task, from the upgrade to the close frame.

use std::{pin::pin, sync::Arc, time::Duration};

use axum::response::Response;
use bytes::Bytes;
use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use monoxide_engine::{Backlog, Overdue, Session, Subscription};
use monoxide_protocol::Watched as WatchedName;
use tokio::{
    io::{self, AsyncWriteExt as _},
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Error, Message,
        error::ProtocolError,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::{
    clock::Ticks,
    connections::Listed,
    door::{Settings, Sockets},
    error::Refusal,
    frames::{Framed, Frames},
    hooks::Admitted,
    liveness::{Liveness, Watched},
    upgrade::Upgrade,
};

/// tungstenite reads into a buffer of 128 KiB for each connection if it is not told otherwise.
const READ_BUFFER: usize = 4 * 1024;

/// How long the other end may take to answer a close frame.
const CLOSE_TIME: Duration = Duration::from_secs(1);

/// Subscribes to what is watched and goes on as a socket.
pub(crate) async fn subscribe(
    session: &Session,
    settings: &Arc<Settings>,
    sockets: &Sockets,
    watched: WatchedName,
    upgrade: Upgrade,
) -> Result<Response, Refusal> {
    let span = tracing::debug_span!("subscriber", %watched);
    let path = watched.to_string();
    let subscription = session.subscribe(watched, upgrade.since).await?;
    let admitted = settings.application.hooks.admit(session.identity(), path).await;
    let admitted = admitted.map_err(monoxide_engine::Error::from)?;
    let source = Source::Subscription(subscription);
    Ok(span.in_scope(|| start(source, admitted, settings, sockets, upgrade)))
}

/// Answers the upgrade and starts the connection's task.
pub(crate) fn start(
    source: Source,
    admitted: Admitted,
    settings: &Arc<Settings>,
    sockets: &Sockets,
    upgrade: Upgrade,
) -> Response {
    let (connection, guest, response) = upgrade.accept();
    let (settings, stop) = (Arc::clone(settings), sockets.stop.clone());
    let listed = Listed::new(guest, admitted.identity().clone(), source.backlog());
    let connection = run(source, connection, listed, settings, stop);
    let connection = async move {
        let _until_it_ends = admitted;
        connection.await;
    };
    sockets.tasks.spawn(connection.in_current_span());
    response
}

/// Where a connection's messages come from.
#[derive(Debug)]
pub(crate) enum Source {
    Subscription(Subscription),
    Clock(Ticks),
}

impl Source {
    fn backlog(&self) -> Option<Backlog> {
        match self {
            Self::Subscription(subscription) => Some(subscription.backlog()),
            Self::Clock(_) => None,
        }
    }

    /// Comes about when the last message was not taken in time.
    fn overdue(&self) -> Overdue {
        match self {
            Self::Subscription(subscription) => subscription.overdue(),
            Self::Clock(_) => Overdue::default(),
        }
    }

    async fn next(&mut self) -> Option<Bytes> {
        match self {
            Self::Subscription(subscription) => subscription.next().await,
            Self::Clock(ticks) => ticks.next().await,
        }
    }
}

/// What a connection sends, apart from answers.
enum Outgoing {
    Message(Bytes),
    Ping,
}

/// Why a connection ends.
#[derive(Debug)]
enum Ending {
    /// The server is going away.
    Stopping,
    /// The client neither sent nor took anything for the whole pong time.
    Silent,
    /// The client does not take an old message whose memory is needed.
    Overdue,
    /// The client broke the protocol, or the connection broke.
    Socket(Error),
    /// The client wanted to leave, and was answered.
    Left,
}

impl Ending {
    /// What the client is told, when there is something to say.
    fn close_frame(&self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Stopping => (CloseCode::Away, "the server is going away"),
            Self::Silent => (CloseCode::Policy, "no sign of life"),
            Self::Overdue => (CloseCode::Again, "too slow"),
            Self::Socket(Error::Capacity(_)) => (CloseCode::Size, "the message is too large"),
            Self::Socket(Error::Utf8(_)) => (CloseCode::Invalid, "the text is not UTF-8"),
            Self::Socket(Error::Protocol(_)) => (CloseCode::Protocol, "not a WebSocket frame"),
            Self::Socket(_) | Self::Left => return None,
        };
        Some(CloseFrame { code, reason: reason.into() })
    }
}

type Stream = WebSocketStream<Framed<Watched<TokioIo<Upgraded>>>>;

struct Connection {
    frames: Frames,
    sink: SplitSink<Stream, Message>,
    stream: SplitStream<Stream>,
    liveness: Liveness,
    listed: Listed,
    pong: Duration,
    stop: CancellationToken,
}

async fn run(
    mut source: Source,
    upgrade: OnUpgrade,
    listed: Listed,
    settings: Arc<Settings>,
    stop: CancellationToken,
) {
    let upgraded = match upgrade.await {
        Ok(upgraded) => upgraded,
        Err(error) => return tracing::debug!(%error, "the client left during the upgrade"),
    };
    let (watched, liveness) = Watched::new(TokioIo::new(upgraded));
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(settings.max_message))
        .max_frame_size(Some(settings.max_message));
    let (framed, frames) = Framed::new(watched);
    let socket = WebSocketStream::from_raw_socket(framed, Role::Server, Some(config)).await;
    let (sink, stream) = socket.split();
    let pong = settings.pong;
    let mut connection = Connection { frames, sink, stream, liveness, listed, pong, stop };
    tracing::debug!("opened");
    let ending = connection.carry(&mut source, settings.ping).await;
    tracing::debug!(?ending, "closed");
    // Before the goodbye, so that a topic does not wait for it.
    drop(source);
    connection.close(ending.close_frame()).await;
}

impl Connection {
    /// Carries messages until either end is gone.
    async fn carry(&mut self, source: &mut Source, ping: Duration) -> Ending {
        let mut next_ping = Instant::now() + ping;
        loop {
            let deadline = self.deadline();
            let sent = tokio::select! {
                () = self.stop.cancelled() => return Ending::Stopping,
                heard = self.stream.next() => match heard_of(heard) {
                    Ok(()) => continue,
                    Err(ending) => return ending,
                },
                message = source.next() => match message {
                    Some(message) => {
                        let bytes = message.len();
                        let sent = self.send(Outgoing::Message(message), source.overdue()).await;
                        sent.map(|()| self.listed.sent(bytes))
                    }
                    None => return Ending::Stopping,
                },
                () = sleep_until(next_ping) => {
                    next_ping = Instant::now() + ping;
                    self.send(Outgoing::Ping, Overdue::default()).await
                }
                () = sleep_until(deadline) => {
                    if self.deadline() <= Instant::now() {
                        return Ending::Silent;
                    }
                    continue;
                }
            };
            if let Err(ending) = sent {
                return ending;
            }
        }
    }

    /// Sends something, for as long as the client takes bytes or says something.
    async fn send(&mut self, outgoing: Outgoing, mut overdue: Overdue) -> Result<(), Ending> {
        let (liveness, pong) = (self.liveness.clone(), self.pong);
        let mut sending = pin!(async {
            match outgoing {
                Outgoing::Message(message) => {
                    self.sink.flush().await?;
                    self.frames.begin(message);
                    self.sink.flush().await
                }
                Outgoing::Ping => self.sink.send(Message::Ping(Bytes::new())).await,
            }
        });
        loop {
            let deadline = liveness.last() + pong;
            tokio::select! {
                sent = &mut sending => return sent.map_err(Ending::Socket),
                () = self.stop.cancelled() => return Err(Ending::Stopping),
                () = &mut overdue => return Err(Ending::Overdue),
                heard = self.stream.next() => heard_of(heard)?,
                () = sleep_until(deadline) => {
                    if liveness.last() + pong <= Instant::now() {
                        return Err(Ending::Silent);
                    }
                }
            }
        }
    }

    /// When the connection is given up, unless it gives a sign of life before.
    fn deadline(&self) -> Instant {
        self.liveness.last() + self.pong
    }

    /// Says goodbye, and waits a moment for the answer.
    async fn close(mut self, frame: Option<CloseFrame>) {
        let goodbye = async {
            if let Some(frame) = frame {
                self.sink.send(Message::Close(Some(frame))).await?;
                while let Some(Ok(_)) = self.stream.next().await {}
            }
            // After an error the stream tells no more. What the client still sends has to be read
            // all the same: left unread, it would turn our close frame into a reset.
            let Ok(socket) = self.sink.reunite(self.stream) else { return Ok(()) };
            let mut connection = socket.into_inner();
            connection.shutdown().await?;
            io::copy(&mut connection, &mut io::sink()).await?;
            Ok::<_, Error>(())
        };
        match timeout(CLOSE_TIME, goodbye).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the client did not wait for the end"),
            Err(_) => tracing::debug!("the client did not answer the close frame"),
        }
    }
}

/// Nothing a subscriber says means anything yet. We read to notice that it is there, and tungstenite
/// answers its pings and its close frame meanwhile.
fn heard_of(heard: Option<tungstenite::Result<Message>>) -> Result<(), Ending> {
    match heard {
        Some(Ok(_)) => Ok(()),
        // Most clients that leave just hang up.
        Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) | None => {
            Err(Ending::Left)
        }
        Some(Err(error)) => Err(Ending::Socket(error)),
    }
}
