//! How a connection is doing, in words that a page can show.

use std::fmt;

/// How a connection is doing.
///
/// ```
/// # use monoxide_client::State;
/// assert_eq!(State::Connecting(None).to_string(), "connecting");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nothing has been heard yet; what went wrong the last time, if something did.
    Connecting(Option<Trouble>),
    /// Connected, and what we have is what the server has.
    Live,
    /// What we have was right once. A new connection is made by itself, again and again.
    Stale(Trouble),
    /// It is over, and trying again would not help.
    Closed(Reason),
}

impl State {
    /// Whether what we have is what the server has.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Live)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connecting(None) => f.write_str("connecting"),
            Self::Connecting(Some(trouble)) => write!(f, "connecting: {trouble}"),
            Self::Live => f.write_str("live"),
            Self::Stale(trouble) => write!(f, "stale: {trouble}"),
            Self::Closed(reason) => write!(f, "closed: {reason}"),
        }
    }
}

/// Why a connection ended that will be made again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// No connection could be made, or it broke. A browser does not tell more.
    #[error("the server cannot be reached ({0})")]
    Unreachable(String),
    /// The server answered with this HTTP status where a socket was asked for.
    #[error("the server answers {0}")]
    Refused(u16),
    /// The server closed the socket.
    #[error("the server closed the socket: {code} “{reason}”")]
    Hangup {
        /// The close code, as RFC 6455 has it.
        code: u16,
        /// What the server said with it.
        reason: String,
    },
    /// The server wanted to know anew who asks, and has been told.
    #[error("the session was renewed")]
    SignedOut,
    /// Nothing was heard for so long that the connection is taken for dead.
    #[error("nothing was heard for too long")]
    Silence,
    /// A message did not fit what we have, so a snapshot is fetched.
    #[error("a message did not fit: {0}")]
    Misfit(String),
}

/// Why a connection is not made again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The server wants to know who asks: sign in, then [resume](crate::Subscription::resume).
    #[error("the server wants a login")]
    NeedsAuth,
    /// Whoever asks may not have this.
    #[error("this is not allowed")]
    Forbidden,
    /// The server does not offer what was asked for; what it said.
    #[error("the server does not offer this ({0})")]
    Invalid(String),
    /// No socket can be opened at this address.
    #[error("no socket can be opened there ({0})")]
    Address(String),
}

/// How a socket ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// The server closed it with a code.
    Closed { code: u16, reason: String },
    /// The server answered with an HTTP status instead of opening it.
    #[cfg_attr(target_arch = "wasm32", expect(dead_code, reason = "a browser hides the status"))]
    Refused(u16),
    /// It broke, or never was.
    Broken(String),
    /// The address is not one that a socket can have.
    Address(String),
}

/// What follows from an [`End`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Try again.
    Again(Trouble),
    /// Try again, but not soon: the server asked for that.
    Later(Trouble),
    /// Do not try again.
    Never(Reason),
}

impl End {
    /// The table of close codes (those from 4000 on are ours) and of HTTP statuses.
    pub(crate) fn verdict(self) -> Verdict {
        match self {
            Self::Closed { code: 4400, reason } => Verdict::Never(Reason::Invalid(reason)),
            Self::Closed { code: 4401, .. } => Verdict::Never(Reason::NeedsAuth),
            Self::Closed { code: 4403, .. } => Verdict::Never(Reason::Forbidden),
            // An administrator has closed it. It may come back, and not at once.
            Self::Closed { code: 4000, reason } => {
                Verdict::Later(Trouble::Hangup { code: 4000, reason })
            }
            // 1013 is "try again later".
            Self::Closed { code: 1013, reason } => {
                Verdict::Later(Trouble::Hangup { code: 1013, reason })
            }
            // 1001, "going away", is a server that stops and will be back, or another is.
            Self::Closed { code, reason } => Verdict::Again(Trouble::Hangup { code, reason }),
            Self::Refused(status @ (400 | 404)) => {
                Verdict::Never(Reason::Invalid(status.to_string()))
            }
            Self::Refused(401) => Verdict::Never(Reason::NeedsAuth),
            Self::Refused(403) => Verdict::Never(Reason::Forbidden),
            Self::Refused(status @ (429 | 503)) => Verdict::Later(Trouble::Refused(status)),
            Self::Refused(status) => Verdict::Again(Trouble::Refused(status)),
            Self::Broken(why) => Verdict::Again(Trouble::Unreachable(why)),
            Self::Address(why) => Verdict::Never(Reason::Address(why)),
        }
    }
}
