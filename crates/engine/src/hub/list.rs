//! A list in its order, that knows the position of each object.

use std::{cmp::Ordering, sync::Arc};

use monoxide_protocol::{ListChange, Object};

/// How many objects a chunk holds before it is cut in two.
const CHUNK: usize = 512;

/// Objects in the order of a list: newest first, or the other way round.
///
/// They lie in chunks, so that an insertion moves one chunk and not the list, and a position is
/// the sum of the lengths before it: 200 additions in a list of 100,000. Chunks are shared: a
/// clone costs one pointer a chunk, and a change copies only the chunk it touches.
#[derive(Debug, Clone, Default)]
pub(super) struct List {
    chunks: Vec<Chunk>,
    is_oldest_first: bool,
}

#[derive(Debug, Clone)]
struct Chunk {
    /// Of `objects`, so that counting does not follow the pointer.
    len: usize,
    objects: Arc<Vec<Arc<Object>>>,
}

impl Chunk {
    fn new(objects: Vec<Arc<Object>>) -> Self {
        Self { len: objects.len(), objects: Arc::new(objects) }
    }

    /// Changes the objects, and the count of them with it.
    fn change<T>(&mut self, how: impl FnOnce(&mut Vec<Arc<Object>>) -> T) -> T {
        let objects = Arc::make_mut(&mut self.objects);
        let result = how(objects);
        self.len = objects.len();
        result
    }
}

impl List {
    /// A list of objects that are in order already.
    pub(super) fn new(objects: &[Arc<Object>], is_oldest_first: bool) -> Self {
        // Half full, so that the first insertions do not cut every chunk.
        let chunks = objects.chunks(CHUNK / 2).map(|it| Chunk::new(it.to_vec())).collect();
        Self { chunks, is_oldest_first }
    }

    /// How this has become `new`, which has the same order: which objects are gone, and which were
    /// put in or replaced, each with its position at its turn.
    pub(super) fn changes_to<'a>(&self, new: &'a Self) -> Vec<ListChange<'a>> {
        let (mut removed, mut made) = (Vec::new(), Vec::new());
        let (mut before, mut after) =
            (self.iter().enumerate().peekable(), new.iter().enumerate().peekable());
        loop {
            let order = match (before.peek(), after.peek()) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((_, old)), Some((_, new))) => self.order(old, new),
            };
            let old = if order.is_le() { before.next() } else { None };
            let new = if order.is_ge() { after.next() } else { None };
            match (old, new) {
                (Some((nth, _)), None) => removed.push(ListChange::Remove(nth)),
                (None, Some((nth, new))) => made.push(ListChange::Add(nth, new)),
                (Some((_, old)), Some((nth, new))) if !Arc::ptr_eq(old, new) && old != new => {
                    made.push(ListChange::Replace(nth, new));
                }
                _ => {}
            }
        }
        // From the end, so that positions of what is still to be removed stay right.
        removed.reverse();
        removed.append(&mut made);
        removed
    }

    pub(super) fn clear(&mut self) {
        self.chunks.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.len).sum()
    }

    pub(super) fn is_oldest_first(&self) -> bool {
        self.is_oldest_first
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Object>> {
        self.chunks.iter().flat_map(|chunk| chunk.objects.iter())
    }

    /// The objects from a position on. What comes before is counted by chunks.
    pub(super) fn iter_from(&self, from: usize) -> impl Iterator<Item = &Arc<Object>> {
        let (mut before, mut skipped) = (0, 0);
        for chunk in &self.chunks {
            if before + chunk.len > from {
                break;
            }
            before += chunk.len;
            skipped += 1;
        }
        let chunks = self.chunks.get(skipped..).unwrap_or_default();
        chunks.iter().flat_map(|chunk| chunk.objects.iter()).skip(from - before)
    }

    /// Puts `object` in its place, and says where that is.
    pub(super) fn insert(&mut self, object: Arc<Object>) -> usize {
        let (nth, within) = match self.find(&object) {
            Ok(found) | Err(found) => found,
        };
        let Some(chunk) = self.chunks.get_mut(nth) else {
            self.chunks.push(Chunk::new(vec![object]));
            return 0;
        };
        chunk.change(|objects| objects.insert(within, object));
        if chunk.len > CHUNK {
            let back = chunk.change(|objects| objects.split_off(CHUNK / 2));
            self.chunks.insert(nth + 1, Chunk::new(back));
        }
        self.before(nth) + within
    }

    /// Puts `new` where `old` is, which has the same order, and says where that is.
    pub(super) fn replace(&mut self, old: &Object, new: Arc<Object>) -> Option<usize> {
        let (nth, within) = self.find(old).ok()?;
        self.chunks.get_mut(nth)?.change(|objects| {
            if let Some(there) = objects.get_mut(within) {
                *there = new;
            }
        });
        Some(self.before(nth) + within)
    }

    /// Takes `old` out, and says where it was.
    pub(super) fn remove(&mut self, old: &Object) -> Option<usize> {
        let (nth, within) = self.find(old).ok()?;
        let chunk = self.chunks.get_mut(nth)?;
        chunk.change(|objects| objects.remove(within));
        let position = self.before(nth) + within;
        if self.chunks.get(nth)?.len == 0 {
            self.chunks.remove(nth);
        }
        Some(position)
    }

    /// How many objects stand before chunk `nth`.
    fn before(&self, nth: usize) -> usize {
        self.chunks.iter().take(nth).map(|chunk| chunk.len).sum()
    }

    fn order(&self, one: &Object, other: &Object) -> Ordering {
        let order = one.list_order(other);
        if self.is_oldest_first { order.reverse() } else { order }
    }

    /// The chunk of `object` and its place there; as an error, where it would have to stand.
    fn find(&self, object: &Object) -> Result<(usize, usize), (usize, usize)> {
        let starts_behind = |chunk: &Chunk| {
            chunk.objects.first().is_some_and(|first| self.order(first, object).is_gt())
        };
        let nth = self.chunks.partition_point(|chunk| !starts_behind(chunk)).saturating_sub(1);
        let Some(chunk) = self.chunks.get(nth) else { return Err((nth, 0)) };
        match chunk.objects.binary_search_by(|it| self.order(it, object)) {
            Ok(within) => Ok((nth, within)),
            Err(within) => Err((nth, within)),
        }
    }
}

