//! A list at one moment, to take a part of.

use std::{cmp::Ordering, sync::Arc};

use monoxide_protocol::{By, Object, Order, Range, Rank, Version};

use super::list::List;

/// What somebody sees of a list at one version. It shares its objects with everybody else, and
/// cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Listing {
    version: Version,
    list: List,
    /// How often, before it, everything that its topic had told was taken back.
    pub(super) cuts: u64,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The version at which it is so.
    pub version: Version,
    /// How many objects the list has.
    pub total: usize,
    /// In how many of them the words stand.
    pub matching: usize,
    /// How many of these come before.
    pub from: usize,
    /// The objects.
    pub objects: Vec<Arc<Object>>,
}

impl Listing {
    pub(super) fn new(version: Version, list: List, cuts: u64) -> Self {
        Self { version, list, cuts }
    }

    /// A listing of objects that are in order already.
    pub(crate) fn of(version: Version, objects: &[Arc<Object>], is_oldest_first: bool) -> Self {
        Self::new(version, List::new(objects, is_oldest_first), 0)
    }

    /// The version at which it is so.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// How many objects there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a [page](Self::page) takes longer the longer the list is, and so is not for a thread
    /// on which others wait.
    #[must_use]
    pub fn is_slow(&self, range: &Range) -> bool {
        !words(range).is_empty() || self.direction(range).is_none()
    }

    /// A part of the list.
    #[must_use]
    pub fn page(&self, range: &Range) -> Page {
        let words = words(range);
        let Range { from, limit, .. } = *range;
        let total = self.len();
        let page =
            |matching, objects| Page { version: self.version, total, matching, from, objects };
        let found: Vec<&Arc<Object>> = match (self.direction(range), words.is_empty()) {
            (Some(Direction::Forward), true) => {
                let objects = self.list.iter_from(from).take(limit);
                return page(total, objects.cloned().collect());
            }
            (Some(Direction::Back), true) => {
                let end = total.saturating_sub(from);
                let start = end.saturating_sub(limit);
                let objects = self.list.iter_from(start).take(end - start);
                let mut objects: Vec<_> = objects.cloned().collect();
                objects.reverse();
                return page(total, objects);
            }
            (Some(Direction::Back), false) => {
                self.list.iter().rev().filter(|object| has_words(object, &words)).collect()
            }
            _ => self.list.iter().filter(|object| has_words(object, &words)).collect(),
        };
        let matching = found.len();
        let objects = match &range.order {
            Some(order) if self.direction(range).is_none() => sorted(&found, order, from, limit),
            _ => found.into_iter().skip(from).take(limit).cloned().collect(),
        };
        page(matching, objects)
    }

    /// How the list is read, where its own order is what is wanted.
    fn direction(&self, range: &Range) -> Option<Direction> {
        match &range.order {
            None => Some(Direction::Forward),
            Some(Order { by: By::Created, is_descending }) => {
                let is_own = *is_descending != self.list.is_oldest_first();
                Some(if is_own { Direction::Forward } else { Direction::Back })
            }
            Some(_) => None,
        }
    }
}

enum Direction {
    Forward,
    Back,
}

/// The words that are looked for, in small letters.
fn words(range: &Range) -> Vec<String> {
    range.find.split_whitespace().map(str::to_lowercase).collect()
}

fn has_words(object: &Object, words: &[String]) -> bool {
    words.is_empty() || object.data.has_words(words, object.key.as_str())
}

/// Some of the objects as they stand in an order.
fn sorted(objects: &[&Arc<Object>], order: &Order, from: usize, limit: usize) -> Vec<Arc<Object>> {
    let directed = |it: Ordering| if order.is_descending { it.reverse() } else { it };
    let places = match &order.by {
        By::Created => {
            let times = objects.iter().map(|object| object.created);
            places(times, from, limit, |one, other| directed(one.cmp(other)))
        }
        By::Updated => {
            let times = objects.iter().map(|object| object.updated.max(object.created));
            places(times, from, limit, |one, other| directed(one.cmp(other)))
        }
        By::Key => {
            let keys = objects.iter().map(|object| &object.key);
            places(keys, from, limit, |one, other| directed(one.cmp(other)))
        }
        By::Data(pointer) => {
            let ranks = objects.iter().map(|object| Rank::of(&object.data, pointer));
            places(ranks, from, limit, |one, other| {
                // What has no value comes last, whichever way.
                let missing = one.is_nothing().cmp(&other.is_nothing());
                missing.then_with(|| directed(one.cmp(other)))
            })
        }
    };
    places.into_iter().filter_map(|place| objects.get(place).copied().cloned()).collect()
}

/// Where the values stand that come at some positions of the order in which `compare` would put
/// all. Only these are put in order, the rest no further than to know that they come before or
/// after. Those that are alike stay as they stand.
fn places<T>(
    values: impl Iterator<Item = T>,
    from: usize,
    limit: usize,
    compare: impl Fn(&T, &T) -> Ordering,
) -> Vec<usize> {
    let mut numbered: Vec<(usize, T)> = values.enumerate().collect();
    if from >= numbered.len() {
        return Vec::new();
    }
    let order = |(nth, one): &(usize, T), (other_nth, other): &(usize, T)| {
        compare(one, other).then_with(|| nth.cmp(other_nth))
    };
    numbered.select_nth_unstable_by(from, order);
    let rest = numbered.get_mut(from..).unwrap_or_default();
    let wanted = limit.min(rest.len());
    if wanted < rest.len() {
        rest.select_nth_unstable_by(wanted, order);
    }
    let chosen = rest.get_mut(..wanted).unwrap_or_default();
    chosen.sort_unstable_by(order);
    chosen.iter().map(|(nth, _)| *nth).collect()
}
