//! Which of two JSON texts comes first, and what stands where in one.

use std::{borrow::Cow, cmp::Ordering};

use crate::{Json, diff, json};

/// A JSON value by which others are ordered: nothing, `null`, booleans, numbers, strings in the
/// order of their letters, arrays, objects. Numbers are compared by all of their digits.
///
/// ```
/// # use monoxide_protocol::{Json, Rank};
/// let json = Json::parse(br#"{"small": 9007199254740992, "large": 9007199254740993.0}"#)?;
/// assert!(Rank::of(&json, "/small") < Rank::of(&json, "/large"));
/// assert!(Rank::of(&json, "/missing").is_nothing());
/// # Ok::<(), monoxide_protocol::JsonError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Rank<'a>(Kind<'a>);

#[derive(Debug, Clone)]
enum Kind<'a> {
    Nothing,
    Null,
    Boolean(bool),
    Number(f64, &'a str),
    /// What it says in small letters, and as it is.
    Text(Box<str>, &'a str),
    Array(&'a str),
    Object(&'a str),
}

impl<'a> Rank<'a> {
    /// What stands in `json` at a JSON Pointer.
    #[must_use]
    pub fn of(json: &'a Json, pointer: &str) -> Self {
        Self(json.at(pointer).map_or(Kind::Nothing, Kind::of))
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        matches!(self.0, Kind::Nothing)
    }
}

impl PartialEq for Rank<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Rank<'_> {}

impl PartialOrd for Rank<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Rank<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Kind::Boolean(one), Kind::Boolean(other)) => one.cmp(other),
            (Kind::Number(near, one), Kind::Number(far, other)) => {
                let order = near.total_cmp(far);
                if near == far { numbers(one, other) } else { order }
            }
            (Kind::Text(small, one), Kind::Text(other_small, other)) => {
                small.cmp(other_small).then_with(|| one.cmp(other))
            }
            (Kind::Array(one), Kind::Array(other)) | (Kind::Object(one), Kind::Object(other)) => {
                one.cmp(other)
            }
            (one, other) => one.number().cmp(&other.number()),
        }
    }
}

impl<'a> Kind<'a> {
    fn of(text: &'a str) -> Self {
        match text.as_bytes() {
            [b'n', ..] => Self::Null,
            [b't', ..] => Self::Boolean(true),
            [b'f', ..] => Self::Boolean(false),
            [b'"', ..] => Self::Text(json::unquote(text).to_lowercase().into(), text),
            [b'[', ..] => Self::Array(text),
            [b'{', ..] => Self::Object(text),
            _ => Self::Number(text.parse().unwrap_or(f64::INFINITY), text),
        }
    }

    fn number(&self) -> u8 {
        match self {
            Self::Nothing => 0,
            Self::Null => 1,
            Self::Boolean(_) => 2,
            Self::Number(..) => 3,
            Self::Text(..) => 4,
            Self::Array(_) => 5,
            Self::Object(_) => 6,
        }
    }
}

/// Which of two JSON numbers is smaller, by all of their digits.
fn numbers(one: &str, other: &str) -> Ordering {
    let (one, other) = (Decimal::of(one), Decimal::of(other));
    match (one.is_negative, other.is_negative) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (true, true) => other.size(&one),
        (false, false) => one.size(&other),
    }
}

/// A number as digits without zeros around them, behind a point that is moved.
struct Decimal {
    is_negative: bool,
    digits: String,
    point: i64,
}

impl Decimal {
    fn of(text: &str) -> Self {
        let (is_negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = [whole, fraction].concat();
        let digits = all.trim_start_matches('0');
        let zeros = all.len() - digits.len();
        let digits = digits.trim_end_matches('0').to_owned();
        // An exponent of twenty digits is as good as none that ends.
        let beyond = if exponent.starts_with('-') { i64::MIN / 2 } else { i64::MAX / 2 };
        let exponent = exponent.parse::<i64>().unwrap_or(beyond);
        let moved = i64::try_from(whole.len()).unwrap_or(0) - i64::try_from(zeros).unwrap_or(0);
        let is_zero = digits.is_empty();
        let point = if is_zero { i64::MIN } else { moved.saturating_add(exponent) };
        Self { is_negative: is_negative && !is_zero, digits, point }
    }

    fn size(&self, other: &Self) -> Ordering {
        self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits))
    }
}

impl Json {
    /// What stands at a JSON Pointer (RFC 6901), if anything does.
    ///
    /// ```
    /// # use monoxide_protocol::Json;
    /// let json = Json::parse(br#"{"a": [1.10, {"b/c": null}]}"#)?;
    /// assert_eq!(json.at("/a/0"), Some("1.10"));
    /// assert_eq!(json.at("/a/1/b~1c"), Some("null"));
    /// assert_eq!(json.at(""), Some(json.as_str()));
    /// assert_eq!(json.at("/b"), None);
    /// # Ok::<(), monoxide_protocol::JsonError>(())
    /// ```
    #[must_use]
    pub fn at(&self, pointer: &str) -> Option<&str> {
        let mut here = self.as_str();
        for token in pointer.split('/').skip(1) {
            here = match here.as_bytes() {
                [b'{', ..] => {
                    let token = match token.contains('~') {
                        true => Cow::Owned(token.replace("~1", "/").replace("~0", "~")),
                        false => Cow::Borrowed(token),
                    };
                    // The last of several with one name, as everywhere.
                    diff::each_member(here).filter(|(name, _)| *name == token).last()?.1
                }
                [b'[', ..] => diff::parts(here).nth(token.parse().ok()?)?,
                _ => return None,
            };
        }
        Some(here)
    }

