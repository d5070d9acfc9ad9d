//! What exists on the server, as groups that a reader can narrow.

use std::collections::HashMap;

use monoxide_protocol::{Glob, Keys, Listed};
use serde_json::Value;

/// Reads the document of [`Watched::Keys`](monoxide_protocol::Watched::Keys).
///
/// ```
/// # use monoxide_ui::model::listed;
/// use serde_json::json;
///
/// let keys = listed(&json!({"created": 1, "data": {"books/*": {"count": 3}}}));
/// assert_eq!(keys.values().next().map(|listed| listed.count), Some(3));
/// ```
#[must_use]
pub fn listed(document: &Value) -> Keys {
    let entry = |(name, listed): (&String, &Value)| {
        // By hand: serde's reader of such a map is 4 kB of WASM.
        let count = listed.get("count")?.as_u64()?;
        Some((Glob::parse(name).ok()?, Listed { count }))
    };
    let entries = document.get("data").and_then(Value::as_object);
    let mut keys = Keys::new();
    // One by one: a map that is collected is sorted first, which is some more kB.
    for (glob, listed) in entries.into_iter().flatten().filter_map(entry) {
        keys.insert(glob, listed);
    }
    keys
}

/// A list or a single key that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is called and watched as.
    pub glob: Glob,
    /// How many objects there are.
    pub count: u64,
}

/// Entries whose names begin with the same segment, such as `users/ann/posts/*` and
/// `users/bob/posts/*`; or one entry that is alone with its first segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The first segment of all names in it.
    pub name: String,
    /// The entries, by name; at least one.
    pub entries: Vec<Entry>,
}

/// Groups what exists, by name, leaving out what does not have all words of `filter` in its
/// name. Upper and lower case are the same to it.
///
/// ```
/// # use monoxide_protocol::{Glob, Keys, Listed};
/// # use monoxide_ui::model::groups;
/// let mut keys = Keys::new();
/// for (name, count) in [("books/*", 3), ("users/ann/posts/*", 1), ("users/bob/posts/*", 2)] {
///     keys.insert(Glob::parse(name)?, Listed { count });
/// }
/// let names = |filter| groups(&keys, filter).into_iter().map(|it| it.name).collect::<Vec<_>>();
///
/// assert_eq!(names(""), ["books", "users"]);
/// assert_eq!(names("ann"), ["users"]);
/// # Ok::<(), monoxide_protocol::KeyError>(())
/// ```
#[must_use]
pub fn groups(keys: &Keys, filter: &str) -> Vec<Group> {
    let words: Vec<String> = filter.split_whitespace().map(str::to_ascii_lowercase).collect();
    let mut entries: Vec<Entry> = keys
        .iter()
        .filter(|(glob, _)| {
            let name = glob.as_str().to_ascii_lowercase();
            words.iter().all(|word| name.contains(word.as_str()))
        })
        .map(|(glob, listed)| Entry { glob: glob.clone(), count: listed.count })
        .collect();
    // Segment by segment, so that `a/*` and `a/b/*` stand together, before `a-b`.
    entries.sort_unstable_by(|one, other| one.glob.segments().cmp(other.glob.segments()));

    let mut groups: Vec<Group> = Vec::new();
    for entry in entries {
        let name = entry.glob.segments().next().unwrap_or_default();
        match groups.last_mut().filter(|group| group.name == name) {
            Some(group) => group.entries.push(entry),
            None => groups.push(Group { name: name.to_owned(), entries: vec![entry] }),
        }
    }
    groups
}

/// Groups of more than this are folded until someone opens them.
const SMALL: usize = 30;

/// One line of the column.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Line {
    /// The head of a group of several entries.
    Group {
        /// What they have in common.
        name: String,
        /// How many there are.
        count: usize,
        /// Whether they are the lines that follow.
        open: bool,
    },
    /// One entry.
    Entry {
        /// What it is called and watched as.
        glob: Glob,
        /// Whether it stands under the head of a group.
        within: bool,
    },
}

/// The lines that show. `folded` is what someone folded and unfolded, and `eager` is whether
/// large groups are open all the same, as for a search.
#[must_use]
pub fn lines(groups: &[Group], folded: &HashMap<String, bool>, eager: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    for Group { name, entries } in groups {
        let count = entries.len();
        let within = count > 1;
        if within {
            let by_itself = eager || count <= SMALL;
            let open = folded.get(name).map_or(by_itself, |folded| !folded);
            lines.push(Line::Group { name: name.clone(), count, open });
            if !open {
                continue;
            }
        }
        lines.extend(entries.iter().map(|it| Line::Entry { glob: it.glob.clone(), within }));
    }
    lines
}

