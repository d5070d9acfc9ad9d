//! `/?api=topics`: how what is watched is used, page by page. The noun is ours.

use monoxide_protocol::TopicUse;
use serde::Serialize;

use super::{Paging, Parameters};
use crate::{
    door::Door,
    error::Refusal,
    monitor::{Query, Rank, topic_uses},
};

#[derive(Debug, Serialize)]
pub(super) struct Page {
    topics: Vec<Named>,
    total: usize,
    page: i64,
    limit: i64,
}

#[derive(Debug, Serialize)]
struct Named {
    key: String,
    #[serde(flatten)]
    used: TopicUse,
}

/// The page that is asked for, by name where no other order is.
pub(super) async fn page(door: &Door, parameters: &Parameters) -> Result<Page, Refusal> {
    let (paging, query) = (Paging::of(parameters), Query::of(parameters));
    let flows = door.monitor.flows();
    let mut rows: Vec<_> = topic_uses(door.engine.topics().await?)
        .into_iter()
        .filter(|(key, _)| key.to_lowercase().contains(&query.find))
        .map(|(key, mut used)| {
            flows.tell(&key, &mut used);
            Named { key, used }
        })
        .collect();
    query.order(&mut rows, rank);
    let total = rows.len();
    let topics = rows.into_iter().skip(paging.skip()).take(paging.take()).collect();
    let Paging { page, limit } = paging;
    Ok(Page { topics, total, page, limit })
}

fn rank(Named { key, used }: &Named, sort: &str) -> Option<Rank> {
    Some(match sort {
        "key" => Rank::Text(key.clone()),
        "subscribers" => Rank::Number(used.subscribers as u64),
        "version" => Rank::Text(used.version.clone()),
        "windowMessages" => Rank::Number(used.window_messages as u64),
        "windowBytes" => Rank::Number(used.window_bytes as u64),
        "skips" => Rank::Number(used.skips),
        "messages" => Rank::Number(used.messages),
        "bytes" => Rank::Number(used.bytes),
        "messagesPerSecond" => Rank::Number(used.messages_per_second),
        "bytesPerSecond" => Rank::Number(used.bytes_per_second),
        _ => return None,
    })
}