    /// Whether each of `words`, which are in small letters, stands in `also` or in one of the
    /// values, names of members not counted.
    ///
    /// ```
    /// # use monoxide_protocol::Json;
    /// let json = Json::parse(br#"{"title": "Dune", "pages": 412}"#)?;
    /// assert!(json.has_words(&["dune", "412", "books"], "books/1"));
    /// assert!(!json.has_words(&["title"], ""));
    /// # Ok::<(), monoxide_protocol::JsonError>(())
    /// ```
    #[must_use]
    pub fn has_words(&self, words: &[impl AsRef<str>], also: &str) -> bool {
        let also = also.to_lowercase();
        let mut left: Vec<&str> =
            words.iter().map(AsRef::as_ref).filter(|word| !also.contains(word)).collect();
        each_value(self.as_str(), &mut |value| {
            if !left.is_empty() {
                let said = match value.starts_with('"') {
                    true => json::unquote(value),
                    false => Cow::Borrowed(value),
                };
                let said = said.to_lowercase();
                left.retain(|word| !said.contains(word));
            }
        });
        left.is_empty()
    }
}

/// Each value that is no array and no object.
fn each_value<'a>(text: &'a str, with: &mut impl FnMut(&'a str)) {
    let mut rest = text;
    while let Some(start) = rest.find(|c| !matches!(c, '{' | '}' | '[' | ']' | ',' | ':')) {
        rest = rest.get(start..).unwrap_or_default();
        let end = match rest.starts_with('"') {
            true => end_of_string(rest),
            false => rest.find(['}', ']', ',']).unwrap_or(rest.len()),
        };
        let (value, behind) = rest.split_at(end);
        rest = behind;
        if !rest.starts_with(':') {
            with(value);
        }
    }
}

/// Where the string with which the text begins ends.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| match byte {
        _ if escaped => {
            escaped = false;
            false
        }
        b'\\' => {
            escaped = true;
            false
        }
        byte => byte == b'"',
    });
    end.map_or(text.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(smaller: &str, larger: &str) {
        let [one, other] = [smaller, larger].map(|it| Json::parse(it.as_bytes()).unwrap());
        assert!(Rank::of(&one, "") < Rank::of(&other, ""), "{smaller} < {larger}");
        assert!(Rank::of(&other, "") > Rank::of(&one, ""), "{larger} > {smaller}");
    }

    #[test]
    fn numbers_are_ordered_by_all_their_digits() {
        check("1753000000000000000", "1753000000000000001");
        check("-1753000000000000001", "-1753000000000000000");
        check("-1", "1");
        check("9", "10");
        check("0.1", "0.10000000000000000001");
        check("1e400", "2e400");
        check("-2e400", "-1e400");
        check("99999999999999999999", "1e21");
        check("0", "1e-400");
    }

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        for (one, other) in
            [("1", "1.0"), ("100", "1e2"), ("0", "-0"), ("0", "0e99"), ("1e400", "10e399")]
        {
            let [a, b] = [one, other].map(|it| Json::parse(it.as_bytes()).unwrap());
            assert_eq!(Rank::of(&a, ""), Rank::of(&b, ""), "{one} = {other}");
        }
    }

    #[test]
    fn kinds_are_ordered_and_letters_of_both_cases_stand_together() {
        for [one, other] in [
            ["null", "false"],
            ["false", "true"],
            ["true", "-1"],
            ["1", r#""""#],
            [r#""apple""#, r#""Banana""#],
            [r#""A""#, r#""a""#],
            [r#""z""#, "[]"],
            ["[9]", "{}"],
        ] {
            check(one, other);
        }
    }

    #[test]
    fn words_are_found_in_values_and_not_in_names() {
        let json =
            Json::parse(r#"{"a":["Grün\u0041","x\"y"],"b":{"c":-1.5,"d":true},"":""}"#.as_bytes());
        let json = json.unwrap();
        for word in ["grün", "grüna", "x\"y", "-1.5", "true"] {
            assert!(json.has_words(&[word], ""), "{word}");
        }
        for word in ["c", "b", "xy", "u0041", "{", ":"] {
            assert!(!json.has_words(&[word], ""), "{word}");
        }
        assert!(Json::parse(b"7").unwrap().has_words(&["7"], ""));
    }

    #[test]
    fn the_last_of_two_members_with_one_name_counts() {
        let json = Json::parse(br#"{"a":1,"a":2}"#).unwrap();
        assert_eq!(json.at("/a"), Some("2"));
    }
}
