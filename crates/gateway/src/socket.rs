//! One connection that is told of changes: one task, from the upgrade to the close frame.

use std::{
    future::poll_fn,
    pin::pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::response::Response;
use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use monoxide_engine::{Identity, Overdue, Session, Subscription};
use monoxide_identity::ADMIN;
use monoxide_protocol::{Range, Version, Watched};
use tokio::time::{Instant, error::Elapsed, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};

use crate::{
    admin::CLOCK,
    auth::{Asker, Said, Turn, Watch},
    clock::Ticks,
    connections::{Listed, Watching},
    door::{Door, Settings},
    error::Refusal,
    guests::Guest,
    hooks::Admitted,
    monitor,
    range::Window,
    told::Reader,
    upgrade::{self, Connection, Upgrade},
    websocket::{Broken, Close, Event, Violation, WebSocket},
};

/// How many bytes of messages are taken together, by one that has several before it.
const TOGETHER: usize = 16 * 1024;

/// How long the other end may take to answer a close frame.
const CLOSE_TIME: Duration = Duration::from_secs(1);

/// How long a client that was let in may take to say who it is; less, where the head of a request
/// has less time.
const INTRODUCTION: Duration = Duration::from_secs(5);

/// What a socket is for.
#[derive(Debug)]
pub(crate) enum Wanted {
    Watched(Watched),
    /// A part of a list.
    Window(Range),
    Clock,
    Monitor,
}

/// Goes on as a socket.
pub(crate) async fn open(
    session: &Session,
    door: &Door,
    wanted: Result<Wanted, Refusal>,
    upgrade: Result<Upgrade, Refusal>,
) -> Result<Response, Refusal> {
    let upgrade = match upgrade {
        Ok(upgrade) if upgrade.is_late() => {
            return Ok(let_in(session.clone(), door.clone(), wanted, upgrade));
        }
        upgrade => upgrade,
    };
    let (wanted, upgrade) = (wanted?, upgrade?);
    let span = wanted.span();
    let (source, admitted) = wanted.open(session, door, upgrade.since).await?;
    Ok(span.in_scope(|| start(source, admitted, door, upgrade)))
}

impl Wanted {
    fn span(&self) -> Span {
        match self {
            Self::Watched(watched) => tracing::debug_span!("subscriber", %watched),
            Self::Window(range) => tracing::debug_span!("window", %range.glob),
            Self::Clock => tracing::debug_span!("clock"),
            Self::Monitor => tracing::debug_span!("monitor"),
        }
    }

    /// Asks everybody who may refuse it, and begins.
    async fn open(
        self,
        session: &Session,
        door: &Door,
        since: Option<Version>,
    ) -> Result<(Source, Admitted), Refusal> {
        let seat = door.settings.seats.take(session.identity())?;
        let (source, path) = match self {
            Self::Watched(watched) => {
                let path = watched.to_string();
                let subscription = session.subscribe(watched, since).await?;
                (Source::Subscription(subscription), path)
            }
            Self::Window(range) => {
                let path = range.glob.to_string();
                let subscription = session.subscribe(range.glob.clone(), None).await?;
                let (engine, ranges) = (door.engine.clone(), door.ranges.clone());
                let window = Window::new(engine, ranges, subscription, range);
                (Source::Window(Box::new(window)), path)
            }
            Self::Clock => (Source::Clock(door.clock.subscribe()), String::new()),
            Self::Monitor => {
                // Who says over the socket who it is has passed no guard that asked for this.
                door.administrator(session.identity())?;
                (Source::Monitor(door.monitor.watch()), monitor::NAME.to_owned())
            }
        };
        let admitted = door.settings.application.hooks.admit(session.identity(), path, seat).await;
        Ok((source, admitted.map_err(monoxide_engine::Error::from)?))
    }
}

/// Answers the upgrade and starts the connection's task.
fn start(source: Source, admitted: Admitted, door: &Door, upgrade: Upgrade) -> Response {
    let watch = upgrade.asker.as_deref().and_then(Watch::of);
    let (connection, guest, response) = upgrade.accept();
    let (settings, sockets) = (Arc::clone(&door.settings), &door.sockets);
    let stop = sockets.stop.clone();
    let carried = Carried::new(source, admitted, guest, watch);
    // Not in a block of its own, which would have room for it twice.
    sockets.tasks.spawn(run(carried, connection, settings, stop).in_current_span());
    response
}

/// Answers the upgrade before it is known who asks, because a browser could not see a refusal. It
/// is told by the code of the close frame.
fn let_in(
    session: Session,
    door: Door,
    wanted: Result<Wanted, Refusal>,
    mut upgrade: Upgrade,
) -> Response {
    let (asker, since) = (upgrade.asker.take(), upgrade.since);
    let span = wanted.as_ref().map_or_else(|_| tracing::debug_span!("socket"), Wanted::span);
    let (connection, guest, response) = upgrade.accept();
    let tasks = door.sockets.tasks.clone();
    let connection = async move {
        let settings = Arc::clone(&door.settings);
        let Some((mut socket, heard)) = arrive(connection, &settings, asker.is_some()).await else {
            return;
        };
        let stop = door.sockets.stop.clone();
        let begun = match heard {
            Err(violation) => Err(Ending::Broken(violation.into())),
            Ok(()) => begin(session, &door, wanted, since, asker, &mut socket).await,
        };
        let ending = match begun {
            Err(ending) => ending,
            Ok((source, admitted, watch)) => {
                let mut carried = Carried::new(source, admitted, guest, watch);
                carry(&mut carried, &mut socket, &settings, stop).await
            }
        };
        tracing::debug!(?ending, "closed");
        parted(timeout(CLOSE_TIME, socket.close(ending.close())).await);
    };
    tasks.spawn(connection.instrument(span));
    response
}

/// Waits for the client to say who it is, if it has not, and begins what it wants.
async fn begin(
    mut session: Session,
    door: &Door,
    wanted: Result<Wanted, Refusal>,
    since: Option<Version>,
    asker: Option<Arc<Asker>>,
    socket: &mut WebSocket<Connection>,
) -> Result<(Source, Admitted, Option<Box<Watch>>), Ending> {
    let refused = |refusal: Refusal| Ending::Refused(refusal.close());
    let mut watch = None;
    if let Some(asker) = asker {
        watch = Watch::of(&asker);
        if watch.is_none() {
            asker.check_token().map_err(refused)?;
            let stop = &door.sockets.stop;
            let identity;
            (identity, watch) = introduce(&asker, socket, &door.settings, stop).await?;
            session = door.engine.session(identity);
        }
    }
    let opened = wanted.map_err(refused)?.open(&session, door, since);
    // As long as a request may take.
    let opened = timeout(door.settings.deadline, opened).await;
    let opened = opened.unwrap_or(Err(Refusal::Deadline));
    opened.map(|(source, admitted)| (source, admitted, watch)).map_err(refused)
}

/// Waits for the client to say who it is.
async fn introduce(
    asker: &Asker,
    socket: &mut WebSocket<Connection>,
    settings: &Settings,
    stop: &CancellationToken,
) -> Result<(Identity, Option<Box<Watch>>), Ending> {
    let refused = |refusal: Refusal| Ending::Refused(refusal.close());
    let mut patience = pin!(sleep(INTRODUCTION.min(settings.timeouts.header)));
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return Err(Ending::Stopping),
            () = &mut patience => return Err(refused(Refusal::SignIn(None))),
            event = poll_fn(|context| socket.poll(context)) => match event {
                Ok(Event::Said) => {
                    let texts = socket.take_texts();
                    if let Some(said) = texts.iter().find_map(|text| Said::read(text)) {
                        return asker.auth.hear(&said).map_err(refused);
                    }
                }
                Ok(Event::Drained) => {}
                Ok(Event::Left) => return Err(Ending::Left),
                Err(error) => return Err(Ending::Broken(error)),
            }
        }
    }
}

