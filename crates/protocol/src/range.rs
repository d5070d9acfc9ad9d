//! A part of a list, as somebody asks for it.

use std::{fmt, num::NonZeroUsize, str::FromStr};

use crate::{Glob, KeyError};

/// Some objects of a list: those at certain positions, in a certain order, of those in which
/// certain words stand.
///
/// Both ends write it as parameters of a query.
///
/// ```
/// # use monoxide_protocol::{Glob, Range};
/// let range = Range { find: "dune 2".to_owned(), ..Range::of(Glob::parse("books/*")?) };
/// assert_eq!(range.to_string(), "key=books/*&from=0&limit=100&find=dune%202");
/// # Ok::<(), monoxide_protocol::KeyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The list.
    pub glob: Glob,
    /// How many objects come before it.
    pub from: usize,
    /// How many objects there are in it at most.
    pub limit: usize,
    /// The order; that of the list if none.
    pub order: Option<Order>,
    /// Words, each of which stands in the key or a value; of upper and lower case alike.
    pub find: String,
    /// Which values of the data are wanted, by JSON Pointers; all of the data if none.
    pub pick: Option<Vec<String>>,
}

/// An order of objects.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Order {
    /// What is compared.
    pub by: By,
    /// Whether the largest comes first. What has no such value comes last all the same.
    pub is_descending: bool,
}

/// What is compared of objects.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum By {
    /// When they were made.
    Created,
    /// When they were written last.
    Updated,
    /// Their keys.
    Key,
    /// The value of their data at a JSON Pointer.
    Data(String),
}

/// Why parameters name no range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RangeError {
    /// `key` is missing, or no list.
    #[error("`key` has to be a list, such as `books/*`")]
    NoList,
    /// `key` is not a pattern.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A number is none.
    #[error("`{0}` has to be a number, and `limit` at least 1")]
    Number(&'static str),
    /// The order is none.
    #[error(
        "`sort` has to be `created`, `updated`, `key` or a JSON Pointer such as `/title`, with `-` \
         before it for descending"
    )]
    Order,
    /// The words are too many.
    #[error("`find` may have {MOST_FIND} bytes at most")]
    Find,
    /// What is picked is not a JSON Pointer, or there are too many of them.
    #[error("`pick` has to be JSON Pointers with commas between them, {MOST_PICKED} at most")]
    Pick,
}

/// How many bytes the words may have.
const MOST_FIND: usize = 1024;

/// How many values may be picked.
const MOST_PICKED: usize = 100;

impl Range {
    /// How many objects there are in a range that does not say it.
    pub const LIMIT: usize = 100;

    /// How many objects there are in a range at most.
    pub const MOST: usize = 1000;

    /// The first objects of `glob`, in its order.
    #[must_use]
    pub fn of(glob: Glob) -> Self {
        Self { glob, from: 0, limit: Self::LIMIT, order: None, find: String::new(), pick: None }
    }

    /// Reads the parameters of a query, decoded. Those that are empty are as if they were not
    /// there, but for `pick`; and a limit over [`MOST`](Self::MOST) is that.
    ///
    /// # Errors
    ///
    /// [`RangeError`] says which one is wrong.
    pub fn read<'a>(parameter: impl Fn(&str) -> Option<&'a str>) -> Result<Self, RangeError> {
        let given = |name| parameter(name).filter(|text| !text.is_empty());
        let glob = Glob::parse(given("key").ok_or(RangeError::NoList)?)?;
        if !glob.is_list() {
            return Err(RangeError::NoList);
        }
        let from = given("from").map_or(Ok(0), str::parse);
        let from = from.map_err(|_| RangeError::Number("from"))?;
        let limit = given("limit").map(str::parse::<NonZeroUsize>).transpose();
        let limit = limit.map_err(|_| RangeError::Number("limit"))?;
        let limit = limit.map_or(Self::LIMIT, NonZeroUsize::get).min(Self::MOST);
        let order = given("sort").map(str::parse).transpose()?;
        let find = given("find").unwrap_or_default().to_owned();
        if find.len() > MOST_FIND {
            return Err(RangeError::Find);
        }
        let pick = parameter("pick").map(picked).transpose()?;
        Ok(Self { glob, from, limit, order, find, pick })
    }
}

fn picked(text: &str) -> Result<Vec<String>, RangeError> {
    let pointers: Vec<_> = text.split(',').filter(|it| !it.is_empty()).map(str::to_owned).collect();
    let is_wrong = |it: &String| !it.starts_with('/');
    if pointers.len() > MOST_PICKED || pointers.iter().any(is_wrong) {
        return Err(RangeError::Pick);
    }
    Ok(pointers)
}

impl fmt::Display for Range {
    /// The parameters of a query.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { glob, from, limit, order, find, pick } = self;
        write!(f, "key={glob}&from={from}&limit={limit}")?;
        if let Some(order) = order {
            write!(f, "&sort={}", escaped(&order.to_string()))?;
        }
        if !find.is_empty() {
            write!(f, "&find={}", escaped(find))?;
        }
        match pick {
            Some(pick) => write!(f, "&pick={}", escaped(&pick.join(","))),
            None => Ok(()),
        }
    }
}

/// The text as a part of a query.
///
/// ```
/// # use monoxide_protocol::{escaped, unescaped};
/// assert_eq!(escaped("a/b c=ä"), "a/b%20c%3D%C3%A4");
/// assert_eq!(unescaped("a/b%20c%3D%C3%A4+%zz"), "a/b c=ä %zz");
/// ```
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' | b',' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// What a part of a query says. What is no escape stands for itself.
#[must_use]
pub fn unescaped(text: &str) -> String {
    let plain = text.replace('+', " ");
    let mut parts = plain.split('%');
    let mut out = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let byte = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) => {
                out.push(byte);
                out.extend(part.bytes().skip(2));
            }
            None => {
                out.push(b'%');
                out.extend(part.bytes());
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

impl FromStr for Order {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        let (by, is_descending) = match text.strip_prefix('-') {
            Some(by) => (by, true),
            None => (text, false),
        };
        let by = match by {
            "created" => By::Created,
            "updated" => By::Updated,
            "key" => By::Key,
            pointer if pointer.starts_with('/') || pointer == "data" => {
                By::Data(pointer.trim_start_matches("data").to_owned())
            }
            _ => return Err(RangeError::Order),
        };
        Ok(Self { by, is_descending })
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_descending { "-" } else { "" })?;
        f.write_str(match &self.by {
            By::Created => "created",
            By::Updated => "updated",
            By::Key => "key",
            By::Data(pointer) if pointer.is_empty() => "data",
            By::Data(pointer) => pointer,
        })
    }
}
