//! Tokens that were found good before. Whoever asks a thousand times shows the same one, and to
//! find out that it is good is as much work as the rest of the request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{random::Hash, token::Claims};

/// How many are remembered. Where two want the same place, the later one has it.
const PLACES: usize = 4096;

/// What is remembered, by hashes: no token is kept.
#[derive(Debug)]
pub(crate) struct Verified(Box<[Mutex<Option<Entry>>]>);

#[derive(Debug)]
struct Entry {
    hash: Hash,
    proof: Arc<Proof>,
}

/// What a token says, and which key has signed it.
#[derive(Debug)]
pub(crate) struct Proof {
    pub(crate) claims: Claims,
    pub(crate) key: String,
}

impl Default for Verified {
    fn default() -> Self {
        Self((0..PLACES).map(|_| Mutex::default()).collect())
    }
}

impl Verified {
    /// What was found out about the token of this hash, if that is still known.
    pub(crate) fn find(&self, hash: &Hash) -> Option<Arc<Proof>> {
        let entry = self.place(hash)?;
        let entry = entry.as_ref().filter(|entry| entry.hash == *hash)?;
        Some(Arc::clone(&entry.proof))
    }

    pub(crate) fn keep(&self, hash: Hash, proof: &Arc<Proof>) {
        if let Some(mut place) = self.place(&hash) {
            *place = Some(Entry { hash, proof: Arc::clone(proof) });
        }
    }

    fn place(&self, hash: &Hash) -> Option<MutexGuard<'_, Option<Entry>>> {
        let place = self.0.get(hash.place(PLACES))?;
        // It is replaced in one step.
        Some(place.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