#[cfg(test)]
mod tests {
    use monoxide_protocol::{Json, Key, Version};
    use proptest::prelude::*;

    use super::*;

    fn object(created: u64, name: u8, data: u32) -> Arc<Object> {
        let key = Key::parse(&format!("n/{name}")).unwrap();
        let data = Json::parse(data.to_string().as_bytes()).unwrap();
        Arc::new(Object { key, created, updated: 0, version: Version::default(), data })
    }

    fn model_position(model: &[Arc<Object>], object: &Object) -> usize {
        model.partition_point(|it| it.list_order(object).is_lt())
    }

    proptest! {
        /// The list does what a plain sorted vector does, and says the same positions. A clone
        /// that was taken before is not changed by what comes after.
        #[test]
        fn positions_are_those_of_a_sorted_vector(
            steps in prop::collection::vec((0..40_u64, 0..3_u8, any::<bool>()), 0..2_000),
        ) {
            let (mut list, mut model) = (List::default(), Vec::<Arc<Object>>::new());
            let mut kept = None;
            for (nth, (created, name, insert)) in steps.into_iter().enumerate() {
                let it = object(created, name, u32::try_from(nth).unwrap());
                let at = model_position(&model, &it);
                let there = model.get(at).is_some_and(|found| found.list_order(&it).is_eq());
                match (there, insert) {
                    (true, true) => {
                        prop_assert_eq!(list.replace(&it, Arc::clone(&it)), Some(at));
                        model[at] = it;
                    }
                    (false, true) => {
                        prop_assert_eq!(list.insert(Arc::clone(&it)), at);
                        model.insert(at, it);
                    }
                    (true, false) => {
                        prop_assert_eq!(list.remove(&it), Some(at));
                        model.remove(at);
                    }
                    (false, false) => prop_assert_eq!(list.remove(&it), None),
                }
                if nth == 50 {
                    kept = Some((list.clone(), model.clone()));
                }
            }
            prop_assert_eq!(list.iter().cloned().collect::<Vec<_>>(), model);
            if let Some((list, model)) = kept {
                prop_assert_eq!(list.iter().cloned().collect::<Vec<_>>(), model);
            }
        }
    }

    #[test]
    fn a_long_list_is_cut_into_chunks_and_keeps_its_order() {
        let mut list = List::default();
        let count = 5 * CHUNK as u64;
        // Newest first: each insertion is at the front.
        for created in 1..=count {
            assert_eq!(list.insert(object(created, 0, 0)), 0);
        }
        assert!(list.chunks.len() >= 5);
        assert_eq!(list.insert(object(0, 0, 0)), 5 * CHUNK, "the oldest stands last");
        assert_eq!(list.remove(&object(count / 2, 0, 0)), Some(5 * CHUNK / 2));
        let created: Vec<u64> = list.iter().map(|it| it.created).collect();
        assert!(created.is_sorted_by(|a, b| a > b));
        assert_eq!(list.len(), created.len());
    }
}
