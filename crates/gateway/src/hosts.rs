//! By which names people may reach this server.
//!
//! A page of somebody else can have its own name lead to this machine, and is then, for browsers,
//! of the same origin. What it cannot do is send another name than its own.

use std::net::IpAddr;

use axum::{
    extract::Request,
    http::{header, uri::Authority},
};

/// The names, in small letters; `None` when any is fine.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts(Option<Vec<String>>);

impl Hosts {
    pub(crate) fn new(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let bare = |name: String| match name.parse() {
            Ok(IpAddr::V6(address)) => format!("[{address}]"),
            _ => name.to_ascii_lowercase(),
        };
        Self(Some(names.into_iter().map(Into::into).map(bare).collect()))
    }

    /// Whether a request is for one of them, on whatever port.
    pub(crate) fn allow(&self, request: &Request) -> bool {
        let Some(names) = &self.0 else { return true };
        let mut named = request.headers().get_all(header::HOST).iter();
        let host = named.next().and_then(|host| Authority::try_from(host.as_bytes()).ok());
        let (Some(host), None) = (host, named.next()) else { return false };
        let is_listed = |host: &Authority| {
            let host = host.host();
            names.iter().any(|name| name.eq_ignore_ascii_case(host)) || self.any_address(host)
        };
        is_listed(&host) && request.uri().authority().is_none_or(is_listed)
    }

    /// Who listens on all addresses is reached by any of them. An address is nobody's name.
    fn any_address(&self, host: &str) -> bool {
        let is_listed = |name: &str| self.0.iter().flatten().any(|it| it == name);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        (is_listed("0.0.0.0") || is_listed("[::]")) && host.parse::<IpAddr>().is_ok()
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};

    use super::*;

    #[track_caller]
    fn check(names: &[&str], host: &str, expected: bool) {
        let request = Request::get("/a").header("host", host).body(Body::empty()).unwrap();
        assert_eq!(Hosts::new(names.iter().copied()).allow(&request), expected, "{host}");
    }

    #[test]
    fn a_name_is_listed_or_refused() {
        let names = ["App.example", "127.0.0.1", "::1"];
        check(&names, "app.example", true);
        check(&names, "APP.example:8800", true);
        check(&names, "127.0.0.1:1", true);
        check(&names, "[::1]:8800", true);
        for other in ["evil.example", "app.example.evil", "", "a b", "127.0.0.2", "[::2]"] {
            check(&names, other, false);
        }
        check(&["0.0.0.0"], "192.0.2.7:8800", true);
        check(&["::"], "[2001:db8::7]", true);
        check(&["0.0.0.0"], "evil.example", false);
    }

    #[test]
    fn there_is_one_name_and_the_address_agrees_with_it() {
        let hosts = Hosts::new(["a.example"]);
        let request = |uri: &str, names: &[&str]| {
            let request = names.iter().fold(Request::get(uri), |it, name| it.header("host", *name));
            hosts.allow(&request.body(Body::empty()).unwrap())
        };
        assert!(request("/", &["a.example"]));
        assert!(!request("/", &[]));
        assert!(!request("/", &["a.example", "a.example"]));
        assert!(!request("http://evil.example/", &["a.example"]));
        assert!(request("http://a.example:80/", &["a.example"]));
    }
}
