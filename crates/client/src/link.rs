//! Does what the machine says, with the sockets and timers of the platform.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use monoxide_protocol::Version;

use crate::{
    Client, State,
    bell::Ear,
    machine::{Event, Machine, Policy, Step},
    platform::{self, Sleep, Socket, Stopwatch},
    state::End,
};

/// What a socket of the platform reports.
#[derive(Debug)]
pub(crate) enum Report {
    /// It is open.
    Opened,
    /// A message came.
    Frame(String),
    /// Something came that is no message.
    #[cfg_attr(target_arch = "wasm32", expect(dead_code, reason = "a browser hides pings"))]
    Ping,
    /// It is gone, and nothing more will be reported.
    Ended(End),
}

/// What a link has to tell.
#[derive(Debug)]
pub(crate) enum News {
    /// The state changed.
    State(State),
    /// A message came. Whoever reads it says whether it [fits](Link::fits).
    Frame(String),
}

/// One connection to the server, made again whenever it ends, while it is polled.
pub(crate) struct Link {
    client: Client,
    path: String,
    resume: Option<Version>,
    machine: Machine,
    told: State,
    socket: Option<Socket>,
    timer: Option<Sleep>,
    ear: Arc<Ear>,
    stopwatch: Stopwatch,
    is_started: bool,
}

impl Link {
    /// A link to `path` on the server. Nothing happens before it is polled.
    pub(crate) fn new(client: &Client, path: &str, policy: Policy) -> Self {
        let machine = Machine::new(policy);
        Self {
            client: client.clone(),
            path: path.to_owned(),
            resume: None,
            told: machine.state().clone(),
            machine,
            socket: None,
            timer: None,
            ear: client.listen(),
            stopwatch: Stopwatch::start(),
            is_started: false,
        }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn state(&self) -> &State {
        self.machine.state()
    }

    /// The last message was understood, and what we have is now the server's state `version`,
    /// from which a later connection goes on.
    pub(crate) fn fits(&mut self, version: Option<Version>) {
        self.resume = version;
        self.happen(Event::Fits);
    }

    /// The last message was of no use: start again from a snapshot.
    pub(crate) fn misfit(&mut self, why: String) {
        self.resume = None;
        self.happen(Event::Misfit(why));
    }

    /// Whoever asks has signed in: goes on if it was that.
    pub(crate) fn resume(&mut self) {
        self.happen(Event::Admitted);
    }

    /// Waits for news; `None` when there will be none.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<News>> {
        if !self.is_started {
            // Nothing precedes the first attempt that would have to be waited for.
            self.is_started = true;
            self.happen(Event::Elapsed);
        }
        loop {
            if *self.machine.state() != self.told {
                self.told = self.machine.state().clone();
                return Poll::Ready(Some(News::State(self.told.clone())));
            }
            if matches!(self.told, State::Closed(_)) {
                return Poll::Ready(None);
            }
            if let Some(Poll::Ready(report)) = self.socket.as_mut().map(|it| it.poll(cx)) {
                match report {
                    Report::Opened => self.happen(Event::Opened { resumed: self.resume.is_some() }),
                    Report::Ping => self.happen(Event::Heard),
                    Report::Ended(end) => self.happen(Event::Ended(end)),
                    Report::Frame(text) => {
                        self.happen(Event::Heard);
                        return Poll::Ready(Some(News::Frame(text)));
                    }
                }
            } else if self.ear.poll(cx).is_ready() {
                self.happen(Event::Woke);
            } else if self.timer.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_ready()) {
                self.timer = None;
                self.happen(Event::Elapsed);
            } else {
                return Poll::Pending;
            }
        }
    }

    fn happen(&mut self, event: Event) {
        let step = self.machine.handle(event, self.stopwatch.elapsed(), platform::luck());
        let (socket, timer) = match step {
            Step::Stay => return,
            Step::Open(time) => (Some(Socket::open(&self.socket_address())), Some(time)),
            Step::Listen(time) => (self.socket.take(), Some(time)),
            Step::Pause(time) => (None, Some(time)),
            Step::Stop => (None, None),
        };
        self.socket = socket;
        self.timer = timer.map(platform::sleep);
    }

    fn socket_address(&self) -> String {
        let address = self.client.address(&self.path);
        match self.resume {
            Some(version) => format!("{address}?v={version}"),
            None => address,
        }
    }
}
