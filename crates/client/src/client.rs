//! Where the server is, and how to treat it.

use std::{sync::Arc, time::Duration};

use monoxide_protocol::Watched;

use crate::{
    Clock, Subscription,
    backoff::Backoff,
    bell::{Bell, Ear},
    platform::{self, Events},
};

/// Why a text is not the address of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It begins with something else than `http://` or `https://`.
    #[error("`{0}` has to begin with http:// or https://")]
    Scheme(String),
    /// What follows is not a host and a path.
    #[error("`{0}` has to be a scheme, a host and perhaps a path")]
    Malformed(String),
    /// The native half has no TLS. Talk to the server directly, or through a local proxy.
    #[error("`{0}` needs TLS, which this build of the client does not have")]
    Tls(String),
    /// There is no page whose address could be taken.
    #[error("there is no page around this program")]
    NoPage,
}

/// Where a server is, and how patiently it is called. Cloning is cheap.
///
/// ```
/// # use monoxide_client::Client;
/// let client = Client::new("http://127.0.0.1:8800")?;
/// let behind_a_proxy = Client::new("http://example.org/live/")?;
/// assert!(Client::new("127.0.0.1:8800").is_err(), "a scheme is needed");
/// # Ok::<(), monoxide_client::AddressError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    /// `ws://host/prefix`, without a slash at the end.
    base: Arc<str>,
    backoff: Backoff,
    bell: Arc<Bell>,
    /// Those that ring the bell.
    _events: Arc<Events>,
}

impl Client {
    /// A client of the server at `address`: `http` or `https`, a host, perhaps a path before
    /// all keys.
    ///
    /// # Errors
    ///
    /// [`AddressError`] says what is wrong with the address.
    pub fn new(address: &str) -> Result<Self, AddressError> {
        let base = socket_address(address)?.into();
        let bell = Arc::<Bell>::default();
        let _events = Arc::new(Events::ringing(&bell));
        Ok(Self { base, backoff: Backoff::default(), bell, _events })
    }

    /// A client of the server that the page around this program came from. Where it is under a path,
    /// the page says so (`<meta name="monoxide-base">`).
    ///
    /// # Errors
    ///
    /// [`AddressError`] outside a browser, or when the page did not come from a server.
    pub fn of_page() -> Result<Self, AddressError> {
        Self::new(&platform::page_address().ok_or(AddressError::NoPage)?)
    }

    /// Waits up to `base` before the second attempt, up to twice that before the third, and so
    /// on up to `cap`; the default is 250 ms and 30 s. The wait is random and at least a fifth
    /// of `base`, which is at least 5 ms. There is no last attempt.
    #[must_use]
    pub fn with_backoff(self, base: Duration, cap: Duration) -> Self {
        Self { backoff: Backoff::new(base, cap), ..self }
    }

    /// Keeps a copy of `what`. It connects when it is first polled.
    ///
    /// ```
    /// # use monoxide_client::Client;
    /// # use monoxide_protocol::{Glob, Watched};
    /// # let client = Client::new("http://127.0.0.1:8800")?;
    /// let books = client.subscribe(Glob::parse("books/*")?);
    /// let keys = client.subscribe(Watched::Keys);
    /// assert_eq!(keys.document(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn subscribe(&self, what: impl Into<Watched>) -> Subscription {
        Subscription::new(self, what.into().to_string())
    }

    /// Follows [how the server is](crate::monitor). It is for administrators.
    #[must_use]
    pub fn monitor(&self) -> Subscription {
        Subscription::new(self, "_monitor".to_owned())
    }

    /// Follows the server's clock. It connects when it is first polled.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock::new(self)
    }

    /// Ends all waiting: what is not connected tries it now, and a connection that was silent
    /// for five seconds is made anew.
    ///
    /// A page does this by itself when the network is back or somebody looks at it again. A
    /// native program may do it when the system tells it such things. It may be done too often:
    /// two attempts stay a second apart.
    pub fn wake(&self) {
        self.bell.ring();
    }

    /// Hears when the client is [woken](Self::wake).
    pub(crate) fn listen(&self) -> Arc<Ear> {
        self.bell.listen()
    }

    /// Where the socket for `path` is.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }

    /// Where `path` is over HTTP.
    pub(crate) fn page_address(&self, path: &str) -> String {
        // The base begins with `ws` or `wss`.
        let rest = self.base.strip_prefix("ws").unwrap_or(&self.base);
        format!("http{rest}/{path}")
    }

    pub(crate) fn backoff(&self) -> Backoff {
        self.backoff
    }
}

fn socket_address(address: &str) -> Result<String, AddressError> {
    let (scheme, rest) =
        address.split_once("://").ok_or_else(|| AddressError::Scheme(address.to_owned()))?;
    let scheme = match scheme {
        "http" | "ws" => "ws",
        "https" | "wss" if platform::HAS_TLS => "wss",
        "https" | "wss" => return Err(AddressError::Tls(address.to_owned())),
        _ => return Err(AddressError::Scheme(address.to_owned())),
    };
    let rest = rest.trim_end_matches('/');
    let odd = |c: char| c.is_whitespace() || c.is_control() || "?#@".contains(c);
    if rest.is_empty() || rest.starts_with('/') || rest.contains(odd) {
        return Err(AddressError::Malformed(address.to_owned()));
    }
    Ok(format!("{scheme}://{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_its_path_and_loses_its_last_slash() {
        for (given, expected) in [
            ("http://127.0.0.1:8800", "ws://127.0.0.1:8800"),
            ("http://[::1]:8800/", "ws://[::1]:8800"),
            ("ws://example.org/live/", "ws://example.org/live"),
        ] {
            assert_eq!(socket_address(given).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn sockets_and_requests_go_to_the_same_place() {
        let client = Client::new("http://example.org/live/").unwrap();
        assert_eq!(client.address("books/*"), "ws://example.org/live/books/*");
        assert_eq!(client.page_address("profile"), "http://example.org/live/profile");
    }

    #[test]
    fn an_address_without_scheme_or_host_is_refused() {
        for given in ["", "localhost", "ftp://localhost", "http://", "http:///x", "http://a?b"] {
            assert!(socket_address(given).is_err(), "{given}");
        }
    }
}
