//! Who asks from where, when a proxy asks for somebody.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::upgrade::words;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies that are believed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proxies(Vec<IpNet>);

/// The address that a request came from. It is among the extensions of requests of which it is of
/// interest who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl Proxies {
    pub(crate) fn new(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self(networks.into_iter().collect())
    }

    /// The address that a request came from, which `peer` has passed on.
    ///
    /// Each proxy adds at the end whom it has heard. So it is read from there, as far as they are
    /// believed: what stands before, anybody may have written.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.has(client) {
            return client;
        }
        let named: Vec<_> = words(headers, FORWARDED_FOR).collect();
        for word in named.into_iter().rev() {
            let Some(address) = address(word) else { return client };
            client = address;
            if !self.has(client) {
                break;
            }
        }
        client
    }

    fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// An address, which some proxies write with the port.
fn address(word: &str) -> Option<IpAddr> {
    let with_port = || word.parse().map(|it: std::net::SocketAddr| it.ip());
    let address = word.parse().or_else(|_| with_port()).ok()?;
    Some(IpAddr::to_canonical(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(trusted: &[&str], peer: &str, named: &[&str], expected: &str) {
        let proxies = Proxies::new(trusted.iter().map(|it| it.parse().unwrap()));
        let mut headers = HeaderMap::new();
        for value in named {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let client = proxies.client(peer.parse().unwrap(), &headers);
        assert_eq!(client, expected.parse::<IpAddr>().unwrap(), "{named:?}");
    }

    #[test]
    fn nobody_is_believed_who_is_not_named() {
        check(&[], "10.0.0.1", &["1.2.3.4"], "10.0.0.1");
        check(&["10.0.0.0/8"], "11.0.0.1", &["1.2.3.4"], "11.0.0.1");
        check(&[], "127.0.0.1", &["1.2.3.4"], "127.0.0.1");
    }

    #[test]
    fn what_stands_before_the_last_that_is_no_proxy_is_not_believed() {
        check(&["10.0.0.0/8"], "10.0.0.1", &["1.2.3.4"], "1.2.3.4");
        check(&["10.0.0.0/8"], "::ffff:10.0.0.1", &["::ffff:1.2.3.4"], "1.2.3.4");
        check(&["10.0.0.0/8"], "10.0.0.1", &["127.0.0.1, 1.2.3.4"], "1.2.3.4");
        check(&["10.0.0.0/8"], "10.0.0.1", &["6.6.6.6", "1.2.3.4, 10.9.9.9"], "1.2.3.4");
        check(&["10.0.0.0/8"], "10.0.0.1", &["1.2.3.4:5678"], "1.2.3.4");
        check(&["10.0.0.0/8"], "10.0.0.1", &["1.2.3.4, nonsense"], "10.0.0.1");
        check(&["10.0.0.0/8"], "10.0.0.1", &[], "10.0.0.1");
        check(&["fd00::/8"], "fd00::1", &["2001:db8::7"], "2001:db8::7");
    }
}
