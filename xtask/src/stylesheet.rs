//! The style sheet: one file of `style/main.css` and what it imports, without comments and idle space.
//!
//! `cargo leptos` has lightningcss for this, which takes longer to compile than all of xtask; what
//! it gains beyond this is lost in the compression.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail, ensure};

/// How deep imports may be nested; deeper is a circle.
const DEEPEST: usize = 8;

/// The style sheet at `path` with its imports in their places.
pub(crate) fn bundle(path: &Path) -> Result<String> {
    bundle_at(path, 0)
}

fn bundle_at(path: &Path, depth: usize) -> Result<String> {
    let here = path.display();
    ensure!(depth < DEEPEST, "{here}: imported in a circle");
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {here}"))?;
    let mut rest = minify(&text);
    let mut bundle = String::new();
    while let Some((import, after)) =
        rest.strip_prefix("@import ").and_then(|it| it.split_once(';'))
    {
        let Some(name) = import.strip_prefix('"').and_then(|it| it.strip_suffix('"')) else {
            bail!("{here}: write `@import {import}` as `@import \"file.css\"`");
        };
        bundle += &bundle_at(&path.with_file_name(name), depth + 1)?;
        rest = after.to_owned();
    }
    ensure!(!rest.contains("@import"), "{here}: an @import comes before everything else");
    Ok(bundle + &rest)
}

/// Drops comments, and white space where it means nothing. Strings stay as they are.
fn minify(css: &str) -> String {
    let mut small = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(next) = rest.chars().next() {
        let length = match next {
            '/' if rest.starts_with("/*") => rest[2..].find("*/").map_or(rest.len(), |end| end + 4),
            '"' | '\'' => string_length(rest, next),
            _ => next.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        let is_space = next.is_whitespace() || token.starts_with("/*");
        if !is_space {
            push(&mut small, token);
        } else if !small.ends_with([' ', '{', '}', ';', ',', ':', '(']) {
            small.push(' ');
        }
    }
    small.trim().to_owned()
}

/// Adds a token, less what it makes superfluous before it.
fn push(small: &mut String, token: &str) {
    if matches!(token, "{" | "}" | ";" | "," | ")") && small.ends_with(' ') {
        small.pop();
    }
    if token == "}" && small.ends_with(';') {
        small.pop();
    }
    small.push_str(token);
}

/// The bytes of the string that `css` starts with, both quotes counted.
fn string_length(css: &str, quote: char) -> usize {
    let mut escaped = false;
    let end = css.char_indices().skip(1).find(|(_, next)| {
        let is_end = *next == quote && !escaped;
        escaped = *next == '\\' && !escaped;
        is_end
    });
    end.map_or(css.len(), |(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(css: &str, expected: &str) {
        assert_eq!(minify(css), expected);
    }

    #[test]
    fn comments_and_idle_space_are_dropped() {
        check("/* a */ a , b {\n  color: red;\n}\n\n/* b */\n", "a,b{color:red}");
        check("a { b: c; & > d { e: f; } }", "a{b:c;& > d{e:f}}");
        check("a /*/ b */ c { d: e }", "a c{d:e}");
    }

    #[test]
    fn space_that_means_something_is_kept() {
        check("a :hover { width: calc(1px + 2px) }", "a :hover{width:calc(1px + 2px)}");
        check(
            "@media (width > 1px) and (width < 9px) {}",
            "@media (width > 1px) and (width < 9px){}",
        );
        check(":is( a, b ) c {}", ":is(a,b) c{}");
    }

    #[test]
    fn strings_are_left_alone() {
        check(r#"a { content: "  /* ; } \" "; }"#, r#"a{content:"  /* ; } \" "}"#);
        check("a { content: '\\\\' ; b: c }", "a{content:'\\\\';b:c}");
    }

    #[test]
    fn what_is_not_closed_ends_with_the_file() {
        check("a{} /* b", "a{}");
        check("a{b:\"c", "a{b:\"c");
    }

    #[test]
    fn imports_stand_in_their_places_and_a_circle_is_refused() {
        let folder = std::env::temp_dir().join(format!("monoxide-css-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let write = |name: &str, css: &str| fs::write(folder.join(name), css).unwrap();
        write("main.css", "/* all */ @import \"a.css\"; @import \"b.css\"; c { d: e }");
        write("a.css", "a { b: c }");
        write("b.css", "b { c: d }");
        write("circle.css", "@import \"circle.css\";");
        write("late.css", "a {} @import \"a.css\";");

        let bundled = ["main.css", "circle.css", "late.css"].map(|it| bundle(&folder.join(it)));
        fs::remove_dir_all(&folder).unwrap();

        let [main, circle, late] = bundled;
        assert_eq!(main.unwrap(), "a{b:c}b{c:d}c{d:e}");
        assert!(circle.unwrap_err().to_string().contains("circle"));
        assert!(late.unwrap_err().to_string().contains("before everything else"));
    }
}
