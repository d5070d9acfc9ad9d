//! `/?api=connections`: which sockets there are, page by page. The noun is ours.

use std::net::SocketAddr;

use serde::Serialize;

use super::{Paging, Parameters, state::CLOCK};
use crate::{connections::Connection, guests::Guests};

#[derive(Debug, Serialize)]
pub(super) struct Page {
    connections: Vec<Described>,
    total: usize,
    page: i64,
    limit: i64,
}

#[derive(Debug, Serialize)]
struct Described {
    id: u64,
    address: SocketAddr,
    watches: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    since: u64,
    messages: u64,
    bytes: u64,
    behind: u64,
    skips: u64,
}

/// The page that is asked for, the newest first.
pub(super) fn page(guests: &Guests, parameters: &Parameters) -> Page {
    let paging = Paging::of(parameters);
    let (total, connections) = guests.connections().page(paging.skip(), paging.take());
    let connections = connections.iter().map(|connection| describe(connection)).collect();
    let Paging { page, limit } = paging;
    Page { connections, total, page, limit }
}

fn describe(connection: &Connection) -> Described {
    let backlog = connection.backlog.as_ref();
    Described {
        id: connection.id,
        address: connection.guest.address,
        watches: backlog.map_or_else(|| CLOCK.to_owned(), |it| it.watched().to_string()),
        account: connection.identity.name().map(str::to_owned),
        since: connection.since,
        messages: connection.messages(),
        bytes: connection.bytes(),
        behind: backlog.map_or(0, |backlog| backlog.behind()),
        skips: backlog.map_or(0, |backlog| backlog.skips()),
    }
}
