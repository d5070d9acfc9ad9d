//! The columns of tables about connections and topics: what they show, and in what order.

use monoxide_protocol::{ConnectionUse, TopicUse, Version};

use super::unit::{Unit, grouped, span};

/// A column of a table, for rows of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Column<T> {
    /// What is said above it.
    pub head: Head,
    /// What it is sorted by.
    rank: fn(&T) -> Rank,
    /// What it shows, so many seconds after 1970.
    show: fn(&T, u64) -> String,
    /// The moment that it is about, in nanoseconds after 1970; 0 where there is none.
    at: fn(&T) -> u64,
}

/// What is said above a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// What it is called on the wire, and in the address of the page.
    pub id: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What it shows.
    pub kind: Kind,
}

/// What a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Words,
    /// A name as it is written.
    Code,
    /// The name of a key or list.
    Key,
    /// A number, of which the largest come first.
    Number,
}

/// A row of a table, whatever it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What stays the same of it.
    pub id: String,
    /// What it shows in each column.
    pub cells: Vec<Cell>,
}

/// What stands in a row under a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    /// As it is read.
    pub text: String,
    /// The moment that it is about, in nanoseconds after 1970; 0 where there is none.
    pub at: u64,
}

/// What rows are sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Number(u64),
    Text(String),
}

/// What a table is about.
trait Entry {
    fn id(&self) -> String;

    /// Where a reader would look for words.
    fn texts(&self) -> [&str; 3];
}

impl Entry for ConnectionUse {
    fn id(&self) -> String {
        self.id.to_string()
    }

    fn texts(&self) -> [&str; 3] {
        [&self.address, &self.watches, self.account.as_deref().unwrap_or_default()]
    }
}

impl Entry for (String, TopicUse) {
    fn id(&self) -> String {
        self.0.clone()
    }

    fn texts(&self) -> [&str; 3] {
        [&self.0, "", ""]
    }
}

/// By which column a table is sorted, and which words are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order {
    /// The column.
    pub sort: String,
    /// Whether the smallest comes first.
    pub is_ascending: bool,
    /// What stands in each row; nothing if all are wanted.
    pub find: String,
}

impl Order {
    /// The order after a press on the head of a column: of the one that it is sorted by, the other
    /// way round.
    #[must_use]
    pub fn pressed(&self, head: &Head) -> Self {
        let is_ascending =
            if self.sort == head.id { !self.is_ascending } else { head.kind != Kind::Number };
        Self { sort: head.id.to_owned(), is_ascending, find: self.find.clone() }
    }

    /// The rows in which the words stand, in the order.
    fn of<T: Entry>(&self, rows: &[T], columns: &[Column<T>], now: u64) -> Vec<Line> {
        let find = self.find.trim().to_lowercase();
        let is_found = |row: &&T| row.texts().iter().any(|it| it.to_lowercase().contains(&find));
        let by = columns.iter().find(|column| column.head.id == self.sort);
        let rows = rows.iter().filter(is_found);
        let ranked = rows.map(|row| (by.map(|by| (by.rank)(row)), line(row, columns, now)));
        self.sorted(ranked.collect())
    }

    fn sorted(&self, mut ranked: Vec<(Option<Rank>, Line)>) -> Vec<Line> {
        // Equal ones stay as they are.
        ranked.sort_by(
            |(one, _), (other, _)| {
                if self.is_ascending { one.cmp(other) } else { other.cmp(one) }
            },
        );
        ranked.into_iter().map(|(_, line)| line).collect()
    }
}

fn line<T: Entry>(row: &T, columns: &[Column<T>], now: u64) -> Line {
    let cell = |it: &Column<T>| Cell { text: (it.show)(row, now), at: (it.at)(row) };
    Line { id: row.id(), cells: columns.iter().map(cell).collect() }
}

/// Connections as rows: those in which the words stand, in the order.
#[must_use]
pub fn connection_lines(rows: &[ConnectionUse], order: &Order, now: u64) -> Vec<Line> {
    order.of(rows, &CONNECTIONS, now)
}

/// Topics as rows: those in which the words stand, in the order.
#[must_use]
pub fn topic_lines(rows: &[(String, TopicUse)], order: &Order, now: u64) -> Vec<Line> {
    order.of(rows, &TOPICS, now)
}

macro_rules! column {
    ($id:literal, $title:literal, $kind:ident, $text:expr) => {
        Column {
            head: Head { id: $id, title: $title, kind: Kind::$kind },
            rank: |it| Rank::Text($text(it)),
            show: |it, _| $text(it),
            at: |_| 0,
        }
    };
    ($id:literal, $title:literal, $unit:expr => $number:expr) => {
        Column {
            head: Head { id: $id, title: $title, kind: Kind::Number },
            rank: |it| Rank::Number($number(it)),
            show: |it, _| shown($unit, $number(it)),
            at: |_| 0,
        }
    };
}