/// Where a connection's messages come from.
#[derive(Debug)]
pub(crate) enum Source {
    Subscription(Subscription),
    Window(Box<Window>),
    Clock(Ticks),
    Monitor(Reader),
}

impl Source {
    fn watching(&self) -> Watching {
        match self {
            Self::Subscription(subscription) => Watching::Topic(subscription.backlog()),
            Self::Window(window) => Watching::Topic(window.backlog()),
            Self::Clock(_) => Watching::Own(CLOCK),
            Self::Monitor(_) => Watching::Own(monitor::NAME),
        }
    }

    /// Comes about when the last message was not taken in time.
    fn overdue(&self) -> Overdue {
        match self {
            Self::Subscription(subscription) => subscription.overdue(),
            Self::Window(_) | Self::Clock(_) | Self::Monitor(_) => Overdue::default(),
        }
    }

    async fn next(&mut self) -> Option<Bytes> {
        match self {
            Self::Subscription(subscription) => subscription.next().await,
            Self::Window(window) => window.next().await,
            Self::Clock(ticks) => ticks.next().await,
            Self::Monitor(reader) => reader.next().await,
        }
    }

    /// Whether it can go on as somebody with these roles. Who cannot may come back.
    fn is_for(&self, identity: &Identity) -> bool {
        match self {
            Self::Subscription(_) | Self::Window(_) | Self::Clock(_) => true,
            Self::Monitor(_) => identity.has_role(ADMIN),
        }
    }

    /// Goes on as somebody with other roles. What may not be seen any more is taken back by the next
    /// message.
    fn change_identity(&mut self, identity: Identity) {
        match self {
            Self::Subscription(subscription) => subscription.change_identity(identity),
            Self::Window(window) => window.change_identity(identity),
            // They tell everybody the same.
            Self::Clock(_) | Self::Monitor(_) => {}
        }
    }

