//! `/?api=state`: who watches what.

use serde::Serialize;

use crate::{door::Door, error::Refusal};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct State {
    pools: Vec<Pool>,
    total_connections: usize,
}

#[derive(Debug, Serialize)]
struct Pool {
    key: String,
    connections: usize,
}

/// What the clock is called where keys and lists are told by name.
pub(crate) const CLOCK: &str = "(clock)";

/// What has connections: the clock first, the rest by name.
pub(super) async fn state(door: &Door) -> Result<State, Refusal> {
    let topics = door.engine.topics().await?;
    let pool = |key: String, connections| Pool { key, connections };
    let mut pools: Vec<_> =
        topics.iter().map(|topic| pool(topic.watched.to_string(), topic.subscribers)).collect();
    pools.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    pools.insert(0, pool(CLOCK.to_owned(), door.clock.subscribers()));
    // Who sees something else of the same is counted under the same name.
    pools.dedup_by(|next, pool| {
        let is_same = next.key == pool.key;
        pool.connections += if is_same { next.connections } else { 0 };
        is_same
    });
    pools.retain(|pool| pool.connections > 0);
    let total_connections = pools.iter().map(|pool| pool.connections).sum();
    Ok(State { pools, total_connections })
}
