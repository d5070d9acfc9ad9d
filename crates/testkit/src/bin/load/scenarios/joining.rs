//! Who comes: to stay idle, all at once, one by one, and back again.

use std::{io, thread, time::Duration};

use super::Bench;
use crate::{
    board::Board,
    clock::{now, sleep},
    http::Post,
    publisher::Publisher,
    publishing::{Campaign, Pace},
    report::{Row, Sizes, Spent, Stretch, count},
    swarm::{Swarm, Tally, Wish},
};

/// How many are on their way at once where that is not what is measured.
const AT_ONCE: usize = 128;

/// How many objects the list has that is joined. All of it is a snapshot of 368 KB.
const ITEMS: usize = 2_000;

/// How long the data of each is.
const ITEM: usize = 88;

/// How many messages who comes back has missed.
const MISSED: u64 = 10;

/// All watch one key, and nothing happens.
pub(super) fn idle(bench: &Bench, name: &str, readers: usize) -> io::Result<Vec<Row>> {
    stay(bench, name, &vec![Wish::to_watch("/idle/key"); readers])
}

/// Each watches a key of its own, and nothing happens.
pub(super) fn idle_topics(bench: &Bench, name: &str, readers: usize) -> io::Result<Vec<Row>> {
    let wishes = (0..readers).map(|number| Wish::to_watch(&format!("/idle/{number}")));
    stay(bench, name, &wishes.collect::<Vec<_>>())
}

fn stay(bench: &Bench, name: &str, wishes: &[Wish]) -> io::Result<Vec<Row>> {
    let mut publisher = Publisher::connect(bench.address, 1)?;
    publisher.post(&mut Post::new("/idle/key", 100), 0)?;
    publisher.finish()?;
    bench.settle()?;

    let before = bench.server.memory()?;
    let mut swarm = Swarm::new(bench.address)?;
    let stretch = Stretch::begin(&bench.server)?;
    swarm.open(wishes, AT_ONCE)?;
    let spent = stretch.end()?;
    bench.settle()?;
    let grown = bench.server.memory()?.saturating_sub(before);

    let doing_nothing = Stretch::begin(&bench.server)?;
    sleep(bench.time);
    let doing_nothing = doing_nothing.end()?;
    let mut row = joined(name, wishes.len(), spent, &swarm.take_tally());
    row.bytes_per_connection = Some(count(grown) / units(wishes.len()));
    let share = doing_nothing.server.as_secs_f64() / doing_nothing.time.as_secs_f64();
    Ok(vec![row.count("cpu_percent_while_idle", share * 100.0)])
}

/// All join a long list in the same moment.
pub(super) fn storm(bench: &Bench, name: &str, joiners: usize) -> io::Result<Vec<Row>> {
    fill(bench)?;
    let before = bench.server.memory()?;
    let mut swarm = Swarm::new(bench.address)?;
    let stretch = Stretch::begin(&bench.server)?;
    swarm.open(&vec![Wish::to_watch("/join/*"); joiners], joiners)?;
    let spent = stretch.end()?;
    bench.settle()?;
    let grown = bench.server.memory()?.saturating_sub(before);
    let mut row = joined(name, joiners, spent, &swarm.take_tally());
    row.bytes_per_connection = Some(count(grown) / units(joiners));
    swarm.close();
    bench.settle()?;
    Ok(vec![row, others(bench, &format!("{name}-others"), joiners)?])
}

/// What those notice of the storm who watch and write something else.
fn others(bench: &Bench, name: &str, joiners: usize) -> io::Result<Row> {
    const WATCHING: u8 = 100;
    let mut publisher = Publisher::connect(bench.address, 4)?;
    let mut posts = [Post::new("/other/key", 100)];
    publisher.post(&mut posts[0], 0)?;
    publisher.finish()?;
    let mut others = Swarm::new(bench.address)?;
    others.open(&vec![Wish::to_watch("/other/key"); usize::from(WATCHING)], AT_ONCE)?;
    let mut campaign = Campaign {
        server: &bench.server,
        publisher: &mut publisher,
        posts: &mut posts,
        readers: u64::from(WATCHING),
        number: &mut 0,
    };
    thread::scope(|scope| {
        let storm = scope.spawn(|| {
            sleep(bench.time / 10);
            let mut swarm = Swarm::new(bench.address)?;
            let start = now();
            swarm.open(&vec![Wish::to_watch("/join/*"); joiners], joiners)?;
            Ok::<_, io::Error>(start.elapsed())
        });
        let row = campaign.measure(name, &mut others, Pace::Fixed(100.0), bench.time)?;
        let took = storm.join().map_err(|_| io::Error::other("a thread panicked"))??;
        Ok(row.count("storm_ms", took.as_secs_f64() * 1e3))
    })
}

