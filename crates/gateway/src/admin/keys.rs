//! `/?api=keys`: which keys there are, page by page.

use monoxide_engine::Session;
use monoxide_protocol::Key;
use serde::Serialize;

use super::Parameters;

const LIMIT: i64 = 50;
const LARGEST: i64 = 500;

#[derive(Debug, Serialize)]
pub(super) struct Page {
    keys: Vec<Key>,
    total: usize,
    page: i64,
    limit: i64,
    filter: String,
}

/// The page that is asked for. What is asked for wrongly is as if it were not.
pub(super) fn page(session: &Session, parameters: &Parameters) -> Page {
    let number = |name| parameters.get(name).and_then(|text| text.parse::<i64>().ok());
    let page = number("page").filter(|page| *page >= 1).unwrap_or(1);
    let limit = number("limit").filter(|limit| (1..=LARGEST).contains(limit)).unwrap_or(LIMIT);
    let filter = parameters.get("filter").unwrap_or_default();
    // What stands before the first star is all that counts.
    let prefix = filter.split('*').next().unwrap_or_default();

    let mut keys = session.all_keys();
    keys.retain(|key| key.as_str().starts_with(prefix));
    keys.sort_unstable();
    let total = keys.len();
    // A page beyond the end is empty, however far beyond.
    let first = usize::try_from((page - 1).saturating_mul(limit)).unwrap_or(usize::MAX);
    let keys = keys.into_iter().skip(first).take(usize::try_from(limit).unwrap_or_default());
    Page { keys: keys.collect(), total, page, limit, filter: filter.to_owned() }
}
