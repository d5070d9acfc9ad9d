//! `/?api=filters`: what the filters of each path do.

use std::time::Duration;

use monoxide_engine::{Engine, FilterInfo};
use monoxide_protocol::Glob;
use serde::Serialize;
use serde_json::Value;

use super::pivot;
use crate::example::example;

#[derive(Debug, Serialize)]
pub(super) struct Filters<'a> {
    paths: Vec<&'a Glob>,
    filters: Vec<Filter<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Filter<'a> {
    path: &'a Glob,
    #[serde(rename = "type")]
    kind: &'static str,
    can_read: bool,
    can_write: bool,
    can_delete: bool,
    is_glob: bool,
    #[serde(flatten)]
    limit: Option<Limit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    desc_write: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    desc_read: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    desc_delete: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    desc_after_write: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    desc_limit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<Value>,
    // From here on the names are ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    json_schema: Option<&'a Value>,
    /// How many objects the limit holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    objects: Option<usize>,
    /// What a limit that changes is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    current_limit: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_max_age: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Limit {
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
    #[serde(skip_serializing_if = "is_false")]
    limit_dynamic: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_age: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    max_age_dynamic: bool,
    order: &'static str,
    cleanup_enabled: bool,
    cleanup_interval: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "this is how serde calls it")]
fn is_false(it: &bool) -> bool {
    !it
}

/// The filters, path by path, in the order they were added.
pub(super) fn filters(engine: &Engine) -> Filters<'_> {
    let infos = engine.filters();
    let shown = infos.iter().filter(|info| !pivot::is_own(info.path.as_str()));
    Filters {
        paths: infos.iter().map(|info| &info.path).collect(),
        filters: shown.map(|info| filter(engine, info)).collect(),
    }
}

fn filter<'a>(engine: &Engine, info: &'a FilterInfo) -> Filter<'a> {
    let limit = info.limit.as_ref();
    Filter {
        path: &info.path,
        kind: kind(info),
        can_read: info.can_read,
        can_write: info.can_write,
        can_delete: info.can_delete,
        is_glob: info.path.is_list(),
        limit: limit.map(describe),
        desc_write: info.about_write.as_deref(),
        desc_read: info.about_read.as_deref(),
        desc_delete: info.about_delete.as_deref(),
        desc_after_write: info.about_after_write.as_deref(),
        desc_limit: info.about_limit.as_deref(),
        schema: info.schema.as_ref().map(example),
        json_schema: info.schema.as_ref(),
        objects: limit.map(|_| engine.limited(&info.path)),
        current_limit: limit
            .filter(|limit| limit.is_count_dynamic())
            .and_then(monoxide_engine::Limit::current_count),
        current_max_age: limit
            .filter(|limit| limit.is_age_dynamic())
            .and_then(|limit| limit.current_age().map(duration)),
    }
}

fn kind(info: &FilterInfo) -> &'static str {
    match (info.can_read, info.can_write, info.can_delete) {
        _ if info.limit.is_some() => "limit",
        (true, true, true) => "open",
        (true, false, _) => "read-only",
        (false, true, _) => "write-only",
        _ => "custom",
    }
}

fn describe(limit: &monoxide_engine::Limit) -> Limit {
    let (counts, ages) = (limit.is_count_dynamic(), limit.is_age_dynamic());
    Limit {
        limit: limit.current_count().filter(|_| !counts),
        limit_dynamic: counts,
        max_age: limit.current_age().filter(|_| !ages).map(duration),
        max_age_dynamic: ages,
        order: if limit.is_oldest_first() { "asc" } else { "desc" },
        cleanup_enabled: true,
        cleanup_interval: duration(limit.clean_up_every()),
    }
}

/// A duration as Go writes it: `24h0m0s`, `1.5s`, `400ms`.
fn duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    match nanos {
        0 => return "0s".to_owned(),
        1..1_000 => return format!("{nanos}ns"),
        1_000..1_000_000 => return format!("{}µs", decimal(nanos, 3)),
        1_000_000..1_000_000_000 => return format!("{}ms", decimal(nanos, 6)),
        _ => {}
    }
    let (hours, minutes) = (duration.as_secs() / 3600, duration.as_secs() / 60 % 60);
    let seconds = decimal(nanos % 60_000_000_000, 9);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds}s"),
        _ => format!("{hours}h{minutes}m{seconds}s"),
    }
}

/// `number` with so many of its digits after the point, and no zeros at the end of them.
fn decimal(number: u128, digits: u32) -> String {
    let unit = 10_u128.pow(digits);
    let text = format!("{}.{:0>width$}", number / unit, number % unit, width = digits as usize);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
