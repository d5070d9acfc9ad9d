//! Paths of rules, and which of them is the most specific.

use std::collections::BTreeMap;

use monoxide_protocol::{Glob, KeyError};

/// A path of rules: a glob, or one that ends in `**`, which is one segment or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Name(String),
    Star,
    Rest,
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Self, KeyError> {
        if text == "**" {
            return Ok(Self { segments: vec![Segment::Rest] });
        }
        let front = text.strip_suffix("/**");
        let (front, has_rest) = (front.unwrap_or(text), front.is_some());
        let glob = Glob::parse(front)?;
        let segment = |text: &str| match text {
            "*" => Segment::Star,
            name => Segment::Name(name.to_owned()),
        };
        let segments = glob.segments().map(segment).chain(has_rest.then_some(Segment::Rest));
        Ok(Self { segments: segments.collect() })
    }

    /// Whether some key is named by both.
    pub(crate) fn overlaps(&self, glob: &Glob) -> bool {
        let mut named = glob.segments();
        for segment in &self.segments {
            let Some(text) = named.next() else { return false };
            match segment {
                Segment::Rest => return true,
                Segment::Star => {}
                Segment::Name(name) if text != "*" && text != name => return false,
                Segment::Name(_) => {}
            }
        }
        named.next().is_none()
    }
}

/// Values by pattern. At each segment, from the left, a name is more specific than `*`, and that
/// than `**`.
#[derive(Debug)]
pub(crate) struct Patterns<T> {
    children: BTreeMap<Segment, Self>,
    value: Option<T>,
}

impl<T> Default for Patterns<T> {
    fn default() -> Self {
        Self { children: BTreeMap::new(), value: None }
    }
}

impl<T> Patterns<T> {
    /// The value of a pattern, made when it is not there.
    pub(crate) fn entry(&mut self, pattern: &Pattern) -> &mut T
    where
        T: Default,
    {
        let mut node = self;
        for segment in &pattern.segments {
            node = node.children.entry(segment.clone()).or_default();
        }
        node.value.get_or_insert_with(T::default)
    }

    /// Of the values whose patterns name the key with these segments, the first, from the most
    /// specific on, that `find` finds something in.
    pub(crate) fn find<'a, F>(
        &'a self,
        segments: &[&str],
        find: &mut impl FnMut(&'a T) -> Option<F>,
    ) -> Option<F> {
        let Some((first, rest)) = segments.split_first() else {
            return self.value.as_ref().and_then(find);
        };
        // Names are few, and comparing them allocates nothing.
        let named =
            self.children.iter().find(|(it, _)| matches!(it, Segment::Name(it) if it == first));
        named
            .and_then(|(_, node)| node.find(rest, find))
            .or_else(|| self.children.get(&Segment::Star)?.find(rest, find))
            .or_else(|| self.children.get(&Segment::Rest)?.value.as_ref().and_then(find))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(patterns: &[&str], key: &str) -> Vec<String> {
        let mut all: Patterns<String> = Patterns::default();
        for text in patterns {
            *all.entry(&Pattern::parse(text).unwrap()) = (*text).to_owned();
        }
        let mut found = Vec::new();
        let segments: Vec<_> = key.split('/').collect();
        all.find(&segments, &mut |it| {
            found.push(it.clone());
            None::<()>
        });
        found
    }

    #[test]
    fn from_the_left_a_name_is_more_specific_than_a_star_and_that_than_the_rest() {
        let patterns = ["**", "a/**", "a/*", "*/b", "a/b", "*/*", "a/*/c", "a"];

        assert_eq!(found(&patterns, "a/b"), ["a/b", "a/*", "a/**", "*/b", "*/*", "**"]);
        assert_eq!(found(&patterns, "a/x/c"), ["a/*/c", "a/**", "**"]);
        assert_eq!(found(&patterns, "a"), ["a", "**"], "`a/**` does not name `a`");
        assert_eq!(found(&patterns, "z"), ["**"]);
    }

    #[test]
    fn patterns_overlap_a_glob_when_some_key_has_both() {
        let overlaps = |pattern: &str, glob: &str| {
            Pattern::parse(pattern).unwrap().overlaps(&Glob::parse(glob).unwrap())
        };
        for (pattern, glob) in
            [("**", "a"), ("a/**", "*/b"), ("a/*", "*/b"), ("a/b", "a/*"), ("a/**", "a/b/c")]
        {
            assert!(overlaps(pattern, glob), "{pattern} {glob}");
        }
        for (pattern, glob) in [("a/**", "a"), ("a/*", "b/*"), ("a/*", "a/*/c"), ("a/b", "*")] {
            assert!(!overlaps(pattern, glob), "{pattern} {glob}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["", "a**", "**/a", "a/***", "a//**", "ä/**", "/**"] {
            assert!(Pattern::parse(text).is_err(), "{text}");
        }
    }
}