/// What `filter` names when it is a key or a glob that is not among what exists: it can be
/// watched all the same.
#[must_use]
pub fn unlisted(keys: &Keys, filter: &str) -> Option<Glob> {
    let glob = Glob::parse(filter.trim()).ok()?;
    (!keys.contains_key(&glob)).then_some(glob)
}

/// What the reader means who types `filter` and presses Enter: the key of that very name, else the
/// first that is left, else one that does not exist yet.
#[must_use]
pub fn meant(keys: &Keys, lines: &[Line], filter: &str) -> Option<Glob> {
    if filter.trim().is_empty() {
        return None;
    }
    let exact = Glob::parse(filter.trim()).ok().filter(|glob| keys.contains_key(glob));
    let first = || {
        lines.iter().find_map(|line| match line {
            Line::Entry { glob, .. } => Some(glob.clone()),
            Line::Group { .. } => None,
        })
    };
    exact.or_else(first).or_else(|| unlisted(keys, filter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(names: &[&str]) -> Keys {
        names.iter().map(|name| (Glob::parse(name).unwrap(), Listed { count: 1 })).collect()
    }

    #[track_caller]
    fn check(names: &[&str], filter: &str, expected: &[(&str, &[&str])]) {
        let groups = groups(&keys(names), filter);
        let found: Vec<(&str, Vec<&str>)> = groups
            .iter()
            .map(|group| {
                let entries = group.entries.iter().map(|entry| entry.glob.as_str());
                (group.name.as_str(), entries.collect())
            })
            .collect();
        let expected: Vec<_> = expected.iter().map(|(name, it)| (*name, it.to_vec())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn entries_stand_by_name_and_together_with_their_first_segment() {
        check(
            &["users/u2/posts/*", "config", "users-old", "users/*", "users/u1/posts/*", "Zoo/*"],
            "",
            &[
                ("Zoo", &["Zoo/*"]),
                ("config", &["config"]),
                ("users", &["users/*", "users/u1/posts/*", "users/u2/posts/*"]),
                ("users-old", &["users-old"]),
            ],
        );
    }

    #[test]
    fn a_key_and_a_list_of_the_same_name_are_one_group() {
        check(&["a", "a/*"], "", &[("a", &["a", "a/*"])]);
    }

    #[test]
    fn a_filter_keeps_what_has_all_its_words_whatever_the_case() {
        let names = ["Users/u1/posts/*", "users/u2/posts/*", "books/*"];
        check(&names, " POST u1 ", &[("Users", &["Users/u1/posts/*"])]);
        check(&names, "film", &[]);
    }

    #[test]
    fn a_large_group_is_folded_until_someone_opens_it_or_searches() {
        let names: Vec<_> = (0..=SMALL).map(|nth| format!("users/u{nth}/posts/*")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let groups = groups(&keys(&names), "");
        let count = |folded: &[(&str, bool)], eager| {
            let folded = folded.iter().map(|&(name, is)| (name.to_owned(), is)).collect();
            lines(&groups, &folded, eager).len()
        };

        assert_eq!(count(&[], false), 1);
        assert_eq!(count(&[("users", false)], false), 1 + names.len());
        assert_eq!(count(&[], true), 1 + names.len());
        assert_eq!(count(&[("users", true)], true), 1);
    }

    #[test]
    fn an_entry_alone_needs_no_head() {
        let lines = lines(&groups(&keys(&["a/*", "b", "b/*"]), ""), &HashMap::new(), false);
        let heads = lines.iter().filter(|line| matches!(line, Line::Group { .. })).count();
        assert_eq!((heads, lines.len()), (1, 4));
    }

    #[test]
    fn enter_opens_the_name_that_was_typed_before_the_first_that_has_it() {
        let keys = keys(&["a/posts/*", "posts"]);
        let meant = |filter| {
            let lines = lines(&groups(&keys, filter), &HashMap::new(), true);
            meant(&keys, &lines, filter).map(|glob| glob.to_string())
        };

        assert_eq!(meant("posts").as_deref(), Some("posts"));
        assert_eq!(meant("post").as_deref(), Some("a/posts/*"));
        assert_eq!(meant("films/*").as_deref(), Some("films/*"));
        assert_eq!(meant("no key"), None);
        assert_eq!(meant(" "), None);
    }

    #[test]
    fn a_name_that_does_not_exist_yet_can_still_be_watched() {
        let keys = keys(&["books/*"]);
        assert_eq!(unlisted(&keys, "users/*/posts/* ").unwrap().as_str(), "users/*/posts/*");
        assert_eq!(unlisted(&keys, "books/*"), None, "it is in the list");
        assert_eq!(unlisted(&keys, "no key"), None);
        assert_eq!(unlisted(&keys, ""), None);
    }
}
