//! From a bound port to requests and answers.
//!
//! `axum::serve` does the same without timeouts and without TLS.

use std::{convert::Infallible, error::Error, io, pin::pin, sync::Arc, time::Duration};

use axum::{
    body::{Body, HttpBody as _},
    http::{Request, StatusCode, header},
};
use futures_util::FutureExt as _;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::{
    door::Sockets,
    edge::Edge,
    error::not_let_in,
    guests::{Guest, Guests},
    linger,
    pace::{Download, Pace, Paced, Timeouts, Upload},
    tls::Tls,
    turned_away::TurnedAway,
};

/// How long nobody is let in after that failed, most likely for want of open files. Some will have
/// been closed by then; trying at once would take a whole processor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// How connections are served.
#[derive(Debug, Clone)]
pub(crate) struct Listening {
    pub(crate) timeouts: Timeouts,
    pub(crate) tls: Option<Tls>,
    pub(crate) sockets: Arc<Sockets>,
    pub(crate) guests: Guests,
    /// Ends connections that go on after they were told to stop.
    pub(crate) cut: CancellationToken,
}

impl Listening {
    /// Lets connections in until the server stops; each is a task of its own.
    pub(crate) async fn run(self, listener: TcpListener, edge: Edge) {
        let (mut lets_in, mut turned_away) = (true, TurnedAway::default());
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = turned_away.close() => continue,
                () = self.sockets.stop.cancelled() => return,
            };
            match accepted {
                Ok((stream, address)) => {
                    lets_in = true;
                    let guest = match self.guests.admit(address) {
                        Ok(guest) => guest,
                        Err(full) => {
                            // Before TLS there is no way to say it.
                            if self.tls.is_none() {
                                turned_away.push(stream, not_let_in(full));
                            }
                            continue;
                        }
                    };
                    // A token of its own, so that connections do not share the token's lock.
                    let stop = self.sockets.stop.child_token();
                    let connection = self.clone().connection(stream, guest, edge.clone(), stop);
                    self.sockets.tasks.spawn(connection);
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    // Once, not five times a second until it is over.
                    if std::mem::take(&mut lets_in) {
                        tracing::error!(%error, "cannot let anybody in");
                    }
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn connection(
        self,
        stream: TcpStream,
        guest: Arc<Guest>,
        edge: Edge,
        stop: CancellationToken,
    ) {
        // A patch is one small write that somebody is waiting for.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps Nagle's delay");
        }
        let (stream, pace) = Paced::new(stream, self.timeouts);
        let Some(tls) = &self.tls else {
            return self.requests(stream, pace, guest, edge, stop).await;
        };
        let handshake = tls.acceptor().accept(stream);
        match stop.clone().run_until_cancelled(handshake).await {
            Some(Ok(stream)) => self.requests(stream, pace, guest, edge, stop).await,
            Some(Err(error)) => tracing::debug!(%error, "no TLS connection came about"),
            None => {}
        }
    }

    pub(crate) async fn requests<T>(
        self,
        stream: T,
        pace: Pace,
        guest: Arc<Guest>,
        edge: Edge,
        stop: CancellationToken,
    ) where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let timeouts = self.timeouts;
        let service = service_fn(|request: Request<Incoming>| {
            let busy = pace.begin();
            let (mut head, body) = request.into_parts();
            if head.headers.contains_key(header::UPGRADE) || edge.asks_who() {
                // Whoever goes on with the connection goes on being counted, and who signs in is
                // asked from where.
                head.extensions.insert(Arc::clone(&guest));
            }
            let (body, rest) = if body.is_end_stream() {
                (Body::empty(), None)
            } else {
                let body = Upload::new(body, &pace, timeouts);
                let (body, rest) = linger::split(body, &self.sockets);
                (body, Some(rest))
            };
            let span =
                tracing::debug_span!("request", method = %head.method, path = head.uri.path());
            let answer = edge.answer(Request::from_parts(head, body)).instrument(span);
            let pace = pace.clone();
            // A block around it would have room for it twice.
            answer.map(move |response| {
                if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                    pace.upgrade();
                }
                Ok::<_, Infallible>(response.map(|body| Download::new(body, busy, rest)))
            })
        });
        // The timeouts are those of `pace`.
        let mut http = http1::Builder::new();
        http.header_read_timeout(None);
        let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            biased;
            ended = &mut connection => ended,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = connection => ended,
                    () = self.cut.cancelled() => Ok(()),
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(error = &error as &dyn Error, "a connection broke");
        }
    }
}

/// Whether this says something about who wanted to come in, and nothing about the listener.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
