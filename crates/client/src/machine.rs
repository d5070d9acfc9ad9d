//! What to do when something happens to a connection. No I/O and no clock: values in, value out.

use std::time::Duration;

use crate::{
    backoff::Backoff,
    state::{End, Reason, State, Trouble, Verdict},
};

/// How long a connection may take to open.
const OPENING: Duration = Duration::from_secs(10);

/// A connection that lasted this long was a good one: the backoff starts anew after it.
///
/// A message does not count: a server that sends a snapshot and falls over would be asked for
/// the next one at once, by everybody.
const STEADY: Duration = Duration::from_secs(10);

/// A wake cuts the wait, but two attempts stay this far apart if that is longer than the wait.
const WAKE_SPACING: Duration = Duration::from_secs(1);

/// On a wake, a connection that was silent for this long is not believed any more: the machine
/// may have slept through its end. Asking again costs next to nothing, as the version is named.
///
/// It is the time after which a clock is taken for dead. When that clock ticks again, whatever
/// was silent as long may be as dead as it was.
const DOUBT: Duration = crate::clock::SILENCE;

/// How long a server that asked for it is left alone, at least.
const LATER: Duration = Duration::from_secs(5);

/// What connections of one kind may do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    pub(crate) backoff: Backoff,
    /// A connection that says nothing for this long is taken for dead.
    pub(crate) silence: Duration,
    /// Whether a healthy connection is heard all the time. Where it is not (a browser shows no
    /// pings, and a key may rest for days), only a connection that said nothing at all is
    /// taken for dead.
    pub(crate) is_talkative: bool,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// The socket is open, and goes on from the version we have if `resumed`.
    Opened { resumed: bool },
    /// Something came from the server.
    Heard,
    /// It was a message, and we have what the server has.
    Fits,
    /// It was a message that cannot be used.
    Misfit(String),
    /// The socket is gone.
    Ended(End),
    /// Whoever asks has signed in again.
    Admitted,
    /// The network came back, or somebody looks at the page.
    Woke,
    /// The time that the last step named is over.
    Elapsed,
}

/// What to do next. Every step but `Stay` ends the time that the step before had named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing.
    Stay,
    /// Drop the socket, if there is one, open a new one, and give it this time.
    Open(Duration),
    /// Keep the socket, and look at it after this time.
    Listen(Duration),
    /// Drop the socket, and go on after this time.
    Pause(Duration),
    /// Drop the socket. It is over.
    Stop,
}

/// A moment, as the time since some other one. It never goes back.
pub(crate) type Moment = Duration;

/// One connection that is made again whenever it ends.
#[derive(Debug)]
pub(crate) struct Machine {
    policy: Policy,
    phase: Phase,
    state: State,
    /// Whether anything useful was ever heard.
    is_informed: bool,
    /// Failed attempts since the last good connection or wake.
    failures: u32,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// No socket. The next attempt is at `until`; a wake moves it to `wakeable`, not further.
    Waiting { until: Moment, wakeable: Moment },
    /// A socket that is not open yet.
    Opening { since: Moment },
    /// A socket that is open.
    Open { since: Moment, heard: Moment },
    /// Nothing will happen any more.
    Over,
}

