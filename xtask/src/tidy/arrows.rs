//! Who uses whom: data flows one way between our crates, and HTTP stays out of some.

use serde_json::Value;

/// Which crates of ours each crate may use.
const MAY_USE: [(&str, &[&str]); 12] = [
    ("monoxide-protocol", &[]),
    ("monoxide-engine", &["monoxide-protocol"]),
    ("monoxide-identity", &["monoxide-engine"]),
    ("monoxide-rules", &["monoxide-protocol", "monoxide-engine"]),
    (
        "monoxide-gateway",
        &["monoxide-protocol", "monoxide-engine", "monoxide-identity", "monoxide-client"],
    ),
    ("monoxide-client", &["monoxide-protocol"]),
    ("monoxide-ui", &["monoxide-protocol", "monoxide-client"]),
    (
        "monoxide-testkit",
        &["monoxide-protocol", "monoxide-engine", "monoxide-gateway", "monoxide-client"],
    ),
    ("monoxide-tools", &["monoxide-protocol", "monoxide-engine"]),
    (
        "monoxide-server",
        &[
            "monoxide-protocol",
            "monoxide-engine",
            "monoxide-identity",
            "monoxide-rules",
            "monoxide-gateway",
            "monoxide-tools",
        ],
    ),
    ("monoxide-app", &["monoxide-protocol", "monoxide-client", "monoxide-ui"]),
    ("xtask", &[]),
];

/// The crates that must not reach HTTP, not even through others.
const WITHOUT_HTTP: [&str; 4] =
    ["monoxide-protocol", "monoxide-engine", "monoxide-identity", "monoxide-rules"];

/// Libraries that are HTTP, or of use with it only; also those named `<this>-…`.
const HTTP: [&str; 9] =
    ["axum", "h2", "h3", "http", "hyper", "reqwest", "tokio-tungstenite", "tower", "tungstenite"];

/// Refuses the arrows between crates that `cargo metadata` shows and that should not be.
///
/// What only tests use is left out: they may look at a crate from outside.
pub(super) fn refusals(metadata: &Value) -> Vec<String> {
    let graph = Graph { metadata };
    let mut refusals = Vec::new();
    for package in graph.ours() {
        let (name, file) = (text(&package["name"]), graph.manifest(package));
        let Some((_, may_use)) = MAY_USE.iter().find(|(it, _)| *it == name) else {
            refusals.push(format!("{file}: say in xtask/src/tidy/arrows.rs what {name} may use"));
            continue;
        };
        for used in graph.used_by(package) {
            let used_name = text(&used["name"]);
            if graph.ours().any(|it| it == used) && !may_use.contains(&used_name) {
                refusals
                    .push(format!("{file}: {name} may not use {used_name}: drop that dependency"));
            }
        }
        if WITHOUT_HTTP.contains(&name) {
            let chain = graph.way_to_http(package, &mut Vec::new());
            refusals.extend(chain.map(|chain| {
                let chain = chain.join(" → ");
                format!("{file}: {name} knows no HTTP, drop what brings it: {chain}")
            }));
        }
    }
    refusals
}

/// What depends on what.
struct Graph<'a> {
    metadata: &'a Value,
}

impl<'a> Graph<'a> {
    fn packages(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        list(&self.metadata["packages"])
    }

    /// The packages of this workspace: all others come from a registry.
    fn ours(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.packages().filter(|package| package["source"].is_null())
    }

    /// The manifest of a package of ours, as seen from the top.
    fn manifest(&self, package: &'a Value) -> &'a str {
        let path = text(&package["manifest_path"]);
        let top = text(&self.metadata["workspace_root"]);
        path.strip_prefix(top).unwrap_or(path).trim_start_matches('/')
    }

    /// The packages that `package` is built with.
    fn used_by(&self, package: &Value) -> Vec<&'a Value> {
        let node = list(&self.metadata["resolve"]["nodes"]).find(|it| it["id"] == package["id"]);
        let used = node.into_iter().flat_map(|node| list(&node["deps"]));
        let built_with = used.filter(|it| list(&it["dep_kinds"]).any(|kind| kind["kind"] != "dev"));
        let found = |it: &'a Value| self.packages().find(|package| package["id"] == it["pkg"]);
        built_with.filter_map(found).collect()
    }

