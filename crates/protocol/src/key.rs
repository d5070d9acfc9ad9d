//! Names of objects, and patterns over those names.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::Version;

/// Why a piece of text is not a [`Key`], a [`Glob`] or a [`Target`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is empty.
    #[error("a key may not be empty")]
    Empty,
    /// The text has a character outside `a-z A-Z 0-9 - _ . / *`.
    #[error("`{}` has the character `{}`, which a key may not have", .text.escape_debug(), .found.escape_debug())]
    Character {
        /// The whole text.
        text: String,
        /// The first character that is not allowed.
        found: char,
    },
    /// The text begins or ends with something else than a letter, a digit or a whole star.
    #[error("`{0}` has to begin and end with a letter or a digit")]
    Edge(String),
    /// Two slashes meet.
    #[error("`{0}` has an empty segment")]
    EmptySegment(String),
    /// A segment is `.` or `..`, which proxies and browsers take for a direction.
    #[error("`{0}` has a segment of dots")]
    DotSegment(String),
    /// A star stands beside something else in its segment.
    #[error("`{0}` has a star that is not a whole segment")]
    PartialGlob(String),
    /// A star stands where only the name of one object will do.
    #[error("`{0}` is a pattern, not a key")]
    Star(String),
    /// A write names a list whose star is not at the end.
    #[error("`{0}` has a star before its end, so nothing can be pushed to it")]
    StarNotLast(String),
    /// A write names a list with several stars.
    #[error("`{0}` has several stars, so nothing can be pushed to it")]
    SeveralStars(String),
}

/// The name of one object, such as `books/dune`.
///
/// A `Key` is checked when it is made, so code that holds one never checks it again. It is made
/// of segments with a `/` between them, letters, digits, `-`, `_` and `.`, and begins and ends
/// with a letter or a digit. Cloning shares the text.
///
/// ```
/// # use monoxide_protocol::Key;
/// let key = Key::parse("books/dune")?;
/// assert_eq!(key.index(), "dune");
/// assert_eq!(key.list().map(|list| list.to_string()).as_deref(), Some("books/*"));
/// assert!(Key::parse("_books").is_err(), "what begins with `_` is the server's");
/// # Ok::<(), monoxide_protocol::KeyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(Arc<str>);

impl Key {
    /// Reads a key.
    ///
    /// # Errors
    ///
    /// Says what is wrong with `text` when it is not a key. A pattern is not a key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Glob::parse(text)?.as_key().ok_or_else(|| KeyError::Star(text.to_owned()))
    }

    /// The key as it is written on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same text, shared.
    #[must_use]
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// The names between the slashes; at least one.
    pub fn segments(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.split('/')
    }

    /// The last segment: what the object is called in its list.
    #[must_use]
    pub fn index(&self) -> &str {
        self.0.rsplit_once('/').map_or(&self.0, |(_, index)| index)
    }

    /// The list that the key is in, or `None` for a key of one segment, which stands alone.
    #[must_use]
    pub fn list(&self) -> Option<Glob> {
        self.0.rsplit_once('/').map(|(parent, _)| Glob(format!("{parent}/*").into()))
    }
}

/// A key, or a pattern of keys: each `*` stands for exactly one whole segment.
///
/// A glob without a star names one object; with a star it names a list.
///
/// ```
/// # use monoxide_protocol::{Glob, Key};
/// let posts = Glob::parse("users/*/posts/*")?;
/// assert!(posts.matches(&Key::parse("users/ann/posts/1")?));
/// assert!(!posts.matches(&Key::parse("users/ann/posts")?), "depth has to be the same");
/// assert!(Glob::parse("book*").is_err(), "a star is a whole segment");
/// # Ok::<(), monoxide_protocol::KeyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Glob(Arc<str>);

impl Glob {
    /// Reads a glob.
    ///
    /// # Errors
    ///
    /// Says what is wrong with `text` when it is not a glob.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        check_letters(text)?;
        check_stars(text)?;
        Ok(Self(text.into()))
    }

    /// The glob as it is written on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names and stars between the slashes; at least one.
    pub fn segments(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.split('/')
    }

    /// Whether this glob has a star, and so names a list.
    #[must_use]
    pub fn is_list(&self) -> bool {
        self.0.contains('*')
    }

    /// The key that this glob is, when it has no star.
    #[must_use]
    pub fn as_key(&self) -> Option<Key> {
        (!self.is_list()).then(|| Key(Arc::clone(&self.0)))
    }

    /// Whether `key` is one of the keys this glob names.
    #[must_use]
    pub fn matches(&self, key: &Key) -> bool {
        covers(self.segments(), key.segments())
    }

    /// Whether this glob names every key that `other` names.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        covers(self.segments(), other.segments())
    }
}

