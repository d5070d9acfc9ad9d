//! `/?api=keys`: which keys there are, page by page.

use monoxide_engine::Session;
use monoxide_protocol::Key;
use serde::Serialize;

use super::{Paging, Parameters};

#[derive(Debug, Serialize)]
pub(super) struct Page {
    keys: Vec<Key>,
    total: usize,
    page: i64,
    limit: i64,
    filter: String,
}

/// The page that is asked for.
pub(super) fn page(session: &Session, parameters: &Parameters) -> Page {
    let paging = Paging::of(parameters);
    let filter = parameters.get("filter").unwrap_or_default();
    // What stands before the first star is all that counts.
    let prefix = filter.split('*').next().unwrap_or_default();

    let mut keys = session.all_keys();
    keys.retain(|key| key.as_str().starts_with(prefix));
    keys.sort_unstable();
    let total = keys.len();
    let keys = keys.into_iter().skip(paging.skip()).take(paging.take()).collect();
    let Paging { page, limit } = paging;
    Page { keys, total, page, limit, filter: filter.to_owned() }
}