/// The columns of the table of connections.
pub const CONNECTIONS: [Column<ConnectionUse>; 8] = [
    column!("account", "Who", Words, |it: &ConnectionUse| it.account.clone().unwrap_or_default()),
    column!("address", "From", Code, |it: &ConnectionUse| it.address.clone()),
    column!("watches", "Watches", Key, |it: &ConnectionUse| it.watches.clone()),
    Column {
        head: Head { id: "since", title: "Since", kind: Kind::Number },
        rank: |it| Rank::Number(it.since),
        show: |it, now| span(now.saturating_sub(it.since / 1_000_000_000)),
        at: |it| it.since,
    },
    column!("messagesPerSecond", "Messages", Unit::Rate => |it: &ConnectionUse| it.messages_per_second),
    column!("bytesPerSecond", "Sent", Unit::ByteRate => |it: &ConnectionUse| it.bytes_per_second),
    column!("behind", "Behind", Unit::Count => |it: &ConnectionUse| it.behind),
    column!("skips", "Skips", Unit::Count => |it: &ConnectionUse| it.skips),
];

/// One key, list or document, and how it is used.
type Topic = (String, TopicUse);

/// The columns of the table of topics.
pub const TOPICS: [Column<Topic>; 7] = [
    column!("key", "Key", Key, |it: &Topic| it.0.clone()),
    column!("subscribers", "Subscribers", Unit::Count => |it: &Topic| it.1.subscribers as u64),
    Column {
        head: Head { id: "version", title: "Version", kind: Kind::Code },
        rank: |it| Rank::Text(it.1.version.clone()),
        show: |it, _| it.1.version.clone(),
        at: |it| it.1.version.parse::<Version>().map_or(0, Version::number),
    },
    Column {
        head: Head { id: "windowBytes", title: "Window", kind: Kind::Number },
        rank: |it| Rank::Number(it.1.window_bytes as u64),
        show: |it, _| {
            let bytes = shown(Unit::Bytes, it.1.window_bytes as u64);
            format!("{} in {bytes}", grouped(it.1.window_messages as u64))
        },
        at: |_| 0,
    },
    column!("skips", "Skips", Unit::Count => |it: &Topic| it.1.skips),
    column!("messagesPerSecond", "Messages", Unit::Rate => |it: &Topic| it.1.messages_per_second),
    column!("bytesPerSecond", "Size", Unit::ByteRate => |it: &Topic| it.1.bytes_per_second),
];

fn shown(unit: Unit, value: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "the table shows three digits")]
    let number = value as f64;
    if unit == Unit::Count { grouped(value) } else { unit.show(number) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(id: u64, account: &str, bytes: u64) -> ConnectionUse {
        ConnectionUse {
            id,
            address: format!("10.0.0.{id}:80"),
            watches: "books/*".to_owned(),
            account: (!account.is_empty()).then(|| account.to_owned()),
            since: id,
            messages: 0,
            bytes: 0,
            behind: 0,
            skips: 0,
            messages_per_second: 0,
            bytes_per_second: bytes,
        }
    }

    #[track_caller]
    fn check(order: &Order, expected: &[u64]) {
        let rows = [connection(1, "ann", 7), connection(2, "", 90), connection(3, "Bob", 7)];
        let lines = connection_lines(&rows, order, 60);
        let ids: Vec<u64> = lines.iter().map(|line| line.id.parse().unwrap()).collect();
        assert_eq!(ids, expected);
    }

    #[test]
    fn numbers_begin_with_the_largest_and_texts_with_the_first() {
        let order = Order::default().pressed(&CONNECTIONS[5].head);
        check(&order, &[2, 1, 3]);
        check(&order.pressed(&CONNECTIONS[5].head), &[1, 3, 2]);
        check(&order.pressed(&CONNECTIONS[1].head), &[1, 2, 3]);
    }

    #[test]
    fn words_are_found_in_who_from_and_what() {
        let find = |find: &str| Order { find: find.to_owned(), ..Order::default() };
        check(&find("BOB "), &[3]);
        check(&find("0.2:"), &[2]);
        check(&find("books"), &[1, 2, 3]);
        check(&find("nothing"), &[]);
    }

    #[test]
    fn a_column_that_does_not_exist_leaves_the_order_as_it_is() {
        check(&Order { sort: "nothing".to_owned(), ..Order::default() }, &[1, 2, 3]);
    }
}