impl From<Key> for Glob {
    fn from(key: Key) -> Self {
        Self(key.0)
    }
}

/// A list that can be pushed to: a glob whose one star is its last segment, such as `books/*`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct List(Glob);

impl List {
    /// The key of the object that is pushed at `version`: the star becomes its hexadecimal text.
    #[must_use]
    pub fn key(&self, version: Version) -> Key {
        let parent = self.0.as_str().trim_end_matches('*');
        Key(format!("{parent}{version}").into())
    }

    /// The list as a pattern.
    #[must_use]
    pub fn glob(&self) -> &Glob {
        &self.0
    }
}

/// What a write names: one object to set, or a list to push to.
///
/// ```
/// # use monoxide_protocol::{KeyError, Target};
/// assert!(matches!(Target::parse("books/dune")?, Target::Object(_)));
/// assert!(matches!(Target::parse("books/*")?, Target::List(_)));
/// assert!(matches!(Target::parse("*/dune"), Err(KeyError::StarNotLast(_))));
/// # Ok::<(), KeyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Set this object.
    Object(Key),
    /// Push a new object to this list.
    List(List),
}

impl Target {
    /// Reads what a write names.
    ///
    /// # Errors
    ///
    /// Says what is wrong with `text`, also when it is a glob that nothing can be pushed to.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        check_letters(text)?;
        // Where the star stands is said before whether it is whole, as ooo does.
        match text.bytes().filter(|&byte| byte == b'*').count() {
            0 => {}
            1 if !text.ends_with('*') => return Err(KeyError::StarNotLast(text.to_owned())),
            1 => {}
            _ => return Err(KeyError::SeveralStars(text.to_owned())),
        }
        check_stars(text)?;
        let glob = Glob(text.into());
        Ok(glob.as_key().map_or_else(|| Self::List(List(glob)), Self::Object))
    }
}

fn covers<'a>(
    mut pattern: impl Iterator<Item = &'a str>,
    mut names: impl Iterator<Item = &'a str>,
) -> bool {
    loop {
        match (pattern.next(), names.next()) {
            (None, None) => return true,
            (Some(want), Some(name)) if want == "*" || want == name => {}
            _ => return false,
        }
    }
}

/// Checks everything that is the same for keys and globs.
fn check_letters(text: &str) -> Result<(), KeyError> {
    if text.is_empty() {
        return Err(KeyError::Empty);
    }
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_./*".contains(byte);
    // All that is allowed is ASCII, so what is not begins a character.
    let from = text.bytes().position(|byte| !allowed(&byte));
    if let Some(found) = from.and_then(|from| text.get(from..)?.chars().next()) {
        return Err(KeyError::Character { text: text.to_owned(), found });
    }
    let edge = |c: char| c.is_ascii_alphanumeric() || c == '*';
    if !(text.starts_with(edge) && text.ends_with(edge)) {
        return Err(KeyError::Edge(text.to_owned()));
    }
    if text.as_bytes().windows(2).any(|two| two == b"**") {
        return Err(KeyError::PartialGlob(text.to_owned()));
    }
    for segment in segments(text) {
        match segment {
            b"" => return Err(KeyError::EmptySegment(text.to_owned())),
            b"." | b".." => return Err(KeyError::DotSegment(text.to_owned())),
            _ => {}
        }
    }
    Ok(())
}

fn check_stars(text: &str) -> Result<(), KeyError> {
    if segments(text).any(|segment| segment.contains(&b'*') && segment != b"*") {
        return Err(KeyError::PartialGlob(text.to_owned()));
    }
    Ok(())
}

/// As bytes: most are so short that looking for a slash as text costs more than they do.
fn segments(text: &str) -> impl Iterator<Item = &[u8]> {
    text.as_bytes().split(|&byte| byte == b'/')
}

macro_rules! text_newtype {
    ($($name:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = KeyError;
            fn try_from(text: String) -> Result<Self, KeyError> {
                Self::parse(&text)
            }
        }
        impl std::str::FromStr for $name {
            type Err = KeyError;
            fn from_str(text: &str) -> Result<Self, KeyError> {
                Self::parse(text)
            }
        }
        impl From<$name> for String {
            fn from(it: $name) -> Self {
                it.0.as_ref().to_owned()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}
text_newtype!(Key, Glob);
