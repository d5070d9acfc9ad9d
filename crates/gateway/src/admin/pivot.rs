//! `/?api=pivot`: how the server shares its state with others, which it does not yet.

use serde::Serialize;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pivot {
    role: &'static str,
    #[serde(rename = "pivotIP")]
    pivot_ip: &'static str,
    nodes: Option<()>,
    synced_keys: Option<()>,
    pivot_healthy: bool,
    pivot_last_check: &'static str,
    pivot_protocol: &'static str,
    pivot_compatible: bool,
}

pub(super) const NOT_CONFIGURED: Pivot = Pivot {
    role: "none",
    pivot_ip: "",
    nodes: None,
    synced_keys: None,
    pivot_healthy: false,
    pivot_last_check: "",
    pivot_protocol: "",
    pivot_compatible: false,
};

/// Whether a path is replication's own, which people are not shown.
pub(super) fn is_own(path: &str) -> bool {
    path == "pivot" || path.starts_with("pivot/")
}
