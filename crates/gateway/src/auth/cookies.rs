//! The cookies that a browser keeps for us. No script can read them.

use axum::http::{HeaderMap, HeaderValue, header, uri::Authority};

use monoxide_identity::SignedIn;

use crate::base_path::BasePath;

/// For how long a browser keeps the cookie that refreshes, in seconds: as long as a session may be
/// unused.
const REFRESH: u64 = 30 * 24 * 60 * 60;

/// Where the cookie that refreshes is sent to, below the server's own path, and nowhere else.
const REFRESH_PATH: &str = "/authorize";

/// How cookies are kept.
#[derive(Debug, Clone)]
pub(crate) struct Cookies {
    /// They go over TLS only.
    pub(crate) secure: bool,
    /// Under which path the server is reached: browsers send them nowhere else.
    pub(crate) base: BasePath,
}

#[derive(Clone, Copy)]
enum What {
    Token,
    Refresh,
}

impl Cookies {
    /// What a cookie is called. What begins with these prefixes a browser takes over TLS only, and
    /// the first one from no other host and for the whole of it. A browser keeps cookies by host,
    /// for all its ports: so that servers do not take each other's away, the port that was asked for
    /// is a part of the name.
    fn name(&self, what: What, headers: &HeaderMap) -> String {
        let has_whole_host = self.base == BasePath::default();
        let name = match (what, self.secure) {
            (What::Token, false) => "monoxide",
            (What::Token, true) if has_whole_host => "__Host-monoxide",
            (What::Token, true) => "__Secure-monoxide",
            (What::Refresh, false) => "monoxide-refresh",
            (What::Refresh, true) => "__Secure-monoxide-refresh",
        };
        let host = headers.get(header::HOST).and_then(|it| Authority::try_from(it.as_bytes()).ok());
        match host.and_then(|host| host.port_u16()) {
            Some(port) => format!("{name}-{port}"),
            None => name.to_owned(),
        }
    }

    /// The token that came as a cookie.
    pub(super) fn token<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        self.find(headers, What::Token)
    }

    /// The refresh token that came as a cookie.
    pub(super) fn refresh<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        self.find(headers, What::Refresh)
    }

    fn find<'a>(&self, headers: &'a HeaderMap, what: What) -> Option<&'a str> {
        if !headers.contains_key(header::COOKIE) {
            return None;
        }
        let name = self.name(what, headers);
        let values = headers.get_all(header::COOKIE).into_iter().filter_map(|it| it.to_str().ok());
        let mut pairs = values.flat_map(|value| value.split(';'));
        pairs.find_map(|pair| {
            let (it, value) = pair.trim().split_once('=')?;
            (it == name && !value.is_empty()).then_some(value)
        })
    }

    /// Has the browser that asked keep the tokens.
    pub(super) fn keep(
        &self,
        answer: &mut HeaderMap,
        asked: &HeaderMap,
        signed_in: &SignedIn,
        now: u64,
    ) {
        let lifetime = signed_in.expires.saturating_sub(now);
        self.set(answer, asked, What::Token, &signed_in.token, lifetime);
        self.set(answer, asked, What::Refresh, &signed_in.refresh.expose(), REFRESH);
    }

    /// Has the browser that asked forget them.
    pub(super) fn forget(&self, answer: &mut HeaderMap, asked: &HeaderMap) {
        self.set(answer, asked, What::Token, "", 0);
        self.set(answer, asked, What::Refresh, "", 0);
    }

    fn set(&self, answer: &mut HeaderMap, asked: &HeaderMap, what: What, value: &str, age: u64) {
        let path = match what {
            What::Token if self.base == BasePath::default() => "/".to_owned(),
            What::Token => self.base.to_string(),
            What::Refresh => format!("{}{REFRESH_PATH}", self.base),
        };
        let name = self.name(what, asked);
        let secure = if self.secure { "; Secure" } else { "" };
        let cookie = format!(
            "{name}={value}; Path={path}; Max-Age={age}; HttpOnly; SameSite=Strict{secure}"
        );
        // Tokens consist of characters that a header may have.
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            answer.append(header::SET_COOKIE, cookie);
        }
    }
}
