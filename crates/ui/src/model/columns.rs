//! The columns of tables about connections and topics: what they show, and in what order.

use std::cmp::Reverse;

use monoxide_protocol::{ConnectionUse, TopicUse};

use super::unit::{Unit, grouped};

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Column<T> {
    /// What it is called on the wire, and in the address of the page.
    pub id: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// Whether the largest comes first, where one sorts by it.
    pub is_number: bool,
    /// What it is sorted by.
    pub rank: fn(&T) -> Rank,
    /// What it shows.
    pub show: fn(&T) -> String,
}

/// What rows are sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// A number.
    Number(u64),
    /// A text.
    Text(String),
}

/// A row of a table.
pub trait Entry: Clone + PartialEq + Send + Sync + 'static {
    /// What stays the same of it.
    fn id(&self) -> String;

    /// Where a reader would look for words.
    fn texts(&self) -> Vec<&str>;
}

impl Entry for ConnectionUse {
    fn id(&self) -> String {
        self.id.to_string()
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.address, &self.watches, self.account.as_deref().unwrap_or_default()]
    }
}

impl Entry for (String, TopicUse) {
    fn id(&self) -> String {
        self.0.clone()
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.0]
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
    pub fn pressed<T>(&self, column: &Column<T>) -> Self {
        let is_ascending =
            if self.sort == column.id { !self.is_ascending } else { !column.is_number };
        Self { sort: column.id.to_owned(), is_ascending, find: self.find.clone() }
    }

    /// The rows in which the words stand, in the order.
    #[must_use]
    pub fn of<T: Entry>(&self, mut rows: Vec<T>, columns: &[Column<T>]) -> Vec<T> {
        let find = self.find.trim().to_lowercase();
        rows.retain(|row| row.texts().iter().any(|text| text.to_lowercase().contains(&find)));
        if let Some(column) = columns.iter().find(|column| column.id == self.sort) {
            if self.is_ascending {
                rows.sort_by_cached_key(column.rank);
            } else {
                rows.sort_by_cached_key(|row| Reverse((column.rank)(row)));
            }
        }
        rows
    }
}

macro_rules! column {
    ($id:literal, $title:literal, text, $value:expr) => {
        Column {
            id: $id,
            title: $title,
            is_number: false,
            rank: |it| Rank::Text($value(it)),
            show: $value,
        }
    };
    ($id:literal, $title:literal, $unit:expr, $value:expr) => {
        Column {
            id: $id,
            title: $title,
            is_number: true,
            rank: |it| Rank::Number($value(it)),
            show: |it| shown($unit, $value(it)),
        }
    };
}

/// The columns of the table of connections.
pub const CONNECTIONS: [Column<ConnectionUse>; 8] = [
    column!("account", "Who", text, |it: &ConnectionUse| it.account.clone().unwrap_or_default()),
    column!("address", "From", text, |it: &ConnectionUse| it.address.clone()),
    column!("watches", "Watches", text, |it: &ConnectionUse| it.watches.clone()),
    column!("since", "Since", Unit::Count, |it: &ConnectionUse| it.since),
    column!("messagesPerSecond", "Messages", Unit::Rate, |it: &ConnectionUse| it
        .messages_per_second),
    column!("bytesPerSecond", "Sent", Unit::ByteRate, |it: &ConnectionUse| it.bytes_per_second),
    column!("behind", "Behind", Unit::Count, |it: &ConnectionUse| it.behind),
    column!("skips", "Skips", Unit::Count, |it: &ConnectionUse| it.skips),
];

/// One key, list or document, and how it is used.
type Topic = (String, TopicUse);

/// The columns of the table of topics.
pub const TOPICS: [Column<Topic>; 7] = [
    column!("key", "Key", text, |it: &Topic| it.0.clone()),
    column!("subscribers", "Subscribers", Unit::Count, |it: &Topic| it.1.subscribers as u64),
    column!("version", "Version", text, |it: &Topic| it.1.version.clone()),
    column!("windowBytes", "Window", Unit::Bytes, |it: &Topic| it.1.window_bytes as u64),
    column!("skips", "Skips", Unit::Count, |it: &Topic| it.1.skips),
    column!("messagesPerSecond", "Messages", Unit::Rate, |it: &Topic| it.1.messages_per_second),
    column!("bytesPerSecond", "Size", Unit::ByteRate, |it: &Topic| it.1.bytes_per_second),
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
        let rows = vec![connection(1, "ann", 7), connection(2, "", 90), connection(3, "Bob", 7)];
        let ids: Vec<_> = order.of(rows, &CONNECTIONS).iter().map(|row| row.id).collect();
        assert_eq!(ids, expected);
    }

    #[test]
    fn numbers_begin_with_the_largest_and_texts_with_the_first() {
        let order = Order::default().pressed(&CONNECTIONS[5]);
        check(&order, &[2, 1, 3]);
        check(&order.pressed(&CONNECTIONS[5]), &[1, 3, 2]);
        check(&order.pressed(&CONNECTIONS[1]), &[1, 2, 3]);
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
