//! Healthy readers beside some that never read.

use std::{io, time::Duration};

use super::Bench;
use crate::{
    clock::now,
    http::Post,
    publisher::Publisher,
    publishing::{Campaign, Pace},
    report::{Row, count},
    swarm::{Swarm, Wish},
};

/// How long a message is.
const DATA: usize = 20_000;

/// How many messages come before it is measured without those, so that the two can be compared.
const WARM_UP: u64 = 50;

/// How many messages make sure that those who do not read are stuck before it is measured:
/// more than what the kernel keeps for them.
const UNTIL_STUCK: u64 = 250;

/// How long those who begin to read may take until they are up to date.
const TO_CATCH_UP: Duration = Duration::from_secs(10);

/// Publishes while none is stalled, then while some are, then lets those read.
pub(super) fn readers(
    bench: &Bench,
    name: &str,
    healthy: usize,
    stalled: usize,
    rate: f64,
) -> io::Result<Vec<Row>> {
    let mut publisher = Publisher::connect(bench.address, 4)?;
    let mut posts = [Post::new("/slow/key", DATA)];
    publisher.post(&mut posts[0], 0)?;
    publisher.finish()?;
    let (mut swarm, wish) = (Swarm::new(bench.address)?, Wish::to_watch("/slow/key"));
    swarm.open(&vec![wish.clone(); healthy], 64)?;
    let snapshot = swarm.take_tally().snapshot;

    let mut number = 0;
    let readers = u64::try_from(healthy).unwrap_or(u64::MAX);
    let (server, posts) = (&bench.server, &mut posts[..]);
    let mut campaign =
        Campaign { server, publisher: &mut publisher, posts, readers, number: &mut number };
    let pace = Pace::Fixed(rate);
    campaign.repeat(&mut swarm, WARM_UP)?;
    let none = campaign.measure(&format!("{name}+0"), &mut swarm, pace, bench.time)?;
    swarm.open(&vec![wish.and_stall(); stalled], 64)?;
    campaign.repeat(&mut swarm, UNTIL_STUCK)?;
    let some = campaign.measure(&format!("{name}+{stalled}"), &mut swarm, pace, bench.time)?;
    let start = now();
    let caught_up = swarm.drain(number, TO_CATCH_UP)?;
    let (took, tally) = (start.elapsed(), swarm.take_tally());
    let some = some.count("caught_up", count(caught_up)).count("of", size(stalled));
    let some = some.count("catching_up_ms", took.as_secs_f64() * 1e3);
    let some = some.count("late_patches", count(tally.patches));
    let some = some.count("late_snapshots", count(tally.snapshots));
    let mut rows: Vec<Row> = vec![none, some];
    rows.iter_mut().for_each(|row| row.sizes.snapshot = snapshot);
    Ok(rows)
}

fn size(number: usize) -> f64 {
    count(u64::try_from(number).unwrap_or(u64::MAX))
}
