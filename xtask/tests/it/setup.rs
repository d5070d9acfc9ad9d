//! The tools come from whoever has them, and who has not is told what to type.

use std::fs;

use crate::stage::{Outcome, Stage};

const LIBRARY: &str = "rust/lib/rustlib/wasm32-unknown-unknown/lib";

/// A compiler that works for the browser if its library has one file and no other compiler's.
const RUSTC: &str = r#"
case "$*" in
    "--print sysroot") echo "$STAGE/rust" ;;
    --version) echo "rustc 1.95.0 (0123abc 2026-04-14)" ;;
    *) cd "$STAGE/rust/lib/rustlib/wasm32-unknown-unknown/lib" && test "$(echo lib*)" = libstd.rlib ;;
esac
"#;

/// A cargo that builds the library if it is given the source.
const CARGO: &str = r#"
test "$RUSTC_BOOTSTRAP$RUSTFLAGS" = 1-Cembed-bitcode=yes || exit 1
test -e "$__CARGO_TESTS_ONLY_SRC_ROOT/std/Cargo.toml" || exit 1
test "${__CARGO_TESTS_ONLY_SRC_ROOT%/mock/library}" = "$__CARGO_TESTS_ONLY_SRC_ROOT" || exit 1
mkdir -p target/wasm32-unknown-unknown/release/deps
cd target/wasm32-unknown-unknown/release/deps
touch libstd.rlib libstd.rmeta libseed-1.rlib std.d
"#;

const RUSTUP: &str = r#"
mkdir -p "$STAGE/rust/lib/rustlib/wasm32-unknown-unknown/lib"
touch "$STAGE/rust/lib/rustlib/wasm32-unknown-unknown/lib/libstd.rlib"
"#;

const RUSTUP_OFFLINE: &str = "echo 'info: downloading' >&2; echo 'error: no route' >&2; exit 1";

const APT_OFFLINE: &str = "test \"$1\" = indextargets && echo http://mirror/debian/ && exit
echo 'E: unreachable' >&2; exit 100";

fn stage(name: &str) -> Stage {
    Stage::new(name).tool("rustc", RUSTC).tool("cargo", CARGO)
}

/// Asserts that the target works in the end and came about as `expected` says.
#[track_caller]
fn check(outcome: &Outcome, expected: &str) {
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stdout.starts_with(&format!("WASM target: {expected} (")), "{outcome:?}");
    assert!(outcome.calls.trim_end().ends_with("chromium --version"), "{outcome:?}");
}

/// Asserts a failure of one line.
#[track_caller]
fn check_refused(outcome: &Outcome, parts: &[&str]) {
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:?}");
    assert!(outcome.stderr.starts_with("error: "), "{outcome:?}");
    for part in parts {
        assert!(outcome.stderr.contains(part), "{part}: {outcome:?}");
    }
}

#[test]
fn rustup_adds_the_target_once() {
    let stage = stage("rustup_adds_the_target_once").tool("rustup", RUSTUP);

    let first = stage.setup();
    let second = stage.setup();

    check(&first, "added by rustup");
    assert!(first.calls.contains("rustup target add wasm32-unknown-unknown\n"), "{first:?}");
    assert!(!first.calls.contains("cargo"), "{first:?}");
    check(&second, "there already, skipped");
    assert!(!second.calls.contains("rustup"), "{second:?}");
}

#[test]
fn a_library_of_another_compiler_makes_way_for_rustup() {
    let stage = stage("a_library_of_another_compiler_makes_way").tool("rustup", RUSTUP);
    stage.write(&format!("{LIBRARY}/libstd-other.rlib"), "");

    check(&stage.setup(), "added by rustup");
}

#[test]
fn a_rustup_that_only_says_it_added_the_target_is_not_believed() {
    let stage = stage("a_rustup_that_only_says_so").tool("rustup", "").tool("apt-get", "exit 1");

    check_refused(&stage.setup(), &["rustup says that it is there, but it does not work"]);
}