    /// The next message, if it is there already.
    fn ready(&mut self) -> Option<Bytes> {
        match self {
            Self::Subscription(subscription) => subscription.ready(),
            Self::Window(_) | Self::Clock(_) | Self::Monitor(_) => None,
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
    /// An administrator wants it to end.
    Unwanted,
    /// The client may not be here, or not any more.
    Refused(Close),
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
            Self::Unwanted => (4000, "closed by an administrator"),
            Self::Refused(close) => *close,
            Self::Broken(Broken::HungUp | Broken::Connection(_)) | Self::Left => return None,
        })
    }
}

/// What a connection carries, and what is known of it.
struct Carried {
    source: Source,
    listed: Listed,
    /// Whether it may go on. On the heap, and only for those who have a token.
    watch: Option<Box<Watch>>,
    _until_it_ends: Admitted,
}

impl Carried {
    fn new(
        source: Source,
        admitted: Admitted,
        guest: Arc<Guest>,
        watch: Option<Box<Watch>>,
    ) -> Self {
        let listed = Listed::new(guest, admitted.identity().clone(), source.watching());
        Self { source, listed, watch, _until_it_ends: admitted }
    }
}

async fn run(
    mut carried: Carried,
    upgrade: OnUpgrade,
    settings: Arc<Settings>,
    stop: CancellationToken,
) {
    let keeps_texts = carried.watch.is_some();
    // Nothing of the arrival is kept: there may be very many sockets.
    let Some((mut socket, heard)) = arrive(upgrade, &settings, keeps_texts).await else { return };
    let ending = match heard {
        Ok(()) => carry(&mut carried, &mut socket, &settings, stop).await,
        Err(violation) => Ending::Broken(violation.into()),
    };
    // Before the goodbye, so that a topic does not wait for it.
    drop(carried.source);
    tracing::debug!(?ending, "closed");
    parted(timeout(CLOSE_TIME, socket.close(ending.close())).await);
}

/// The socket, and whether what came early was in order.
async fn arrive(
    upgrade: OnUpgrade,
    settings: &Settings,
    keeps_texts: bool,
) -> Option<(WebSocket<Connection>, Result<(), Violation>)> {
    let (connection, early) = match upgrade::connection(upgrade).await {
        Ok(upgraded) => upgraded,
        Err(error) => {
            tracing::debug!(%error, "the client left during the upgrade");
            return None;
        }
    };
    let mut socket = WebSocket::new(connection, settings.max_message);
    if keeps_texts {
        socket.keep_texts();
    }
    tracing::debug!("opened");
    // What came early is let go here: it is a part of the buffer that the request was read into.
    let heard = socket.hear(&mut Vec::from(early));
    Some((socket, heard))
}

/// How the end went.
fn parted(parted: Result<Result<(), Broken>, Elapsed>) {
    match parted {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "the client did not wait for the end"),
        Err(_) => tracing::debug!("the client did not answer the close frame"),
    }
}

/// Carries messages until either end is gone.
async fn carry(
    Carried { source, listed, watch, .. }: &mut Carried,
    socket: &mut WebSocket<Connection>,
    Settings { ping, pong, application, .. }: &Settings,
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
            // Before the messages: there may always be one.
            () = poll_fn(|context| listed.poll_unwanted(context)) => return Ending::Unwanted,
            turn = poll_fn(|context| poll_watch(watch, context)) => match turn {
                // Whoever has a say in it was asked about who it was: it may come back, and they
                // are asked again.
                Turn::Changed(identity)
                    if !application.hooks.ask_about_subscribers() && source.is_for(&identity) =>
                {
                    source.change_identity(identity);
                }
                Turn::Changed(_) | Turn::Ended => return Ending::Refused((4401, "the token is not good any more")),
            },
            message = source.next(), if socket.is_drained() => match message {
                Some(message) => overdue = send(message, source, socket, listed),
                None => return Ending::Stopping,
            },
            event = poll_fn(|context| socket.poll(context)) => match event {
                Ok(Event::Drained) => overdue = Overdue::default(),
                Ok(Event::Said) => {
                    if let Err(refusal) = hear(watch, &socket.take_texts()) {
                        return Ending::Refused(refusal.close());
                    }
                }
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

/// Comes about when a socket's client may not be here any more, or has other roles; never for those
/// without a token.
fn poll_watch(watch: &mut Option<Box<Watch>>, context: &mut Context<'_>) -> Poll<Turn> {
    watch.as_mut().map_or(Poll::Pending, |watch| watch.poll(context))
}

/// Takes what a client said about who it is.
fn hear(watch: &mut Option<Box<Watch>>, texts: &[String]) -> Result<(), Refusal> {
    let Some(watch) = watch else { return Ok(()) };
    texts.iter().filter_map(|text| Said::read(text)).try_for_each(|said| watch.hear(&said))
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
