//! What every backend has to pass.

use std::collections::BTreeMap;

use monoxide_engine::backend::{Backend, BackendError, Batch, Space};

/// Opens one and the same storage, again and again.
pub type Opening<'a> = dyn Fn() -> Result<Box<dyn Backend>, BackendError> + 'a;

/// Larger than any page or buffer of a backend.
const LARGE: usize = 3_000_000;

/// Checks the contract of [`Backend`], as far as it can be seen without killing the process.
/// `open` has to open a storage that is empty at first.
///
/// # Panics
///
/// When the backend breaks it.
pub fn conformance(open: &Opening<'_>) {
    for check in [
        an_empty_storage_has_nothing,
        what_is_committed_is_found_in_order,
        spaces_are_apart,
        of_several_entries_with_a_key_the_last_counts,
        any_bytes_are_a_key_or_a_value,
        loading_stops_with_the_first_error,
        it_can_be_opened_again_without_closing_it,
    ] {
        check(open);
        clear(open);
    }
}

fn entries(backend: &mut dyn Backend, space: Space) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut all = Vec::new();
    let loaded = backend.load(space, &mut |key, value| {
        all.push((key.to_vec(), value.to_vec()));
        Ok(())
    });
    loaded.expect("it can be read");
    all
}

fn clear(open: &Opening<'_>) {
    let mut backend = open().expect("it opens");
    let mut batch = Batch::default();
    for space in Space::ALL {
        entries(&mut *backend, space).iter().for_each(|(key, _)| batch.delete(space, key));
    }
    backend.commit(&batch).expect("it commits");
    backend.close().expect("it closes");
}

fn commit(open: &Opening<'_>, batch: &Batch) {
    let mut backend = open().expect("it opens");
    backend.commit(batch).expect("it commits");
    backend.close().expect("it closes");
}

fn an_empty_storage_has_nothing(open: &Opening<'_>) {
    let mut backend = open().expect("it opens");
    for space in Space::ALL {
        assert_eq!(entries(&mut *backend, space), []);
    }
    backend.commit(&Batch::default()).expect("a batch of nothing is one too");
}

fn what_is_committed_is_found_in_order(open: &Opening<'_>) {
    let mut model = BTreeMap::new();
    for round in 0..20_u32 {
        let mut batch = Batch::default();
        for n in 0..200_u32 {
            let key = format!("n/{}", (n * 7919 + round * 31) % 997);
            if (n + round).is_multiple_of(5) {
                batch.delete(Space::State, &key);
                model.remove(key.as_bytes());
            } else {
                let value = format!("{round}").repeat(n as usize);
                batch.put(Space::State, &key, &value);
                model.insert(key.into_bytes(), value.into_bytes());
            }
        }
        commit(open, &batch);
    }
    let expected: Vec<_> = model.into_iter().collect();
    assert_eq!(entries(&mut *open().expect("it opens"), Space::State), expected);
}

fn spaces_are_apart(open: &Opening<'_>) {
    let mut batch = Batch::default();
    for space in Space::ALL {
        batch.put(space, "same", space.name());
    }
    commit(open, &batch);
    let mut batch = Batch::default();
    batch.delete(Space::Accounts, "same");
    commit(open, &batch);
    let mut backend = open().expect("it opens");
    let found = Space::ALL.map(|space| entries(&mut *backend, space));
    let one = |space: Space| vec![(b"same".to_vec(), space.name().as_bytes().to_vec())];
    assert_eq!(found, [one(Space::State), vec![], one(Space::System)]);
}

fn of_several_entries_with_a_key_the_last_counts(open: &Opening<'_>) {
    let mut batch = Batch::default();
    batch.put(Space::State, "a", "1");
    batch.delete(Space::State, "a");
    batch.put(Space::State, "a", "2");
    batch.put(Space::State, "b", "1");
    batch.delete(Space::State, "b");
    commit(open, &batch);
    let mut backend = open().expect("it opens");
    assert_eq!(entries(&mut *backend, Space::State), [(b"a".to_vec(), b"2".to_vec())]);
}

fn any_bytes_are_a_key_or_a_value(open: &Opening<'_>) {
    let large = vec![b'x'; LARGE];
    let all: [(&[u8], &[u8]); 4] =
        [(b"", b""), (&[0, 255], &[0]), (b"large", &large), (&[255; 300], b"long key")];
    let mut batch = Batch::default();
    all.iter().for_each(|(key, value)| batch.put(Space::System, key, value));
    commit(open, &batch);
    let mut expected = all.map(|(key, value)| (key.to_vec(), value.to_vec()));
    expected.sort();
    assert!(entries(&mut *open().expect("it opens"), Space::System) == expected);
}

fn loading_stops_with_the_first_error(open: &Opening<'_>) {
    let mut batch = Batch::default();
    ["a", "b", "c"].iter().for_each(|key| batch.put(Space::State, key, "1"));
    commit(open, &batch);
    let (mut backend, mut seen) = (open().expect("it opens"), 0);
    let stop = BackendError::Damaged("that is enough".to_owned());
    let loaded = backend.load(Space::State, &mut |_, _| {
        seen += 1;
        if seen == 2 { Err(stop.clone()) } else { Ok(()) }
    });
    assert_eq!((loaded, seen), (Err(stop), 2));
}

fn it_can_be_opened_again_without_closing_it(open: &Opening<'_>) {
    for n in 0..5_u8 {
        let mut backend = open().expect("it opens at once, though nobody closed it");
        let mut batch = Batch::default();
        batch.put(Space::State, [n], [n]);
        backend.commit(&batch).expect("it commits");
        assert_eq!(entries(&mut *backend, Space::State).len(), usize::from(n) + 1);
    }
}