#[test]
fn without_rustup_the_library_is_built_from_a_folder() {
    let stage = stage("the_library_is_built_from_a_folder").tool("rustup", RUSTUP_OFFLINE);
    stage.write("source/library/core/Cargo.toml", "");
    stage.write("source/library/std/Cargo.toml", "");
    // Debian's package has this one in the tests of cargo.
    stage.write("source/cargo/mock/library/core/Cargo.toml", "");
    stage.write("source/cargo/mock/library/std/Cargo.toml", "");
    stage.write("target/front/stale", "");
    let source = stage.path("source").display().to_string();
    let stage = stage.with("MONOXIDE_RUST_SRC", &source);

    check(&stage.setup(), &format!("built from {source}"));

    let installed = fs::read_dir(stage.path(LIBRARY)).unwrap().map(|it| it.unwrap().file_name());
    assert_eq!(installed.collect::<Vec<_>>(), ["libstd.rlib"]);
    assert!(!stage.path("target/front").exists(), "what was built with the former one is gone");
    check(&stage.setup(), "there already, skipped");
}

#[test]
fn without_rustup_the_library_is_built_from_an_archive() {
    let unpack = r#"mkdir -p "$4/rust-1/library/core" "$4/rust-1/library/std"
        touch "$4/rust-1/library/core/Cargo.toml" "$4/rust-1/library/std/Cargo.toml""#;
    let stage = stage("the_library_is_built_from_an_archive")
        .tool("rustup", RUSTUP_OFFLINE)
        .tool("tar", unpack);
    stage.write("library.tar.xz", "");
    let archive = stage.path("library.tar.xz").display().to_string();
    let stage = stage.with("MONOXIDE_RUST_SRC", &archive);

    check(&stage.setup(), &format!("built from {archive}"));
}

#[test]
fn without_rustup_the_library_is_built_from_the_component_in_the_toolchain() {
    let stage = stage("the_library_is_built_from_the_component").tool("rustup", RUSTUP_OFFLINE);
    stage.write("rust/lib/rustlib/src/rust/library/core/Cargo.toml", "");
    stage.write("rust/lib/rustlib/src/rust/library/std/Cargo.toml", "");

    check(&stage.setup(), "built from rustup's rust-src");
}

#[test]
fn without_rustup_the_library_is_built_from_the_system_s_package() {
    let apt = r#"
        case "$1" in
            indextargets) echo http://mirror/debian/; echo http://mirror/debian/ ;;
            update) grep -q "http://mirror/debian/ unstable main" sources.list ;;
            download) test "$2" = "rust-src=1.95.0*" && touch rust-src_1.95.0.deb ;;
        esac"#;
    let unpack = r#"test "${2##*/}" = rust-src_1.95.0.deb || exit 1
        mkdir -p "$3/usr/src/rustc-1.95.0/library/core" "$3/usr/src/rustc-1.95.0/library/std"
        cd "$3/usr/src/rustc-1.95.0/library" && touch core/Cargo.toml std/Cargo.toml"#;
    let stage = stage("the_library_is_built_from_the_system_s_package")
        .tool("rustup", RUSTUP_OFFLINE)
        .tool("apt-get", apt)
        .tool("dpkg-deb", unpack);

    let outcome = stage.setup();

    check(&outcome, "built from Debian's rust-src 1.95.0");
    let apts = outcome.calls.lines().filter(|line| line.starts_with("apt-get "));
    let changing = apts.filter(|line| !line.contains("indextargets")).collect::<Vec<_>>();
    assert!(changing.len() > 1, "{outcome:?}");
    for call in changing {
        let stage = stage.path("target/xtask/std/apt").display().to_string();
        assert!(call.contains(&format!("-oDir::State::lists={stage}")), "private: {call}");
        assert!(call.contains(&format!("-oDir::Etc::sourcelist={stage}")), "private: {call}");
    }
}

#[test]
fn a_library_that_does_not_build_leaves_nothing_behind() {
    let stage = stage("a_library_that_does_not_build")
        .tool("rustup", RUSTUP_OFFLINE)
        .tool("cargo", "exit 101");
    stage.write("source/core/Cargo.toml", "");
    stage.write("source/std/Cargo.toml", "");
    let source = stage.path("source").display().to_string();
    let stage = stage.with("MONOXIDE_RUST_SRC", &source);

    check_refused(
        &stage.setup(),
        &["source of Rust 1.95.0: `cargo build --release", "(exit status: 101)"],
    );

    assert!(!stage.path(LIBRARY).exists());
}