/// One after the other joins a long list that others watch: while nothing changes, and after a
/// change each, when the snapshot is another one.
pub(super) fn one_among(bench: &Bench, name: &str, watching: usize) -> io::Result<Vec<Row>> {
    const JOINERS: usize = 200;
    fill(bench)?;
    let mut swarm = Swarm::new(bench.address)?;
    let wish = Wish::to_watch("/join/*");
    swarm.open(&vec![wish.clone(); watching], AT_ONCE)?;
    bench.settle()?;
    swarm.take_tally();

    let stretch = Stretch::begin(&bench.server)?;
    swarm.open(&vec![wish.clone(); JOINERS], 1)?;
    let same = joined(name, JOINERS, stretch.end()?, &swarm.take_tally());
    if bench.stateless {
        return Ok(vec![same]);
    }

    let mut publisher = Publisher::connect(bench.address, 1)?;
    let mut post = Post::new("/join/item-1000", ITEM);
    let (mut spent, mut tally) = (Spent::default(), Tally::default());
    let rounds = JOINERS / 4;
    for round in 0..rounds {
        let number = u64::try_from(round).unwrap_or_default() + 1;
        let board = Board::new(u64::try_from(watching + JOINERS + round).unwrap_or(u64::MAX));
        swarm.listen(&board, || {
            publisher.post(&mut post, number)?;
            publisher.finish()?;
            board.wait_for(1);
            Ok(())
        })?;
        swarm.take_tally();
        let stretch = Stretch::begin(&bench.server)?;
        swarm.open(std::slice::from_ref(&wish), 1)?;
        spent += stretch.end()?;
        tally.add(&swarm.take_tally());
    }
    let changed = joined(&format!("{name}-changed"), rounds, spent, &tally);
    Ok(vec![same, changed])
}

/// All come back at once and have missed a few messages.
pub(super) fn reconnect(bench: &Bench, name: &str, clients: usize) -> io::Result<Vec<Row>> {
    let mut publisher = Publisher::connect(bench.address, 1)?;
    let mut post = Post::new("/back/again", 100);
    publisher.post(&mut post, 0)?;
    publisher.finish()?;
    let mut swarm = Swarm::new(bench.address)?;
    swarm.open(&vec![Wish::to_watch("/back/again"); clients], AT_ONCE)?;
    let version = swarm.take_tally().version;
    swarm.close();
    bench.settle()?;
    for number in 1..=MISSED {
        publisher.post(&mut post, number)?;
    }
    publisher.finish()?;
    bench.settle()?;

    let wish = Wish::to_watch(&format!("/back/again?v={version}"));
    let wish = wish.until(if bench.stateless { 0 } else { MISSED });
    let stretch = Stretch::begin(&bench.server)?;
    swarm.open(&vec![wish; clients], clients)?;
    let spent = stretch.end()?;
    let tally = swarm.take_tally();
    let mut row = joined(name, clients, spent, &tally);
    // The floor sends one message: as much as all of these together.
    let missed = usize::try_from(MISSED).unwrap_or_default();
    row.sizes.snapshot = if tally.patches > 0 { tally.patch * missed } else { tally.snapshot };
    Ok(vec![row.count("patches", count(tally.patches)).count("snapshots", count(tally.snapshots))])
}

/// Fills the list that is joined.
fn fill(bench: &Bench) -> io::Result<()> {
    let mut publisher = Publisher::connect(bench.address, 1)?;
    publisher
        .pipeline((0..ITEMS).map(|number| {
            Post::new(&format!("/join/item-{number:04}"), ITEM).numbered(0).to_vec()
        }))?;
    sleep(Duration::from_millis(50));
    bench.settle()
}

fn joined(name: &str, joiners: usize, spent: Spent, tally: &Tally) -> Row {
    let joiners = u64::try_from(joiners).unwrap_or(u64::MAX);
    let sizes = Sizes { snapshot: tally.snapshot, ..Sizes::default() };
    Row::new(name, "joiner", joiners, spent).latencies(&tally.latencies).sizes(sizes)
}

fn units(number: usize) -> f64 {
    count(u64::try_from(number).unwrap_or(u64::MAX))
}
