//! Connections that were not let in, for the moment in which they read why.
//!
//! Closing one at once would lose the answer: what the client sends meanwhile is left unread, and
//! so becomes a reset. A task for each would be work that those inside pay for.

use std::{
    collections::VecDeque,
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpStream as Stream},
    time::Duration,
};

use tokio::{
    net::TcpStream,
    time::{Instant, sleep_until},
};

/// For how long they are kept.
const KEPT: Duration = Duration::from_secs(1);

/// How many are kept. Above it the first ones are closed before their time.
const MOST: usize = 16;

/// The last connections that were not let in.
#[derive(Debug, Default)]
pub(crate) struct TurnedAway(VecDeque<(Instant, Stream)>);

impl TurnedAway {
    /// Tells a connection why it is not let in; this waits for nothing.
    pub(crate) fn push(&mut self, stream: TcpStream, answer: &[u8]) {
        // There is room for a line in the buffer of a new connection. If it is broken already,
        // nobody is there to be told.
        let Ok(mut stream) = stream.into_std() else { return };
        if stream.write_all(answer).and_then(|()| stream.shutdown(Shutdown::Write)).is_ok() {
            self.0.push_back((Instant::now() + KEPT, stream));
        }
        if self.0.len() > MOST {
            self.close_first();
        }
    }

    /// Closes those whose time is over, one after the other, for ever.
    pub(crate) async fn close(&mut self) {
        while let Some((until, _)) = self.0.front() {
            sleep_until(*until).await;
            self.close_first();
        }
        std::future::pending().await
    }

    fn close_first(&mut self) {
        let Some((_, mut stream)) = self.0.pop_front() else { return };
        // What has come is read, so that closing it is no reset. It does not block, and who sends
        // without end is not listened to.
        _ = io::copy(&mut (&mut stream).take(64 * 1024), &mut io::sink());
    }
}
