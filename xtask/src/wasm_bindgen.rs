//! The one version of wasm-bindgen: of the library in the page, of the one that writes the glue, and
//! of the program that `cargo leptos` runs for that.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{files, program};

/// The version of the library in the page, which that of the glue's writer must equal.
pub(crate) fn version() -> Result<String> {
    let lock = String::from_utf8(files::read(Path::new("Cargo.lock"))?)?;
    locked(&lock)
}

fn locked(lock: &str) -> Result<String> {
    let [page, glue] = ["wasm-bindgen", "wasm-bindgen-cli-support"]
        .map(|name| versions(lock, name).context(format!("Cargo.lock has no {name}")));
    let (page, glue) = (page?, glue?);
    ensure!(
        page == glue,
        "wasm-bindgen is {page} in Cargo.lock, but wasm-bindgen-cli-support is {glue}: give both \
         the same `=version` in Cargo.toml"
    );
    Ok(page)
}

/// The version of a package in a lock file; all of them if there is more than one.
fn versions(lock: &str, name: &str) -> Option<String> {
    let head = format!("name = \"{name}\"\nversion = \"");
    let found: Vec<&str> =
        lock.split(&head).skip(1).filter_map(|it| it.split('"').next()).collect();
    (!found.is_empty()).then(|| found.join(" and "))
}

/// Makes sure that the program `wasm-bindgen` on the PATH is of the workspace's version, because
/// `cargo leptos` runs whatever it finds there.
pub(crate) fn ensure_program() -> Result<String> {
    let wanted = version()?;
    let before = on_path();
    if before.as_ref() == Some(&wanted) {
        return Ok(format!("{wanted} there already, skipped"));
    }
    let mut install = crate::setup::cargo_install("wasm-bindgen-cli", &wanted);
    // The lock file it brings may name versions that this compiler or a mirror does not have.
    install.args(["--bin", "wasm-bindgen", "--force"]);
    program::run(install.env("CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS", "fallback"))?;
    match (before, on_path()) {
        (None, Some(now)) if now == wanted => Ok(format!("{wanted} installed")),
        (Some(before), Some(now)) if now == wanted => Ok(format!("{wanted} replaced {before}")),
        (_, Some(now)) => bail!(
            "the `wasm-bindgen` that the PATH finds first is {now}, the workspace uses {wanted}, \
             which is now in cargo's bin folder: remove the other or put that folder first"
        ),
        (_, None) => {
            bail!("wasm-bindgen {wanted} is installed, but cargo's bin folder is not on the PATH")
        }
    }
}

/// The version of the program that the PATH finds.
fn on_path() -> Option<String> {
    let text = program::read(Command::new("wasm-bindgen").arg("--version")).ok()?;
    text.split_whitespace().nth(1).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(packages: &[(&str, &str)]) -> String {
        let package = |(name, version): &(&str, &str)| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n")
        };
        packages.iter().map(package).collect()
    }

    #[test]
    fn the_page_and_the_glue_have_one_version() {
        let lock = lock(&[("wasm-bindgen", "0.2.1"), ("wasm-bindgen-cli-support", "0.2.1")]);

        assert_eq!(locked(&lock).unwrap(), "0.2.1");
    }

    #[test]
    fn a_mismatch_names_both_versions_and_the_fix() {
        let lock = lock(&[("wasm-bindgen", "0.2.2"), ("wasm-bindgen-cli-support", "0.2.1")]);

        let error = locked(&lock).unwrap_err().to_string();

        assert!(error.contains("0.2.2") && error.contains("0.2.1"), "{error}");
        assert!(error.contains("Cargo.toml"), "{error}");
    }

    #[test]
    fn a_second_wasm_bindgen_is_a_mismatch_too() {
        let two = [("wasm-bindgen", "0.2.1"), ("wasm-bindgen", "0.2.2")];
        let lock = lock(&two) + &lock(&[("wasm-bindgen-cli-support", "0.2.1")]);

        let error = locked(&lock).unwrap_err().to_string();

        assert!(error.contains("0.2.1 and 0.2.2"), "{error}");
    }
}
