//! A JSON value as text, checked once.

use std::{borrow::Cow, fmt, str::Chars};

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

/// How deep arrays and objects may be nested.
const DEPTH: usize = 128;

/// How deep a whole message may be: data, in an object, in a list, in a message.
const MESSAGE_DEPTH: usize = DEPTH + 8;

/// Names of members that mean something else to `serde_json`.
const RESERVED: [&str; 2] = ["$serde_json::private::Number", "$serde_json::private::RawValue"];

/// Why bytes are not JSON that can be stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// There is nothing, or nothing but blanks.
    #[error("there is no value")]
    Empty,
    /// The bytes are not one JSON value by RFC 8259.
    #[error(transparent)]
    Syntax(#[from] serde_json::Error),
    /// Arrays and objects are nested deeper than 128.
    #[error("the value is nested deeper than {DEPTH}")]
    TooDeep,
    /// A `\ud800` without its other half: it names no character, and many readers fail on it.
    #[error("a string has half of a surrogate pair (RFC 7493, 2.1)")]
    Surrogate,
    /// A member has one of the names by which `serde_json` hands numbers and raw text around. It
    /// would take the member for one, so no Rust client could read what the server says.
    #[error("a member may not be called `{0}`")]
    Reserved(&'static str),
}

/// One JSON value, valid, compact and bounded in depth.
///
/// It is kept as text, so member order, duplicate members and the digits of numbers stay as they
/// were written. `<`, `>`, `&`, U+2028 and U+2029 are escaped, so the text may stand in a script.
///
/// ```
/// # use monoxide_protocol::Json;
/// let json = Json::parse(br#" { "b": 1.10, "a": "<" } "#)?;
/// assert_eq!(json.as_str(), r#"{"b":1.10,"a":"\u003c"}"#);
/// assert!(Json::parse(b"{'a': 1}").is_err());
/// # Ok::<(), monoxide_protocol::JsonError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Json(Box<str>);

impl Json {
    /// Checks `bytes` and writes them down compactly.
    ///
    /// # Errors
    ///
    /// [`JsonError`] says what is wrong with them.
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        if bytes.iter().all(|byte| b" \t\r\n".contains(byte)) {
            return Err(JsonError::Empty);
        }
        let checked: &RawValue = serde_json::from_slice(bytes)?;
        compact(checked.get()).map(|text| Self(text.into()))
    }

    /// Takes back a text that [`as_str`](Self::as_str) gave, such as one that was on a disk with
    /// its checksum. It is not checked again: with any other text, readers would be told what is
    /// not JSON.
    #[must_use]
    pub fn from_checked(text: &str) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value as a tree, as far as a tree can hold it: the last of duplicate members stays.
    #[must_use]
    pub fn to_value(&self) -> Value {
        from_text(&self.0).unwrap_or_default()
    }

    /// The value as a tree, or `None` when a tree would lose some of its members, because they
    /// have the same name. In the tree an exponent has a sign: `1E3` is `1e+3`.
    #[must_use]
    pub fn to_exact_value(&self) -> Option<Value> {
        let value = from_text(&self.0).ok()?;
        (members(&value) == colons(&self.0)).then_some(value)
    }
}

impl TryFrom<&Value> for Json {
    type Error = JsonError;

    /// The tree as text; an error when it is too deep, or has a member of a reserved name.
    fn try_from(value: &Value) -> Result<Self, JsonError> {
        Self::parse(value.to_string().as_bytes())
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get().as_bytes()).map_err(serde::de::Error::custom)
    }
}

