//! How many sockets an account has, wherever they come from.

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use monoxide_engine::Identity;

use crate::error::Refusal;

/// The seats of every account. Cloning it gives the same ones.
#[derive(Debug, Clone)]
pub(crate) struct Seats {
    most: NonZeroUsize,
    /// By the account's name; those without a socket are not there.
    taken: Arc<Mutex<HashMap<String, usize>>>,
}

/// A seat that a socket has taken, until this is dropped. Nobody in particular needs none: those are
/// counted by their addresses.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Seats,
    identity: Identity,
}

impl Seats {
    pub(crate) fn new(most: NonZeroUsize) -> Self {
        Self { most, taken: Arc::default() }
    }

    /// Takes a seat, unless the account has as many as it may have.
    pub(crate) fn take(&self, identity: &Identity) -> Result<Seat, Refusal> {
        if let Some(name) = identity.name() {
            let mut taken = self.lock();
            let count = taken.get(name).map_or(0, |count| *count);
            if count >= self.most.get() {
                return Err(Refusal::NoSeat);
            }
            taken.insert(name.to_owned(), count + 1);
        }
        Ok(Seat { seats: self.clone(), identity: identity.clone() })
    }

    /// Nothing panics while it is held.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Some(name) = self.identity.name() else { return };
        let mut taken = self.seats.lock();
        if let Some(count) = taken.get_mut(name) {
            *count -= 1;
            if *count == 0 {
                taken.remove(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_so_many_and_who_leaves_makes_room_and_is_forgotten() {
        let seats = Seats::new(NonZeroUsize::new(2).unwrap());
        // With other roles it is the same account.
        let [ann, editor] =
            [[].as_slice(), &["editor"]].map(|it| Identity::account("ann", it.to_vec()));
        let (one, two) = (seats.take(&ann).unwrap(), seats.take(&editor).unwrap());
        assert!(seats.take(&ann).is_err());
        let bob = seats.take(&Identity::account("bob", [""; 0])).unwrap();
        let strangers: Vec<_> = (0..9).map(|_| seats.take(&Identity::anonymous())).collect();
        assert!(strangers.iter().all(Result::is_ok));

        drop(one);
        let three = seats.take(&ann).unwrap();
        assert!(seats.take(&ann).is_err());

        drop((two, three, bob));
        assert!(seats.lock().is_empty());
    }
}
