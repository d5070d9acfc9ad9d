//! The cookies that a browser keeps for us. No script can read them.

use axum::http::{HeaderMap, HeaderValue, header};

use monoxide_identity::SignedIn;

/// For how long a browser keeps the cookie that refreshes, in seconds: as long as a session may be
/// unused.
const REFRESH: u64 = 30 * 24 * 60 * 60;

/// Where the cookie that refreshes is sent to, and nowhere else.
const REFRESH_PATH: &str = "/authorize";

/// What begins with these names a browser takes over TLS only, and from no other host.
fn names(secure: bool) -> (&'static str, &'static str) {
    if secure {
        ("__Host-monoxide", "__Secure-monoxide-refresh")
    } else {
        ("monoxide", "monoxide-refresh")
    }
}

/// The token that came as a cookie.
pub(super) fn token(headers: &HeaderMap, secure: bool) -> Option<&str> {
    find(headers, names(secure).0)
}

/// The refresh token that came as a cookie.
pub(super) fn refresh(headers: &HeaderMap, secure: bool) -> Option<&str> {
    find(headers, names(secure).1)
}

fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers.get_all(header::COOKIE).into_iter().filter_map(|it| it.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';'));
    pairs.find_map(|pair| {
        let (it, value) = pair.trim().split_once('=')?;
        (it == name && !value.is_empty()).then_some(value)
    })
}

/// Has a browser keep the tokens.
pub(super) fn keep(headers: &mut HeaderMap, signed_in: &SignedIn, secure: bool, now: u64) {
    let (token, refresh) = names(secure);
    let lifetime = signed_in.expires.saturating_sub(now);
    set(headers, token, &signed_in.token, "/", lifetime, secure);
    set(headers, refresh, &signed_in.refresh.expose(), REFRESH_PATH, REFRESH, secure);
}

/// Has a browser forget them.
pub(super) fn forget(headers: &mut HeaderMap, secure: bool) {
    let (token, refresh) = names(secure);
    set(headers, token, "", "/", 0, secure);
    set(headers, refresh, "", REFRESH_PATH, 0, secure);
}

fn set(headers: &mut HeaderMap, name: &str, value: &str, path: &str, age: u64, secure: bool) {
    let secure = if secure { "; Secure" } else { "" };
    let cookie =
        format!("{name}={value}; Path={path}; Max-Age={age}; HttpOnly; SameSite=Strict{secure}");
    // Tokens consist of characters that a header may have.
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        headers.append(header::SET_COOKIE, cookie);
    }
}
