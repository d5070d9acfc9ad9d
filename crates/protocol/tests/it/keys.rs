//! What may be a key, a glob or the target of a write, and which keys a glob names.

use insta::assert_snapshot;
use monoxide_protocol::{Glob, Key, Target, Version};
use proptest::{collection::vec, prelude::*, sample::select};

#[track_caller]
fn check(glob: &str, key: &str, expected: bool) {
    let (glob, key) = (Glob::parse(glob).unwrap(), Key::parse(key).unwrap());
    assert_eq!(glob.matches(&key), expected, "`{glob}` over `{key}`");
}

/// One line a text: what it is as a key, as a glob and as the target of a write.
fn table(texts: &[&str]) -> String {
    let line = |text: &&str| {
        let key = Key::parse(text).map_or_else(|error| error.to_string(), |_| "a key".to_owned());
        let glob =
            Glob::parse(text).map_or_else(|error| error.to_string(), |_| "a glob".to_owned());
        let target = match Target::parse(text) {
            Ok(Target::Object(_)) => "sets".to_owned(),
            Ok(Target::List(_)) => "pushes".to_owned(),
            Err(error) => error.to_string(),
        };
        let mut said = vec![key, glob, target];
        said.dedup();
        format!("{text:?}: {}", said.join(" | "))
    };
    texts.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn letters_digits_and_marks_inside_make_a_key() {
    let long = "a/".repeat(999) + "aa";
    let valid =
        ["a", "Z", "0", "ab", "A/b", "a-b", "a_b", "a.b", "a/_b", "a/-.-/b", "a/...b", &long];

    for text in valid {
        assert_eq!(Key::parse(text).unwrap().as_str(), text);
        assert_eq!(Glob::parse(text).unwrap().as_key(), Some(Key::parse(text).unwrap()));
        assert!(matches!(Target::parse(text), Ok(Target::Object(key)) if key.as_str() == text));
    }
}

#[test]
fn what_no_request_may_name_says_why() {
    let texts = [
        "", "a//b", "//a", "a/", "/", "-a", "a-", "_a", "a_", ".a", "a.", "a/**", "**", "a/../b",
        "a/./b", "..", "../a", "a b", "a@b", "a:b", "a+b", "a~b", "a,b", "a$b", "é", "a\n", "a\0b",
    ];
    assert_snapshot!(table(&texts), @r#"
    "": a key may not be empty
    "a//b": `a//b` has an empty segment
    "//a": `//a` has to begin and end with a letter or a digit
    "a/": `a/` has to begin and end with a letter or a digit
    "/": `/` has to begin and end with a letter or a digit
    "-a": `-a` has to begin and end with a letter or a digit
    "a-": `a-` has to begin and end with a letter or a digit
    "_a": `_a` has to begin and end with a letter or a digit
    "a_": `a_` has to begin and end with a letter or a digit
    ".a": `.a` has to begin and end with a letter or a digit
    "a.": `a.` has to begin and end with a letter or a digit
    "a/**": `a/**` has a star that is not a whole segment
    "**": `**` has a star that is not a whole segment
    "a/../b": `a/../b` has a segment of dots
    "a/./b": `a/./b` has a segment of dots
    "..": `..` has to begin and end with a letter or a digit
    "../a": `../a` has to begin and end with a letter or a digit
    "a b": `a b` has the character ` `, which a key may not have
    "a@b": `a@b` has the character `@`, which a key may not have
    "a:b": `a:b` has the character `:`, which a key may not have
    "a+b": `a+b` has the character `+`, which a key may not have
    "a~b": `a~b` has the character `~`, which a key may not have
    "a,b": `a,b` has the character `,`, which a key may not have
    "a$b": `a$b` has the character `$`, which a key may not have
    "é": `é` has the character `é`, which a key may not have
    "a\n": `a\n` has the character `\n`, which a key may not have
    "a\0b": `a\0b` has the character `\0`, which a key may not have
    "#);
}

#[test]
fn where_the_stars_are_decides_what_a_write_does() {
    let texts = [
        "*", "a/*", "a/b/*", "a/*/b/*", "*/*", "a/*/b", "*/a", "a*b", "*a", "a*", "a/b*", "a/*b",
        "*a*",
    ];
    assert_snapshot!(table(&texts), @r#"
    "*": `*` is a pattern, not a key | a glob | pushes
    "a/*": `a/*` is a pattern, not a key | a glob | pushes
    "a/b/*": `a/b/*` is a pattern, not a key | a glob | pushes
    "a/*/b/*": `a/*/b/*` is a pattern, not a key | a glob | `a/*/b/*` has several stars, so nothing can be pushed to it
    "*/*": `*/*` is a pattern, not a key | a glob | `*/*` has several stars, so nothing can be pushed to it
    "a/*/b": `a/*/b` is a pattern, not a key | a glob | `a/*/b` has a star before its end, so nothing can be pushed to it
    "*/a": `*/a` is a pattern, not a key | a glob | `*/a` has a star before its end, so nothing can be pushed to it
    "a*b": `a*b` has a star that is not a whole segment | `a*b` has a star before its end, so nothing can be pushed to it
    "*a": `*a` has a star that is not a whole segment | `*a` has a star before its end, so nothing can be pushed to it
    "a*": `a*` has a star that is not a whole segment
    "a/b*": `a/b*` has a star that is not a whole segment
    "a/*b": `a/*b` has a star that is not a whole segment | `a/*b` has a star before its end, so nothing can be pushed to it
    "*a*": `*a*` has a star that is not a whole segment | `*a*` has several stars, so nothing can be pushed to it
    "#);
}

#[test]
fn keys_are_case_sensitive() {
    check("Books/dune", "books/dune", false);
    check("books/*", "Books/dune", false);
}

#[test]
fn a_glob_without_a_star_names_one_key() {
    check("books/dune", "books/dune", true);
    check("books/dune", "books/emma", false);
    check("books/dune", "books", false);
}

#[test]
fn a_star_stands_for_exactly_one_segment() {
    check("*", "books", true);
    check("*", "books/dune", false);
    check("books/*", "books/dune", true);
    check("books/*", "books", false);
    check("books/*", "books/dune/pages", false);
    check("users/*/posts/*", "users/ann/posts/1", true);
    check("users/*/posts/p1", "users/ann/posts/p2", false);
    check("*/*/*/*", "users/ann/posts/1", true);
}

#[test]
fn a_key_knows_its_place() {
    let place = |text| {
        let key = Key::parse(text).unwrap();
        let list = key.list().map_or_else(|| "none".to_owned(), |list| list.to_string());
        format!("{} in {list}, depth {}", key.index(), key.segments().count())
    };

    assert_eq!(place("config"), "config in none, depth 1");
    assert_eq!(place("books/dune"), "dune in books/*, depth 2");
    assert_eq!(place("a/b/c"), "c in a/b/*, depth 3");
}

#[test]
fn a_push_puts_the_version_in_place_of_the_star() {
    let pushed = |text| match Target::parse(text).unwrap() {
        Target::List(list) => list.key(Version::new(0x18e9_e3bd_e506_5559)).to_string(),
        Target::Object(key) => panic!("`{key}` is no list"),
    };

    assert_eq!(pushed("books/*"), "books/18e9e3bde5065559");
    assert_eq!(pushed("*"), "18e9e3bde5065559");
}

/// Globs of up to three segments, close enough to each other that many match.
fn any_glob() -> impl Strategy<Value = Glob> {
    vec(select(&["a", "b", "*"][..]), 1..4).prop_map(|names| Glob::parse(&names.join("/")).unwrap())
}

/// Every key of up to three segments. No glob spells out `c`, so it stands for all other names.
fn all_keys() -> Vec<Key> {
    let mut texts = vec![String::new()];
    for _ in 0..3 {
        let longer = |text: &String| ["/a", "/b", "/c"].map(|name| format!("{text}{name}"));
        texts.extend(texts.clone().iter().flat_map(longer));
    }
    texts.iter().filter_map(|text| Key::parse(text.strip_prefix('/')?).ok()).collect()
}

proptest! {
    #[test]
    fn parsing_never_panics(text in ".{0,40}") {
        let _ = (Key::parse(&text), Glob::parse(&text), Target::parse(&text));
    }

    #[test]
    fn the_three_readers_agree(text in "[a*._/-]{0,8}") {
        let glob = Glob::parse(&text);
        let key = Key::parse(&text).ok();
        let stars = text.matches('*').count();

        prop_assert_eq!(key.is_some(), glob.is_ok() && stars == 0);
        prop_assert_eq!(key, glob.as_ref().ok().and_then(Glob::as_key));
        let writable = stars == 0 || (stars == 1 && text.ends_with('*'));
        prop_assert_eq!(Target::parse(&text).is_ok(), glob.is_ok() && writable);
    }

    #[test]
    fn every_key_matches_itself(text in "[a-z0-9]{1,4}(/[a-z0-9]{1,4}){0,3}") {
        let key = Key::parse(&text).unwrap();
        prop_assert!(Glob::from(key.clone()).matches(&key));
        prop_assert!(key.list().is_none_or(|list| list.matches(&key)));
    }

    #[test]
    fn a_glob_covers_another_exactly_when_it_matches_all_of_its_keys(a in any_glob(), b in any_glob()) {
        let all = all_keys().iter().filter(|key| b.matches(key)).all(|key| a.matches(key));
        prop_assert_eq!(a.covers(&b), all, "`{}` over `{}`", a, b);
    }

    #[test]
    fn the_wire_goes_through_the_same_door(text in "[a*._/-]{0,8}") {
        let wire = serde_json::to_string(&text).unwrap();
        prop_assert_eq!(serde_json::from_str::<Key>(&wire).ok(), Key::parse(&text).ok());
        let glob = Glob::parse(&text).ok();
        prop_assert_eq!(serde_json::from_str::<Glob>(&wire).ok(), glob.clone());
        if let Some(glob) = glob {
            prop_assert_eq!(serde_json::to_string(&glob).unwrap(), wire);
        }
    }
}
