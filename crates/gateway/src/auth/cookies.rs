//! The cookies that a browser keeps for us. No script can read them.

use axum::http::{HeaderMap, HeaderValue, header, uri::Authority};

use monoxide_identity::SignedIn;

/// For how long a browser keeps the cookie that refreshes, in seconds: as long as a session may be
/// unused.
const REFRESH: u64 = 30 * 24 * 60 * 60;

/// Where the cookie that refreshes is sent to, and nowhere else.
const REFRESH_PATH: &str = "/authorize";

/// What a cookie is called. What begins with these prefixes a browser takes over TLS only, and the
/// first one from no other host. A browser keeps cookies by host, for all its ports: so that servers
/// do not take each other's away, the port that was asked for is a part of the name.
fn name(base: Base, headers: &HeaderMap, secure: bool) -> String {
    let base = match (base, secure) {
        (Base::Token, false) => "monoxide",
        (Base::Token, true) => "__Host-monoxide",
        (Base::Refresh, false) => "monoxide-refresh",
        (Base::Refresh, true) => "__Secure-monoxide-refresh",
    };
    let host = headers.get(header::HOST).and_then(|it| Authority::try_from(it.as_bytes()).ok());
    match host.and_then(|host| host.port_u16()) {
        Some(port) => format!("{base}-{port}"),
        None => base.to_owned(),
    }
}

#[derive(Clone, Copy)]
enum Base {
    Token,
    Refresh,
}

/// The token that came as a cookie.
pub(super) fn token(headers: &HeaderMap, secure: bool) -> Option<&str> {
    find(headers, Base::Token, secure)
}

/// The refresh token that came as a cookie.
pub(super) fn refresh(headers: &HeaderMap, secure: bool) -> Option<&str> {
    find(headers, Base::Refresh, secure)
}

fn find(headers: &HeaderMap, base: Base, secure: bool) -> Option<&str> {
    if !headers.contains_key(header::COOKIE) {
        return None;
    }
    let name = name(base, headers, secure);
    let values = headers.get_all(header::COOKIE).into_iter().filter_map(|it| it.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';'));
    pairs.find_map(|pair| {
        let (it, value) = pair.trim().split_once('=')?;
        (it == name && !value.is_empty()).then_some(value)
    })
}

/// Has the browser that asked keep the tokens.
pub(super) fn keep(
    answer: &mut HeaderMap,
    asked: &HeaderMap,
    signed_in: &SignedIn,
    secure: bool,
    now: u64,
) {
    let lifetime = signed_in.expires.saturating_sub(now);
    set(answer, asked, Base::Token, &signed_in.token, lifetime, secure);
    set(answer, asked, Base::Refresh, &signed_in.refresh.expose(), REFRESH, secure);
}

/// Has the browser that asked forget them.
pub(super) fn forget(answer: &mut HeaderMap, asked: &HeaderMap, secure: bool) {
    set(answer, asked, Base::Token, "", 0, secure);
    set(answer, asked, Base::Refresh, "", 0, secure);
}

fn set(answer: &mut HeaderMap, asked: &HeaderMap, base: Base, value: &str, age: u64, secure: bool) {
    let path = match base {
        Base::Token => "/",
        Base::Refresh => REFRESH_PATH,
    };
    let name = name(base, asked, secure);
    let secure = if secure { "; Secure" } else { "" };
    let cookie =
        format!("{name}={value}; Path={path}; Max-Age={age}; HttpOnly; SameSite=Strict{secure}");
    // Tokens consist of characters that a header may have.
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        answer.append(header::SET_COOKIE, cookie);
    }
}