    /// The names from `package` to the first HTTP library that it reaches.
    fn way_to_http(&self, package: &'a Value, seen: &mut Vec<&'a Value>) -> Option<Vec<&'a str>> {
        if seen.contains(&package) {
            return None;
        }
        seen.push(package);
        let name = text(&package["name"]);
        if is_http(name) {
            return Some(vec![name]);
        }
        let mut ways = self.used_by(package).into_iter();
        let way = ways.find_map(|used| self.way_to_http(used, seen))?;
        Some([&[name], &way[..]].concat())
    }
}

fn is_http(name: &str) -> bool {
    let is = |http: &&str| {
        name.strip_prefix(*http).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    HTTP.iter().any(is)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A package, and what it uses for what: `None` is for itself.
    type Package<'a> = (&'a str, &'a [(&'a str, Option<&'a str>)]);

    /// Metadata of packages; names with `monoxide` or `xtask` are ours.
    fn metadata(packages: &[Package<'_>]) -> Value {
        let package = |(name, _): &Package<'_>| {
            let ours = name.contains("monoxide") || *name == "xtask";
            let source = if ours { Value::Null } else { json!("registry") };
            let path = format!("/top/{name}/Cargo.toml");
            json!({"name": name, "id": name, "source": source, "manifest_path": path})
        };
        let node = |(name, used): &Package<'_>| {
            let dependency = |(name, kind): &(&str, Option<&str>)| json!({"pkg": name, "dep_kinds": [{"kind": kind}]});
            json!({"id": name, "deps": used.iter().map(dependency).collect::<Vec<_>>()})
        };
        json!({
            "workspace_root": "/top",
            "packages": packages.iter().map(package).collect::<Vec<_>>(),
            "resolve": {"nodes": packages.iter().map(node).collect::<Vec<_>>()},
        })
    }

    #[track_caller]
    fn check(packages: &[Package<'_>], expected: &[&str]) {
        assert_eq!(refusals(&metadata(packages)), expected);
    }

    #[test]
    fn data_flows_one_way() {
        check(
            &[
                ("monoxide-server", &[("monoxide-gateway", None), ("anyhow", None)]),
                ("monoxide-gateway", &[("monoxide-engine", None), ("axum", None)]),
                ("monoxide-engine", &[]),
                ("anyhow", &[]),
                ("axum", &[]),
            ],
            &[],
        );
    }

    #[test]
    fn a_wrong_arrow_is_refused_also_from_a_build_script() {
        for kind in [None, Some("build")] {
            check(
                &[("monoxide-protocol", &[("monoxide-engine", kind)]), ("monoxide-engine", &[])],
                &["monoxide-protocol/Cargo.toml: monoxide-protocol may not use monoxide-engine: \
                   drop that dependency"],
            );
        }
    }

    #[test]
    fn tests_may_use_what_the_crate_may_not() {
        let testkit = [("monoxide-testkit", Some("dev"))];
        check(
            &[
                ("monoxide-engine", &testkit),
                ("monoxide-testkit", &[("monoxide-engine", None), ("axum", None)]),
                ("axum", &[]),
            ],
            &[],
        );
    }

    #[test]
    fn xtask_uses_none_of_ours() {
        check(
            &[("xtask", &[("monoxide-protocol", None)]), ("monoxide-protocol", &[])],
            &["xtask/Cargo.toml: xtask may not use monoxide-protocol: drop that dependency"],
        );
    }

    #[test]
    fn a_crate_that_is_not_in_the_table_is_refused() {
        check(
            &[("monoxide-new", &[])],
            &["monoxide-new/Cargo.toml: say in xtask/src/tidy/arrows.rs what monoxide-new may use"],
        );
    }

    #[test]
    fn http_is_refused_however_far_away() {
        check(
            &[
                ("monoxide-engine", &[("a", None)]),
                ("a", &[("b", None), ("a", None)]),
                ("b", &[("a", None), ("http-body", None)]),
                ("http-body", &[]),
            ],
            &["monoxide-engine/Cargo.toml: monoxide-engine knows no HTTP, drop what brings it: \
               monoxide-engine → a → b → http-body"],
        );
    }

    #[test]
    fn a_name_that_only_begins_like_http_is_not_http() {
        assert!(
            ["http", "hyper-util", "tower-layer", "axum-core", "tungstenite"].map(is_http)
                == [true; 5]
        );
        assert!(["httparse2", "towering", "tokio", "h2o"].map(is_http) == [false; 4]);
    }
}
