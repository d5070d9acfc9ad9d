//! One writes, many read: how fast and how dear each delivery is.

use std::{io, time::Duration};

use crate::{
    board::Board,
    clock::{now, sleep_until},
    http::Post,
    process::Process,
    publisher::Publisher,
    report::{Row, Sizes, Stretch, count},
    swarm::Swarm,
};

/// How many publications come before those that are measured.
const WARM_UP: u64 = 16;

/// How fast is published.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// This many a second.
    Fixed(f64),
    /// As many as are delivered, with this many on their way: with one, each delivery is a write of
    /// its own. Far fewer than a window holds, so that nobody who reads falls out of it.
    FlatOut { in_flight: u64 },
}

/// Who writes what, and to how many.
#[derive(Debug)]
pub(crate) struct Campaign<'a> {
    pub(crate) server: &'a Process,
    pub(crate) publisher: &'a mut Publisher,
    /// What is written, in turn.
    pub(crate) posts: &'a mut [Post],
    /// How many deliveries each makes.
    pub(crate) readers: u64,
    /// The last number that was given.
    pub(crate) number: &'a mut u64,
}

impl Campaign<'_> {
    /// Publishes for `time` at `pace`; all of it has arrived when this returns.
    pub(crate) fn measure(
        &mut self,
        name: &str,
        swarm: &mut Swarm,
        pace: Pace,
        time: Duration,
    ) -> io::Result<Row> {
        swarm.take_tally();
        let board = Board::new(self.readers);
        let (published, delivered, spent) = swarm.listen(&board, || {
            self.publish_singly(&board, WARM_UP)?;
            board.measure(true);
            let before = board.deliveries();
            let stretch = Stretch::begin(self.server)?;
            let published = self.publish_at(pace, &board, time)?;
            self.publisher.finish()?;
            board.wait_for(WARM_UP + published);
            Ok((published, board.deliveries() - before, stretch.end()?))
        })?;
        let tally = swarm.take_tally();
        let expected = published * self.readers;
        let sizes = Sizes { message: tally.patch, ..self.publisher.sizes() };
        let row = Row::new(name, "delivery", delivered, spent).latencies(&tally.latencies);
        let row = row.sizes(sizes).count("publications", count(published));
        let row = row.count("lost", count(expected.saturating_sub(delivered)));
        Ok(row.count("snapshots", count(tally.snapshots)))
    }

    /// Publishes this often, one after the other.
    pub(crate) fn repeat(&mut self, swarm: &mut Swarm, times: u64) -> io::Result<()> {
        let board = Board::new(self.readers);
        swarm.listen(&board, || self.publish_singly(&board, times))
    }

    fn publish_singly(&mut self, board: &Board, times: u64) -> io::Result<()> {
        for sent in 1..=times {
            self.publish(board)?;
            board.wait_for(sent);
        }
        Ok(())
    }

    fn publish_at(&mut self, pace: Pace, board: &Board, time: Duration) -> io::Result<u64> {
        let (start, mut published) = (now(), 0);
        loop {
            if let Pace::Fixed(rate) = pace {
                let due = start + Duration::from_secs_f64(count(published) / rate);
                if due > start + time {
                    return Ok(published);
                }
                sleep_until(due);
            } else if start.elapsed() > time {
                return Ok(published);
            }
            self.publish(board)?;
            published += 1;
            if let Pace::FlatOut { in_flight } = pace {
                board.wait_for((WARM_UP + published + 1).saturating_sub(in_flight));
            }
        }
    }

    /// Writes the next.
    fn publish(&mut self, board: &Board) -> io::Result<()> {
        *self.number += 1;
        let (number, posts) = (*self.number, self.posts.len());
        let turn = usize::try_from(number).unwrap_or_default() % posts;
        let post = self.posts.get_mut(turn).ok_or(io::ErrorKind::InvalidInput)?;
        self.publisher.send(post.numbered(number), || board.leaves(number))
    }
}
