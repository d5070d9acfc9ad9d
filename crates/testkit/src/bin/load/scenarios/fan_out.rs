//! Few write, many are told.

use std::io;

use super::Bench;
use crate::{
    http::Post,
    publisher::Publisher,
    publishing::{Campaign, Pace},
    report::{Row, count},
    swarm::{Swarm, Wish},
};

/// How long the data of an object is.
const DATA: usize = 100;

/// How many subscribers are on their way at once.
const AT_ONCE: usize = 128;

/// How many publications are on their way flat out.
const IN_FLIGHT: u64 = 8;

/// How many connections the publisher has.
const PUBLISHERS: usize = 4;

/// How many deliveries a second are made at a fixed rate, over many topics.
const DELIVERIES: f64 = 20_000.0;

/// All watch one key: `rate` publications a second; then one after the other; then several at
/// once.
pub(super) fn one_key(
    bench: &Bench,
    name: &str,
    readers: usize,
    rate: f64,
) -> io::Result<Vec<Row>> {
    measure(bench, name, &["/fan/out".to_owned()], readers, rate)
}

/// Each key has some watchers; the publisher writes to one key after the other.
pub(super) fn topics(
    bench: &Bench,
    name: &str,
    topics: usize,
    readers: usize,
) -> io::Result<Vec<Row>> {
    let targets: Vec<_> = (0..topics).map(|number| format!("/topics/{number}")).collect();
    let readers_each = u32::try_from(readers).unwrap_or(u32::MAX);
    measure(bench, name, &targets, readers, DELIVERIES / f64::from(readers_each))
}

fn measure(
    bench: &Bench,
    name: &str,
    targets: &[String],
    readers: usize,
    rate: f64,
) -> io::Result<Vec<Row>> {
    let mut publisher = Publisher::connect(bench.address, PUBLISHERS)?;
    let mut posts: Vec<_> = targets.iter().map(|target| Post::new(target, DATA)).collect();
    // The objects are there before they are watched, so that each change is a patch.
    posts.iter_mut().try_for_each(|post| publisher.post(post, 0))?;
    publisher.finish()?;

    let before = bench.server.memory()?;
    let mut swarm = Swarm::new(bench.address)?;
    let wishes = targets.iter().map(|target| Wish::to_watch(target));
    let wishes: Vec<_> = wishes.flat_map(|wish| std::iter::repeat_n(wish, readers)).collect();
    swarm.open(&wishes, AT_ONCE)?;
    bench.settle()?;
    let grown = bench.server.memory()?.saturating_sub(before);
    let connections = u64::try_from(wishes.len()).unwrap_or(u64::MAX);
    let snapshot = swarm.take_tally().snapshot;

    let mut number = 0;
    let mut campaign = Campaign {
        server: &bench.server,
        publisher: &mut publisher,
        posts: &mut posts,
        readers: u64::try_from(readers).unwrap_or(u64::MAX),
        number: &mut number,
    };
    let mut rows = Vec::new();
    for (kind, pace) in [
        ("", Pace::Fixed(rate)),
        ("-single", Pace::FlatOut { in_flight: 1 }),
        ("-flat", Pace::FlatOut { in_flight: IN_FLIGHT }),
    ] {
        rows.push(campaign.measure(&format!("{name}{kind}"), &mut swarm, pace, bench.time)?);
    }
    for row in &mut rows {
        row.sizes.snapshot = snapshot;
        row.bytes_per_connection = Some(count(grown) / count(connections));
    }
    Ok(rows)
}
