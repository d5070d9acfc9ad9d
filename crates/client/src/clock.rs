//! The server's clock.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;

use crate::{
    Client, State,
    link::{Link, News},
    machine::Policy,
};

/// The clock ticks every second, so after five of them the connection is dead.
pub(crate) const SILENCE: Duration = Duration::from_secs(5);

/// What a clock has to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tick {
    /// The [state](Clock::state) changed.
    State(State),
    /// The time at the server, in nanoseconds since the Unix epoch.
    Time(u64),
}

/// The server's clock, which ticks about once a second. Dropping it closes its socket at once.
///
/// ```no_run
/// # use monoxide_client::{Client, Tick};
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let mut clock = Client::new("http://127.0.0.1:8800")?.clock();
/// while let Some(tick) = clock.next().await {
///     if let Tick::Time(nanoseconds) = tick {
///         println!("{nanoseconds}");
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Clock {
    link: Link,
}

impl Clock {
    pub(crate) fn new(client: &Client) -> Self {
        let policy = Policy { backoff: client.backoff(), silence: SILENCE, is_talkative: true };
        Self { link: Link::new(client, "", policy) }
    }

    /// How the connection is doing.
    #[must_use]
    pub fn state(&self) -> &State {
        self.link.state()
    }

    /// Goes on after the server [wanted to know who asks](crate::Reason::NeedsAuth) and has been
    /// told, from what is here. In every other state it changes nothing.
    pub fn resume(&mut self) {
        self.link.resume();
    }

    /// Waits for the next tick; `None` when the state is [closed](State::Closed), and only then.
    ///
    /// Nothing is lost when the future is dropped before it is done, as in a `select!`.
    pub async fn next(&mut self) -> Option<Tick> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl Stream for Clock {
    type Item = Tick;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Tick>> {
        loop {
            let text = match ready!(self.link.poll(cx)) {
                None => return Poll::Ready(None),
                Some(News::State(state)) => return Poll::Ready(Some(Tick::State(state))),
                Some(News::Frame(text)) => text,
            };
            match text.parse() {
                Ok(nanoseconds) => {
                    // The server was out of reach. Only a clock notices that soon: other sockets
                    // may be dead, or waiting for what is there again.
                    if matches!(self.state(), State::Stale(_)) {
                        self.link.client().wake();
                    }
                    self.link.fits(None);
                    return Poll::Ready(Some(Tick::Time(nanoseconds)));
                }
                Err(error) => self.link.misfit(format!("`{text}` is not a time: {error}")),
            }
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("state", self.state()).finish_non_exhaustive()
    }
}
