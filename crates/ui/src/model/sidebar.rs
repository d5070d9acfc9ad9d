//! What exists on the server, as groups that a reader can narrow.

use monoxide_protocol::{Glob, Keys};

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
    let words: Vec<String> = filter.split_whitespace().map(str::to_lowercase).collect();
    let mut entries: Vec<Entry> = keys
        .iter()
        .filter(|(glob, _)| {
            let name = glob.as_str().to_lowercase();
            words.iter().all(|word| name.contains(word.as_str()))
        })
        .map(|(glob, listed)| Entry { glob: glob.clone(), count: listed.count })
        .collect();
    // Segment by segment, so that `a/*` and `a/b/*` stand together, before `a-b`.
    entries.sort_by(|one, other| one.glob.segments().cmp(other.glob.segments()));

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

/// What `filter` names when it is a key or a glob that is not among what exists: it can be
/// watched all the same.
#[must_use]
pub fn unlisted(keys: &Keys, filter: &str) -> Option<Glob> {
    let glob = Glob::parse(filter.trim()).ok()?;
    (!keys.contains_key(&glob)).then_some(glob)
}

#[cfg(test)]
mod tests {
    use monoxide_protocol::Listed;

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
    fn a_name_that_does_not_exist_yet_can_still_be_watched() {
        let keys = keys(&["books/*"]);
        assert_eq!(unlisted(&keys, "users/*/posts/* ").unwrap().as_str(), "users/*/posts/*");
        assert_eq!(unlisted(&keys, "books/*"), None, "it is in the list");
        assert_eq!(unlisted(&keys, "no key"), None);
        assert_eq!(unlisted(&keys, ""), None);
    }
}
