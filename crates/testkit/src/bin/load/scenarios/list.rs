//! One long list that changes at its ends. The floor has no lists.

use std::{
    io,
    ops::Range,
    time::{Duration, Instant},
};

use super::Bench;
use crate::{
    board::Board,
    clock::now,
    http::{self, Post},
    publisher::Publisher,
    report::{Row, Sizes, Spent, Stretch, count},
    swarm::{Swarm, Wish},
};

/// How long the data of an item is.
const DATA: usize = 100;

/// How many watch.
const WATCHING: u64 = 4;

/// How many connections write.
const WRITERS: usize = 8;

/// How many changes are made before another kind of change has its turn, so that the list stays
/// as long as it is.
const BATCH: u64 = 200;

/// A list whose items are numbered in the order in which they were made.
struct List<'a> {
    bench: &'a Bench,
    publisher: Publisher,
    board: &'a Board,
    items: Range<u64>,
    /// How many changes were made.
    changes: u64,
}

/// What a kind of change cost.
#[derive(Debug, Default)]
struct Cost {
    changes: u64,
    spent: Spent,
}

/// Updates at both ends, inserts, which are always at the newest end, and removals at both.
pub(super) fn ends(bench: &Bench, name: &str, length: u64) -> io::Result<Vec<Row>> {
    let mut publisher = Publisher::connect(bench.address, WRITERS)?;
    publisher.pipeline((0..length).map(|number| post(number).numbered(0).to_vec()))?;
    let mut swarm = Swarm::new(bench.address)?;
    let watching = usize::try_from(WATCHING).unwrap_or_default();
    swarm.open(&vec![Wish::to_watch("/items/*"); watching], watching)?;
    bench.settle()?;
    let snapshot = swarm.take_tally().snapshot;

    let board = Board::new(WATCHING);
    let [update, insert, remove] = swarm.listen(&board, || {
        let items = 0..length;
        let mut list = List { bench, publisher, board: &board, items, changes: 0 };
        list.change(bench.time)
    })?;
    let tally = swarm.take_tally();
    let row = |kind, cost: &Cost| {
        let sizes = Sizes { message: tally.patch, snapshot, ..Sizes::default() };
        let row = Row::new(&format!("{name}-{kind}"), "change", cost.changes, cost.spent);
        row.sizes(sizes).count("snapshots", count(tally.snapshots))
    };
    let updates = row("update", &update).latencies(&tally.latencies);
    Ok(vec![updates, row("insert", &insert), row("remove", &remove)])
}

impl List<'_> {
    fn change(&mut self, time: Duration) -> io::Result<[Cost; 3]> {
        let [mut update, mut insert, mut remove] = <[Cost; 3]>::default();
        // The first batch of each is for warming up.
        self.batch(&mut Cost::default(), Self::update)?;
        self.batch(&mut Cost::default(), Self::insert)?;
        self.batch(&mut Cost::default(), Self::remove)?;
        let start: Instant = now();
        while start.elapsed() < time * 2 {
            self.board.measure(true);
            self.batch(&mut update, Self::update)?;
            self.board.measure(false);
            self.batch(&mut insert, Self::insert)?;
            self.batch(&mut remove, Self::remove)?;
        }
        Ok([update, insert, remove])
    }

    /// Makes changes, and waits until everyone has heard of them.
    fn batch(
        &mut self,
        cost: &mut Cost,
        change: impl Fn(&mut Self, u64) -> io::Result<()>,
    ) -> io::Result<()> {
        let stretch = Stretch::begin(&self.bench.server)?;
        for turn in 0..BATCH {
            self.changes += 1;
            change(self, turn)?;
        }
        self.publisher.finish()?;
        if !self.board.wait_for(self.changes) {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "a change is told to nobody"));
        }
        cost.spent += stretch.end()?;
        cost.changes += BATCH;
        Ok(())
    }

    fn update(&mut self, turn: u64) -> io::Result<()> {
        let item = match turn % 2 {
            0 => self.items.start + turn / 2,
            _ => self.items.end - 1 - turn / 2,
        };
        let (number, board) = (self.changes, self.board);
        self.publisher.send(post(item).numbered(number), || board.leaves(number))
    }

    fn insert(&mut self, _turn: u64) -> io::Result<()> {
        let item = self.items.end;
        self.items.end += 1;
        self.publisher.post(&mut post(item), self.changes)
    }

    fn remove(&mut self, turn: u64) -> io::Result<()> {
        let item = if turn.is_multiple_of(2) {
            self.items.start += 1;
            self.items.start - 1
        } else {
            self.items.end -= 1;
            self.items.end
        };
        self.publisher.send(&http::request("DELETE", &target(item)), || {})
    }
}

fn post(item: u64) -> Post {
    Post::new(&target(item), DATA)
}

fn target(item: u64) -> String {
    format!("/items/i{item:08}")
}
