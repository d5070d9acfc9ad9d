//! `If-Match` and `If-None-Match` (RFC 9110, section 13.1), and the `ETag` they speak of.

use std::fmt::Write as _;

use axum::http::{
    HeaderMap, HeaderValue,
    header::{self, HeaderName},
};
use monoxide_engine::Condition;
use monoxide_protocol::Version;

use crate::error::Refusal;

/// The header that names the version of an object.
pub(crate) fn etag(version: Version) -> (HeaderName, HeaderValue) {
    // Sixteen digits between two quotes.
    let mut tag = String::with_capacity(18);
    _ = write!(tag, "\"{version}\"");
    let tag = HeaderValue::try_from(tag);
    (header::ETAG, tag.expect("hexadecimal digits and quotes are ASCII"))
}

/// What a request says about the state of what it names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Preconditions {
    matches: Option<Tags>,
    none_match: Option<Tags>,
}

/// What follows `If-Match` or `If-None-Match`.
#[derive(Debug, PartialEq, Eq)]
enum Tags {
    Any,
    These(Vec<Tag>),
}

#[derive(Debug, PartialEq, Eq)]
struct Tag {
    is_weak: bool,
    text: String,
}

impl Preconditions {
    /// What the headers say.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, Refusal> {
        let matches = tags(headers, &header::IF_MATCH)?;
        let none_match = tags(headers, &header::IF_NONE_MATCH)?;
        Ok(Self { matches, none_match })
    }

    pub(crate) fn is_none(&self) -> bool {
        self.matches.is_none() && self.none_match.is_none()
    }

    /// What has to be stored for a write to be done.
    pub(crate) fn of_write(self) -> Result<Condition, Refusal> {
        Ok(match (self.matches, self.none_match) {
            (None, None) => Condition::Always,
            (Some(Tags::Any), None) => Condition::Exists,
            (Some(Tags::These(tags)), None) => Condition::Version(strong(&tags)),
            (None, Some(Tags::Any)) => Condition::Missing,
            (None, Some(Tags::These(tags))) => Condition::Not(all(&tags)),
            // What matches exists, so this never holds.
            (Some(_), Some(Tags::Any)) => Condition::Version(Vec::new()),
            (Some(Tags::These(yes)), Some(Tags::These(no))) => {
                let (mut yes, no) = (strong(&yes), all(&no));
                yes.retain(|version| !no.contains(version));
                Condition::Version(yes)
            }
            (Some(Tags::Any), Some(Tags::These(_))) => return Err(Refusal::Precondition),
        })
    }

    /// Whether who reads has this version already.
    ///
    /// # Errors
    ///
    /// When another version is asked for.
    pub(crate) fn of_read(&self, version: Version) -> Result<bool, Refusal> {
        match &self.matches {
            Some(Tags::These(tags)) if !strong(tags).contains(&version) => {
                Err(monoxide_engine::Error::Condition.into())
            }
            _ => Ok(match &self.none_match {
                None => false,
                Some(Tags::Any) => true,
                Some(Tags::These(tags)) => all(tags).contains(&version),
            }),
        }
    }
}

/// The versions of strong comparison, for which a weak tag is like no other. What is no version
/// is a tag that we never gave, and matches nothing.
fn strong(tags: &[Tag]) -> Vec<Version> {
    tags.iter().filter(|tag| !tag.is_weak).filter_map(|tag| tag.text.parse().ok()).collect()
}

/// The versions of weak comparison.
fn all(tags: &[Tag]) -> Vec<Version> {
    tags.iter().filter_map(|tag| tag.text.parse().ok()).collect()
}

fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, Refusal> {
    if !headers.contains_key(name) {
        return Ok(None);
    }
    let lines = headers.get_all(name).into_iter().map(HeaderValue::to_str);
    let lines = lines.collect::<Result<Vec<_>, _>>().map_err(|_| Refusal::Precondition)?;
    parse(&lines.join(",")).map(Some).ok_or(Refusal::Precondition)
}

/// `*`, or a list of tags, in which a comma may also be part of a tag.
fn parse(text: &str) -> Option<Tags> {
    const BLANK: [char; 2] = [' ', '\t'];
    if text.trim_matches(BLANK) == "*" {
        return Some(Tags::Any);
    }
    let mut tags = Vec::new();
    let mut rest = text.trim_matches(BLANK);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(',') {
            rest = after.trim_start_matches(BLANK);
            continue;
        }
        let (is_weak, quoted) = match rest.strip_prefix("W/") {
            Some(quoted) => (true, quoted),
            None => (false, rest),
        };
        let (tag, after) = quoted.strip_prefix('"')?.split_once('"')?;
        if tag.contains(|c: char| c <= ' ' || c == '\x7f') {
            return None;
        }
        tags.push(Tag { is_weak, text: tag.to_owned() });
        rest = after.trim_start_matches(BLANK);
        if !(rest.is_empty() || rest.starts_with(',')) {
            return None;
        }
    }
    (!tags.is_empty()).then_some(Tags::These(tags))
}