#[test]
fn without_any_source_one_line_says_what_is_missing_and_what_to_type() {
    let stage =
        stage("without_any_source").tool("rustup", RUSTUP_OFFLINE).tool("apt-get", APT_OFFLINE);

    check_refused(
        &stage.setup(),
        &[
            "the standard library for wasm32-unknown-unknown is missing",
            "`rustup target add wasm32-unknown-unknown` failed: error: no route",
            "MONOXIDE_RUST_SRC is not set",
            "E: unreachable",
            "type `rustup target add wasm32-unknown-unknown`",
            "type `MONOXIDE_RUST_SRC=<folder or archive> cargo xtask setup`",
        ],
    );
}

#[test]
fn without_rustup_and_apt_one_line_names_both() {
    check_refused(
        &stage("without_rustup_and_apt").setup(),
        &["`rustup` is missing", "`apt-get` is missing"],
    );
}

#[test]
fn a_named_folder_without_the_source_is_refused() {
    let stage = stage("a_named_folder_without_the_source").tool("rustup", RUSTUP_OFFLINE);
    let stage = stage.with("MONOXIDE_RUST_SRC", "/nowhere");

    check_refused(&stage.setup(), &["no standard library's source in /nowhere"]);
}

#[test]
fn a_missing_npm_is_one_line() {
    let stage = stage("a_missing_npm").tool("rustup", RUSTUP);
    fs::remove_file(stage.path("bin/npm")).unwrap();

    check_refused(&stage.setup(), &["`npm` is missing: install Node 20 or newer"]);
}

#[test]
fn a_named_browser_that_does_not_start_is_one_line() {
    let stage = stage("a_named_browser").tool("rustup", RUSTUP).tool("chromium", "exit 1");

    check_refused(&stage.setup(), &["MONOXIDE_CHROMIUM names no browser that starts"]);
}

/// A cargo that installs the programs of the development loop as a script in the stage's `bin`.
const CARGO_INSTALL: &str = r#"
case "$1 $2" in
    "leptos --version") cat "$STAGE/cargo-leptos" ;;
    "install cargo-leptos") echo "cargo-leptos $4" > "$STAGE/cargo-leptos" ;;
    "install wasm-bindgen-cli") sed -i "s/0.2.99/$4/" "$STAGE/$BIN/wasm-bindgen" ;;
esac
"#;

fn dev_stage(name: &str) -> Stage {
    let stage = stage(name).tool("rustup", RUSTUP).tool("cargo", CARGO_INSTALL);
    let package = |name| format!("[[package]]\nname = \"{name}\"\nversion = \"0.2.130\"\n");
    let lock = package("wasm-bindgen") + &package("wasm-bindgen-cli-support");
    stage.write("Cargo.lock", &lock);
    stage.write("cargo-leptos", "cargo-leptos 0.2.0");
    stage.tool("wasm-bindgen", "echo wasm-bindgen 0.2.99")
}

#[test]
fn the_development_loop_is_installed_once_and_a_wrong_wasm_bindgen_replaced() {
    let stage = dev_stage("the_development_loop_is_installed_once").with("BIN", "bin");

    let first = stage.play(&["setup", "--dev"]);
    let second = stage.play(&["setup", "--dev"]);

    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(first.stdout.contains("cargo-leptos: 0.3.11 installed"), "{first:?}");
    assert!(first.stdout.contains("wasm-bindgen: 0.2.130 replaced 0.2.99"), "{first:?}");
    assert_eq!(second.code, Some(0), "{second:?}");
    assert!(!second.calls.contains("install"), "{second:?}");
}

#[test]
fn a_wrong_wasm_bindgen_that_stands_in_front_is_named_with_the_right_one() {
    let stage = dev_stage("a_wrong_wasm_bindgen_stands_in_front").with("BIN", "cargo-bin");
    stage.write("cargo-bin/wasm-bindgen", "0.2.99");

    let outcome = stage.play(&["setup", "--dev"]);

    check_refused(&outcome, &["0.2.99", "the workspace uses 0.2.130", "remove the other"]);
}

#[test]
fn setup_installs_no_development_loop() {
    let stage = dev_stage("setup_installs_no_development_loop");

    check(&stage.setup(), "added by rustup");
}