impl Machine {
    /// A machine that opens its first socket when the first time has [`Event::Elapsed`].
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            policy,
            phase: Phase::Waiting { until: Moment::ZERO, wakeable: Moment::ZERO },
            state: State::Connecting(None),
            is_informed: false,
            failures: 0,
        }
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// Takes note of an event at a moment. `luck` is a random number, at least 0 and below 1.
    ///
    /// Events that cannot happen in a phase change nothing.
    pub(crate) fn handle(&mut self, event: Event, now: Moment, luck: f64) -> Step {
        match (self.phase, event) {
            (Phase::Waiting { .. }, Event::Elapsed) => self.open(now),
            (Phase::Waiting { until, wakeable }, Event::Woke) if now < wakeable => {
                Step::Pause(until.min(wakeable).saturating_sub(now))
            }
            (Phase::Waiting { .. }, Event::Woke) => self.open_anew(now),

            (Phase::Opening { .. }, Event::Opened { resumed }) => {
                self.phase = Phase::Open { since: now, heard: now };
                if resumed {
                    self.state = State::Live;
                }
                Step::Listen(self.policy.silence)
            }
            (Phase::Opening { .. }, Event::Elapsed) => {
                self.wait(Trouble::Silence, Duration::ZERO, now, luck)
            }
            // An attempt from before the network came back may hang for long.
            (Phase::Opening { since }, Event::Woke) if now >= since + WAKE_SPACING => {
                self.open_anew(now)
            }

            (Phase::Open { since, .. }, Event::Heard) => {
                self.phase = Phase::Open { since, heard: now };
                Step::Stay
            }
            (Phase::Open { .. }, Event::Fits) => {
                self.is_informed = true;
                self.state = State::Live;
                Step::Stay
            }
            (Phase::Open { .. }, Event::Misfit(why)) => {
                self.wait(Trouble::Misfit(why), Duration::ZERO, now, luck)
            }
            (Phase::Open { heard, .. }, Event::Elapsed) => self.listen_on(heard, now, luck),
            (Phase::Open { heard, .. }, Event::Woke) if now >= heard + DOUBT => {
                self.interrupt(Trouble::Silence);
                self.open_anew(now)
            }

            (Phase::Opening { .. } | Phase::Open { .. }, Event::Ended(end)) => {
                match end.verdict() {
                    Verdict::Again(trouble) => self.wait(trouble, Duration::ZERO, now, luck),
                    Verdict::Later(trouble) => self.wait(trouble, LATER, now, luck),
                    Verdict::Never(reason) => {
                        self.phase = Phase::Over;
                        self.state = State::Closed(reason);
                        Step::Stop
                    }
                }
            }
            // Not at once, and later each time: a server that refuses the fresh token too is not to
            // be asked without end.
            (Phase::Over, Event::Admitted) if self.state == State::Closed(Reason::NeedsAuth) => {
                self.wait(Trouble::SignedOut, Duration::ZERO, now, luck)
            }
            _ => Step::Stay,
        }
    }

    fn open(&mut self, now: Moment) -> Step {
        self.phase = Phase::Opening { since: now };
        Step::Open(OPENING)
    }

    /// Opens a socket because things look better than they did.
    fn open_anew(&mut self, now: Moment) -> Step {
        self.failures = 0;
        self.open(now)
    }

    /// Says that we may not have what the server has.
    fn interrupt(&mut self, trouble: Trouble) {
        self.state = match self.is_informed {
            true => State::Stale(trouble),
            false => State::Connecting(Some(trouble)),
        };
    }

    /// Gives the socket up and waits, at least for `least`.
    fn wait(&mut self, trouble: Trouble, least: Duration, now: Moment, luck: f64) -> Step {
        let since = match self.phase {
            Phase::Open { since, .. } => {
                if now >= since + STEADY {
                    self.failures = 0;
                }
                since
            }
            Phase::Opening { since } => since,
            Phase::Waiting { .. } | Phase::Over => now,
        };
        let wait = least + self.policy.backoff.wait(self.failures, luck);
        self.failures = self.failures.saturating_add(1);
        self.interrupt(trouble);
        self.phase =
            Phase::Waiting { until: now + wait, wakeable: (since + WAKE_SPACING).max(now + least) };
        Step::Pause(wait)
    }

    /// Decides whether an open connection is still believed.
    fn listen_on(&mut self, heard: Moment, now: Moment, luck: f64) -> Step {
        if self.state.is_live() && !self.policy.is_talkative {
            return Step::Stay;
        }
        let left = (heard + self.policy.silence).saturating_sub(now);
        match left.is_zero() {
            true => self.wait(Trouble::Silence, Duration::ZERO, now, luck),
            false => Step::Listen(left),
        }
    }
}

#[cfg(test)]
mod tests;
