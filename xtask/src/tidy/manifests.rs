//! Where versions stand: in the root manifest, each once, and none that nobody uses.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context as _, Result};
use serde_json::Value;
use toml::Table;

use crate::files;

/// A `Cargo.toml`, by its path from the top.
pub(super) struct Manifest {
    path: String,
    table: Table,
}

/// Reads the root manifest, which comes first, and those of the packages in `cargo metadata`.
pub(super) fn read(metadata: &Value) -> Result<Vec<Manifest>> {
    let packages = metadata["packages"].as_array().context("cargo metadata without packages")?;
    let ours = packages.iter().filter(|package| package["source"].is_null());
    let top = Path::new(metadata["workspace_root"].as_str().unwrap_or_default());
    let paths = ours.filter_map(|package| package["manifest_path"].as_str()).map(Path::new);
    let paths = paths.filter_map(|path| path.strip_prefix(top).ok());
    let read = |path: &Path| {
        let path = path.display().to_string();
        let text = String::from_utf8(files::read(Path::new(&path))?)?;
        let table = text.parse().with_context(|| format!("cannot read {path}"))?;
        Ok(Manifest { path, table })
    };
    [Path::new("Cargo.toml")].into_iter().chain(paths).map(read).collect()
}

/// Refuses versions outside the root manifest, and what stands there without need.
pub(super) fn refusals(manifests: &[Manifest]) -> Vec<String> {
    let Some((root, members)) = manifests.split_first() else {
        return Vec::new();
    };
    let mut refusals = Vec::new();
    let mut used = BTreeSet::new();
    for Manifest { path, table } in members {
        for (name, dependency) in dependencies(table) {
            used.insert(name);
            if dependency.get("workspace").and_then(toml::Value::as_bool) != Some(true) {
                refusals.push(format!(
                    "{path}: write `{name}.workspace = true` and put its version into Cargo.toml"
                ));
            }
        }
    }
    let offered = root.table.get("workspace").and_then(|it| it.get("dependencies"));
    for (name, dependency) in offered.and_then(toml::Value::as_table).into_iter().flatten() {
        if !used.contains(name.as_str()) {
            refusals.push(format!("Cargo.toml: nobody uses `{name}`: drop it"));
        }
        if name.starts_with("wasm-bindgen") && !name.ends_with("futures") && !is_exact(dependency) {
            refusals.push(format!("Cargo.toml: pin `{name}` exactly, as `=<version>`"));
        }
    }
    refusals
}

/// Every dependency of a package: of itself, its tests and its build script, on any target.
fn dependencies(table: &Table) -> impl Iterator<Item = (&str, &toml::Value)> {
    let targets = table.get("target").and_then(toml::Value::as_table);
    let targets = targets.into_iter().flatten().filter_map(|(_, target)| target.as_table());
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let tables = [table].into_iter().chain(targets);
    let lists = tables.flat_map(move |table| kinds.map(|kind| table.get(kind)));
    let lists = lists.flatten().filter_map(toml::Value::as_table);
    lists.flatten().map(|(name, dependency)| (name.as_str(), dependency))
}

fn is_exact(dependency: &toml::Value) -> bool {
    let version = dependency.as_str().or_else(|| dependency.get("version")?.as_str());
    version.is_some_and(|version| version.starts_with('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(root: &str, member: &str, expected: &[&str]) {
        let manifest = |path: &str, text: &str| Manifest {
            path: path.to_owned(),
            table: text.parse().unwrap(),
        };
        let manifests = [manifest("Cargo.toml", root), manifest("engine/Cargo.toml", member)];

        assert_eq!(refusals(&manifests), expected);
    }

    const BYTES: &str = "[workspace.dependencies]\nbytes = '1'";

    #[test]
    fn a_version_in_the_root_manifest_is_fine_wherever_it_is_used() {
        for list in [
            "[dependencies]\nbytes.workspace = true",
            "[dependencies]\nbytes = { workspace = true, features = ['std'] }",
            "[dev-dependencies.bytes]\nworkspace = true",
            "[target.'cfg(unix)'.build-dependencies]\nbytes.workspace = true",
        ] {
            check(BYTES, list, &[]);
        }
    }

    #[test]
    fn a_version_of_its_own_is_refused_wherever_it_stands() {
        for list in [
            "[dependencies]\nbytes = '1'",
            "[dev-dependencies]\nbytes = { version = '1', features = ['std'] }",
            "[target.'cfg(unix)'.dependencies]\nbytes = { path = '../bytes' }",
        ] {
            check(
                BYTES,
                list,
                &["engine/Cargo.toml: write `bytes.workspace = true` and put its \
                                  version into Cargo.toml"],
            );
        }
    }

    #[test]
    fn a_dependency_that_nobody_uses_is_refused() {
        check(BYTES, "[dependencies]", &["Cargo.toml: nobody uses `bytes`: drop it"]);
    }

    #[test]
    fn wasm_bindgen_is_pinned_exactly() {
        let member = "[dependencies]\nwasm-bindgen.workspace = true";
        let root = |version| format!("[workspace.dependencies]\nwasm-bindgen = '{version}'");

        check(&root("=0.2.1"), member, &[]);
        check(&root("0.2.1"), member, &["Cargo.toml: pin `wasm-bindgen` exactly, as `=<version>`"]);
    }
}
