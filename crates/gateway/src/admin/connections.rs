//! `/?api=connections`: which sockets there are, page by page. The noun is ours.

use monoxide_protocol::ConnectionUse;
use serde::Serialize;

use super::{Paging, Parameters};
use crate::{
    door::Door,
    monitor::{Query, Rank, connection},
};

#[derive(Debug, Serialize)]
pub(super) struct Page {
    connections: Vec<ConnectionUse>,
    total: usize,
    page: i64,
    limit: i64,
}

/// The page that is asked for, the newest first where no other order is.
pub(super) fn page(door: &Door, parameters: &Parameters) -> Page {
    let (paging, query) = (Paging::of(parameters), Query::of(parameters));
    let (all, flows) = (door.running.guests.connections(), door.monitor.flows());
    let (total, connections) = if query.is_plain() {
        let (total, connections) = all.page(paging.skip(), paging.take());
        (total, connections.iter().map(|it| connection(it, &flows)).collect())
    } else {
        let all = all.all();
        let mut rows: Vec<_> = all.iter().rev().map(|it| connection(it, &flows)).collect();
        rows.retain(|row| is_found(row, &query.find));
        query.order(&mut rows, rank);
        (rows.len(), rows.into_iter().skip(paging.skip()).take(paging.take()).collect())
    };
    let Paging { page, limit } = paging;
    Page { connections, total, page, limit }
}

fn is_found(row: &ConnectionUse, find: &str) -> bool {
    let texts = [Some(&row.address), Some(&row.watches), row.account.as_ref()];
    texts.into_iter().flatten().any(|text| text.to_lowercase().contains(find))
}

fn rank(row: &ConnectionUse, sort: &str) -> Option<Rank> {
    Some(match sort {
        "id" => Rank::Number(row.id),
        "address" => Rank::Text(row.address.clone()),
        "watches" => Rank::Text(row.watches.clone()),
        "account" => Rank::Text(row.account.clone().unwrap_or_default()),
        "since" => Rank::Number(row.since),
        "messages" => Rank::Number(row.messages),
        "bytes" => Rank::Number(row.bytes),
        "messagesPerSecond" => Rank::Number(row.messages_per_second),
        "bytesPerSecond" => Rank::Number(row.bytes_per_second),
        "behind" => Rank::Number(row.behind),
        "skips" => Rank::Number(row.skips),
        _ => return None,
    })
}