/// Reads a message, which may be a little deeper than serde's own limit of 127.
pub(crate) fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    let mut depth = 0_usize;
    let too_deep = outside_strings(text).any(|(_, byte)| {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MESSAGE_DEPTH
    });
    if too_deep {
        return Err(serde::de::Error::custom(JsonError::TooDeep));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    // The stack is safe: how deep the text goes was counted above.
    reader.disable_recursion_limit();
    let value = T::deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// How many members all objects in the tree have together.
fn members(value: &Value) -> usize {
    match value {
        Value::Object(map) => map.len() + map.values().map(members).sum::<usize>(),
        Value::Array(list) => list.iter().map(members).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// How many members all objects in valid JSON have together, duplicates included.
fn colons(text: &str) -> usize {
    outside_strings(text).filter(|&(_, byte)| byte == b':').count()
}

/// The text without what opens and closes it: quotes, brackets or braces.
pub(crate) fn inside(text: &str) -> &str {
    text.get(1..text.len() - 1).unwrap_or_default()
}

/// What a string of valid JSON says.
pub(crate) fn unquote(string: &str) -> Cow<'_, str> {
    if string.contains('\\') {
        Cow::Owned(serde_json::from_str(string).unwrap_or_default())
    } else {
        Cow::Borrowed(inside(string))
    }
}

/// The bytes of valid JSON that are not inside a string, and where they are.
pub(crate) fn outside_strings(text: &str) -> impl Iterator<Item = (usize, u8)> {
    let (mut quoted, mut escaped) = (false, false);
    text.bytes().enumerate().filter(move |&(_, byte)| {
        if quoted {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
            return false;
        }
        quoted = byte == b'"';
        !quoted
    })
}

/// Writes valid JSON without blanks, with everything escaped that could end a script.
fn compact(text: &str) -> Result<String, JsonError> {
    let mut out = String::with_capacity(text.len());
    let mut depth = 0_usize;
    let mut chars = text.chars();
    loop {
        copy_until(&mut chars, &mut out, &BETWEEN);
        let Some(c) = chars.next() else { return Ok(out) };
        match c {
            ' ' | '\t' | '\r' | '\n' => continue,
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH {
            return Err(JsonError::TooDeep);
        }
        let from = out.len();
        out.push(c);
        if c == '"' {
            string(&mut chars, &mut out)?;
            if chars.as_str().trim_start().starts_with(':') {
                check_name(out.get(from..).unwrap_or_default())?;
            }
        }
    }
}

/// What is looked at between strings.
const BETWEEN: Bytes = these(b" \t\r\n[]{}\"");

/// What is looked at within strings. The line separators' first byte is that of others, too.
const WITHIN: Bytes = these(b"\"\\<>&\xe2");

/// Some of all bytes.
type Bytes = [bool; 256];

const fn these(mut bytes: &[u8]) -> Bytes {
    let mut these = [false; 256];
    while let [first, rest @ ..] = bytes {
        these[*first as usize] = true;
        bytes = rest;
    }
    these
}

/// Copies what comes before the next of these bytes, each of which begins a character.
fn copy_until(chars: &mut Chars<'_>, out: &mut String, bytes: &Bytes) {
    let text = chars.as_str();
    let found = text.bytes().position(|byte| bytes.get(usize::from(byte)) == Some(&true));
    let end = found.unwrap_or(text.len());
    let (plain, rest) = text.split_at(end);
    out.push_str(plain);
    *chars = rest.chars();
}

fn check_name(quoted: &str) -> Result<(), JsonError> {
    let name = unquote(quoted);
    match RESERVED.into_iter().find(|reserved| *reserved == name) {
        Some(reserved) => Err(JsonError::Reserved(reserved)),
        None => Ok(()),
    }
}

/// Copies the rest of a string, its closing quote included.
fn string(chars: &mut Chars<'_>, out: &mut String) -> Result<(), JsonError> {
    loop {
        copy_until(chars, out, &WITHIN);
        let Some(c) = chars.next() else { return Ok(()) };
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            '"' => {
                out.push('"');
                return Ok(());
            }
            '\\' => escape(chars, out)?,
            other => out.push(other),
        }
    }
}

/// Copies what stands behind a backslash.
fn escape(chars: &mut Chars<'_>, out: &mut String) -> Result<(), JsonError> {
    let from = chars.as_str();
    let mut length = 1;
    if chars.next() == Some('u') {
        length = 5;
        match code_unit(chars) {
            0xd800..=0xdbff => {
                let low = chars.next() == Some('\\') && chars.next() == Some('u');
                if !(low && matches!(code_unit(chars), 0xdc00..=0xdfff)) {
                    return Err(JsonError::Surrogate);
                }
                length = 11;
            }
            0xdc00..=0xdfff => return Err(JsonError::Surrogate),
            _ => {}
        }
    }
    out.push('\\');
    out.push_str(from.get(..length).unwrap_or_default());
    Ok(())
}

/// Reads four hexadecimal digits.
fn code_unit(chars: &mut Chars<'_>) -> u32 {
    chars.by_ref().take(4).fold(0, |unit, c| unit * 16 + c.to_digit(16).unwrap_or_default())
}
