//! The pages about ooo name tests, and each of them is there.

use std::{collections::HashSet, fs, path::Path};

/// Adds the names of all functions in the Rust files, and of all tests in the browser's.
fn gather(folder: &Path, names: &mut HashSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, names);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = fs::read_to_string(path).unwrap();
            let functions = text.split("fn ").skip(1);
            let name = |it: &str| {
                it.split(|c: char| !c.is_alphanumeric() && c != '_').next().map(str::to_owned)
            };
            names.extend(functions.filter_map(name));
        }
    }
}

#[test]
fn the_pages_about_ooo_name_only_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut names = HashSet::new();
    for folder in ["crates", "server"] {
        gather(&root.join(folder), &mut names);
    }
    for page in ["ooo-compatibility.md", "ooo-coverage.md"] {
        let text = fs::read_to_string(root.join("docs").join(page)).unwrap();
        let quoted = text.split('`').skip(1).step_by(2);
        let tests = quoted.filter(|it| {
            it.matches('_').count() >= 3
                && it.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        });
        let missing: Vec<_> = tests.filter(|name| !names.contains(*name)).collect();
        assert!(missing.is_empty(), "{page} names {missing:?}");
    }
}

/// Every quirk about what is here has a test of its number, and stands on the page.
#[test]
fn every_repaired_quirk_has_a_test() {
    let tests =
        concat!(include_str!("quirks.rs"), include_str!("doors.rs"), include_str!("transport.rs"));
    let page = include_str!("../../../../docs/ooo-compatibility.md");
    for quirk in (1..=23).chain(28..=30).chain([33]) {
        assert!(tests.contains(&format!("fn q{quirk:02}_")), "Q{quirk}");
        assert!(page.contains(&format!("| Q{quirk} |")), "Q{quirk}");
    }
}
