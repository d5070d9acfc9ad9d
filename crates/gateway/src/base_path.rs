//! What stands before every path, where the server is a part of a larger site.

use std::{fmt, str::FromStr, sync::Arc};

use axum::http::{Uri, uri::PathAndQuery};

/// The path under which a server is reached, such as `/tools/state`; the default is the root.
///
/// ```
/// # use monoxide_gateway::BasePath;
/// let base: BasePath = "/tools/state/".parse()?;
/// assert_eq!(base.as_str(), "/tools/state");
/// assert!("tools".parse::<BasePath>().is_err(), "it begins with a slash");
/// # Ok::<(), monoxide_gateway::BasePathError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BasePath(Arc<str>);

/// Why a text is no path for a server to be under.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BasePathError {
    /// It does not begin with a slash.
    #[error("`{0}` has to begin with a slash")]
    Relative(String),
    /// Two slashes follow each other, or a segment is `.` or `..`.
    #[error("`{0}` has a segment that is empty or made of dots")]
    Segment(String),
    /// A segment begins as the server's own addresses do.
    #[error("`{0}` has a segment that begins with `_`, as the server's own addresses do")]
    Own(String),
    /// It has a character that browsers would write otherwise.
    #[error("`{text}` has the character `{found}`; it may have letters, digits, `-`, `.` and `_`")]
    Character {
        /// The whole.
        text: String,
        /// The character.
        found: char,
    },
}

impl FromStr for BasePath {
    type Err = BasePathError;

    fn from_str(text: &str) -> Result<Self, BasePathError> {
        let path = text.strip_suffix('/').unwrap_or(text);
        if path.is_empty() {
            return Ok(Self::default());
        }
        let whole = || text.to_owned();
        let rest = path.strip_prefix('/').ok_or_else(|| BasePathError::Relative(whole()))?;
        let is_odd = |c: &char| !(c.is_ascii_alphanumeric() || "-._/".contains(*c));
        if let Some(found) = rest.chars().find(is_odd) {
            return Err(BasePathError::Character { text: whole(), found });
        }
        for segment in rest.split('/') {
            if segment.chars().all(|c| c == '.') {
                return Err(BasePathError::Segment(whole()));
            }
            if segment.starts_with('_') {
                return Err(BasePathError::Own(whole()));
            }
        }
        Ok(Self(path.into()))
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl BasePath {
    /// The path, without a slash at its end; nothing for the root.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes it away from the front of an address, if it is there: some proxies pass it on, and
    /// some do not.
    pub(crate) fn strip(&self, uri: &mut Uri) {
        if self.0.is_empty() {
            return;
        }
        let Some(rest) = uri.path().strip_prefix(&*self.0) else { return };
        if !(rest.is_empty() || rest.starts_with('/')) {
            return;
        }
        let path = if rest.is_empty() { "/" } else { rest };
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut parts = uri.clone().into_parts();
        // A part of an address is one.
        if let Ok(path) = PathAndQuery::try_from(format!("{path}{query}")) {
            parts.path_and_query = Some(path);
            *uri = Uri::from_parts(parts).unwrap_or_else(|_| uri.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(base: &str, given: &str, expected: &str) {
        let mut uri: Uri = given.parse().unwrap();
        base.parse::<BasePath>().unwrap().strip(&mut uri);
        assert_eq!(uri, expected.parse::<Uri>().unwrap(), "{given} under {base}");
    }

    #[test]
    fn the_path_is_taken_away_once_and_only_as_whole_segments() {
        check("/tools/state", "/tools/state", "/");
        check("/tools/state", "/tools/state/", "/");
        check("/tools/state", "/tools/state?api=info", "/?api=info");
        check("/tools/state", "/tools/state/books/*?x=%20", "/books/*?x=%20");
        check("/tools/state", "/tools/state/tools/state/x", "/tools/state/x");
        check("/tools/state", "/tools/stately", "/tools/stately");
        check("/tools/state", "/tools/state*", "/tools/state*");
        check("/tools/state", "/books/dune", "/books/dune");
        check("/tools/state", "http://host/tools/state/a", "http://host/a");
        check("/", "/tools/state", "/tools/state");
    }

    #[test]
    fn what_cannot_be_a_path_is_refused() {
        for given in [
            "tools", "//", "/a//b", "/a/../b", "/.", "/_ui", "/a/_b", "/a b", "/ä", "/a?b",
            "/a%20", "/a\"b",
        ] {
            assert!(given.parse::<BasePath>().is_err(), "{given}");
        }
        for given in ["", "/", "/a", "/a.b-c_d/E9/"] {
            assert!(given.parse::<BasePath>().is_ok(), "{given}");
        }
    }
}
