//! One connection that is told of changes: one task, from the upgrade to the close frame.

use std::{future::poll_fn, pin::pin, sync::Arc, time::Duration};

use axum::response::Response;
use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use monoxide_engine::{Backlog, Overdue, Session, Subscription};
use monoxide_protocol::Watched;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::{
    clock::Ticks,
    connections::Listed,
    door::{Door, Settings},
    error::Refusal,
    hooks::Admitted,
    upgrade::{self, Connection, Upgrade},
    websocket::{Broken, Close, Event, Violation, WebSocket},
};

/// How many bytes of messages are taken together, by one that has several before it.
const TOGETHER: usize = 16 * 1024;

/// How long the other end may take to answer a close frame.
const CLOSE_TIME: Duration = Duration::from_secs(1);

/// Subscribes to what is watched and goes on as a socket.
pub(crate) async fn subscribe(
    session: &Session,
    door: &Door,
    watched: Watched,
    upgrade: Upgrade,
) -> Result<Response, Refusal> {
    let span = tracing::debug_span!("subscriber", %watched);
    let path = watched.to_string();
    let subscription = session.subscribe(watched, upgrade.since).await?;
    let admitted = door.settings.application.hooks.admit(session.identity(), path).await;
    let admitted = admitted.map_err(monoxide_engine::Error::from)?;
    let source = Source::Subscription(subscription);
    Ok(span.in_scope(|| start(source, admitted, door, upgrade)))
}

/// Answers the upgrade and starts the connection's task.
pub(crate) fn start(source: Source, admitted: Admitted, door: &Door, upgrade: Upgrade) -> Response {
    let (connection, guest, response) = upgrade.accept();
    let (settings, sockets) = (Arc::clone(&door.settings), &door.sockets);
    let stop = sockets.stop.clone();
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

    /// The next message, if it is there already.
    fn ready(&mut self) -> Option<Bytes> {
        match self {
            Self::Subscription(subscription) => subscription.ready(),
            Self::Clock(_) => None,
        }
    }
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
    Broken(Broken),
    /// The client wanted to leave, and was answered.
    Left,
}

impl Ending {
    /// What the client is told, when there is something to say (RFC 6455, section 7.4.1).
    fn close(&self) -> Option<Close> {
        Some(match self {
            Self::Stopping => (1001, "the server is going away"),
            Self::Silent => (1008, "no sign of life"),
            Self::Overdue => (1013, "too slow"),
            Self::Broken(Broken::Violation(violation)) => match violation {
                Violation::Protocol => (1002, "not a WebSocket frame"),
                Violation::NotUtf8 => (1007, "the text is not UTF-8"),
                Violation::TooLarge => (1009, "the message is too large"),
            },
            Self::Broken(Broken::HungUp | Broken::Connection(_)) | Self::Left => return None,
        })
    }
}

async fn run(
    mut source: Source,
    upgrade: OnUpgrade,
    listed: Listed,
    settings: Arc<Settings>,
    stop: CancellationToken,
) {
    let (connection, early) = match upgrade::connection(upgrade).await {
        Ok(upgraded) => upgraded,
        Err(error) => return tracing::debug!(%error, "the client left during the upgrade"),
    };
    let mut socket = WebSocket::new(connection, settings.max_message);
    tracing::debug!("opened");
    // What came early is let go here: it is a part of the buffer that the request was read into.
    let heard = socket.hear(&mut Vec::from(early));
    let ending = match heard {
        Ok(()) => carry(&mut source, &mut socket, &listed, &settings, stop).await,
        Err(violation) => Ending::Broken(violation.into()),
    };
    tracing::debug!(?ending, "closed");
    // Before the goodbye, so that a topic does not wait for it.
    drop(source);
    match timeout(CLOSE_TIME, socket.close(ending.close())).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "the client did not wait for the end"),
        Err(_) => tracing::debug!("the client did not answer the close frame"),
    }
}

/// Carries messages until either end is gone.
async fn carry(
    source: &mut Source,
    socket: &mut WebSocket<Connection>,
    listed: &Listed,
    Settings { ping, pong, .. }: &Settings,
    stop: CancellationToken,
) -> Ending {
    let mut next_ping = Instant::now() + *ping;
    let mut look = pin!(sleep_until(next_ping.min(socket.last_sign() + *pong)));
    let mut stopped = pin!(stop.cancelled());
    let mut overdue = Overdue::default();
    loop {
        tokio::select! {
            biased;
            () = &mut stopped => return Ending::Stopping,
            message = source.next(), if socket.is_drained() => match message {
                Some(message) => overdue = send(message, source, socket, listed),
                None => return Ending::Stopping,
            },
            event = poll_fn(|context| socket.poll(context)) => match event {
                Ok(Event::Drained) => overdue = Overdue::default(),
                Ok(Event::Left) => return Ending::Left,
                Err(error) => return Ending::Broken(error),
            },
            () = &mut overdue => return Ending::Overdue,
            () = &mut look => {
                let now = Instant::now();
                if socket.last_sign() + *pong <= now {
                    return Ending::Silent;
                }
                if next_ping <= now {
                    next_ping = now + *ping;
                    socket.ping();
                }
                look.as_mut().reset(next_ping.min(socket.last_sign() + *pong));
            }
        }
    }
}

/// Has a message sent, and with it those that are there behind it; says when they are overdue.
fn send(
    message: Bytes,
    source: &mut Source,
    socket: &mut WebSocket<Connection>,
    listed: &Listed,
) -> Overdue {
    let (mut messages, mut bytes) = (1, message.len());
    socket.send(message);
    // A large message is the last: what is overdue is that one.
    while bytes < TOGETHER
        && let Some(message) = source.ready()
    {
        messages += 1;
        bytes += message.len();
        socket.send(message);
    }
    listed.sent(messages, bytes);
    source.overdue()
}
