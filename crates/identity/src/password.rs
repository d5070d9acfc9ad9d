//! Passwords: which may be one, and how they are kept.

use std::{
    collections::HashSet,
    fmt,
    hint::black_box,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use serde::{Deserialize, Serialize};
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::{
    error::Error,
    field::{AccountName, FieldError},
    random,
};

/// How many passwords wait for their turn at most. Above it the answer is [`Error::Busy`].
const WAITING: usize = 64;

/// How many bytes a password may have.
const LENGTH: std::ops::RangeInclusive<usize> = 8..=1024;

/// Passwords that everybody tries first.
static KNOWN: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("known-passwords.txt").lines().collect());

/// A password as somebody typed it. It is never shown.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(Box<str>);

impl Password {
    /// Checks that it may be the password of `account`.
    pub(crate) fn check(&self, account: Option<&AccountName>) -> Result<(), FieldError> {
        const SHORT: FieldError =
            FieldError::new("password", "length", "a password has 8 to 1,024 bytes");
        const KNOWN_ONE: FieldError =
            FieldError::new("password", "known", "that is a password that everybody tries first");
        if !LENGTH.contains(&self.0.len()) {
            return Err(SHORT);
        }
        let lower = self.0.to_lowercase();
        let first = lower.chars().next();
        let is_one_character = lower.chars().all(|c| Some(c) == first);
        let is_name = account.is_some_and(|account| account.as_str() == lower.trim());
        if is_one_character || is_name || KNOWN.contains(lower.as_str()) {
            return Err(KNOWN_ONE);
        }
        Ok(())
    }

    /// Whether it can be one at all. What cannot is not worth the work of looking.
    fn is_possible(&self) -> bool {
        LENGTH.contains(&self.0.len())
    }
}

impl<T: Into<Box<str>>> From<T> for Password {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// How much work a password is (Argon2id). Stored passwords of another cost are hashed again when
/// their owner signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory: u32,
    /// How often it is gone over.
    pub passes: u32,
}

impl Default for Cost {
    /// What OWASP recommends: 19 MiB, twice.
    fn default() -> Self {
        Self { memory: 19 * 1024, passes: 2 }
    }
}

impl Cost {
    /// One lane: whoever guesses has more cores than we do.
    fn params(self) -> Params {
        Params::new(self.memory, self.passes, 1, None).unwrap_or_default()
    }
}

/// Hashes passwords, a few at a time, so that many who sign in at once take neither the memory nor
/// the threads of everybody else.
#[derive(Debug, Clone)]
pub(crate) struct Hasher {
    cost: Cost,
    /// The hashes being worked out.
    working: Arc<Semaphore>,
    /// Those, and the ones that wait.
    queue: Arc<Semaphore>,
    count: Arc<AtomicU64>,
}

impl Hasher {
    pub(crate) fn new(cost: Cost, at_once: usize) -> Self {
        Self {
            cost,
            working: Arc::new(Semaphore::new(at_once)),
            queue: Arc::new(Semaphore::new(at_once + WAITING)),
            count: Arc::default(),
        }
    }

    /// How often Argon2 was worked out.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// What is kept of a password.
    pub(crate) async fn hash(&self, password: &Password) -> Result<Box<str>, Error> {
        let (worker, password) = (self.worker(), password.clone());
        self.work(move || worker.hash(&password)).await?.ok_or(Error::Busy)
    }

    /// Whether the password is the one that `kept` is of. It is the same work when nothing is
    /// kept, because there is no such account.
    pub(crate) async fn verify(
        &self,
        password: &Password,
        kept: Option<Box<str>>,
    ) -> Result<bool, Error> {
        if !password.is_possible() {
            return Ok(false);
        }
        let (worker, password) = (self.worker(), password.clone());
        self.work(move || match kept {
            Some(kept) => worker.verify(&password, &kept),
            None => {
                black_box(worker.hash(&password));
                false
            }
        })
        .await
    }

    /// Whether `kept` is of another cost than those that are made now.
    pub(crate) fn is_outdated(&self, kept: &str) -> bool {
        let Ok(kept) = PasswordHash::new(kept) else { return true };
        let now = self.cost.params();
        let same = |params: Params| {
            (params.m_cost(), params.t_cost(), params.p_cost())
                == (now.m_cost(), now.t_cost(), now.p_cost())
        };
        kept.algorithm.as_str() != Algorithm::Argon2id.as_str()
            || !Params::try_from(&kept).is_ok_and(same)
    }

    fn worker(&self) -> Worker {
        Worker { cost: self.cost, count: Arc::clone(&self.count) }
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let place = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| Error::Busy)?;
        let turn = Arc::clone(&self.working).acquire_owned().await.map_err(|_| Error::Busy)?;
        let worked = spawn_blocking(move || {
            // Also when whoever asked has gone, the turn is not over before the work is.
            let _held = (place, turn);
            work()
        });
        worked.await.map_err(|_| Error::Busy)
    }
}

/// Works Argon2 out, and counts it.
struct Worker {
    cost: Cost,
    count: Arc<AtomicU64>,
}

impl Worker {
    fn hash(&self, password: &Password) -> Option<Box<str>> {
        let salt: [u8; 16] = random::bytes();
        let argon2 = self.argon2();
        let hash = argon2.hash_password_with_salt(password.0.as_bytes(), &salt);
        let hash: PasswordHash = hash.ok()?;
        Some(hash.to_string().into())
    }

    fn verify(&self, password: &Password, kept: &str) -> bool {
        let Ok(kept) = PasswordHash::new(kept) else { return false };
        self.argon2().verify_password(password.0.as_bytes(), &kept).is_ok()
    }

    fn argon2(&self) -> Argon2<'static> {
        self.count.fetch_add(1, Ordering::Relaxed);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.cost.params())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(password: &str, expected: Result<(), &str>) {
        let name = AccountName::parse("ann-from-oslo").unwrap();
        let checked = Password::from(password).check(Some(&name));
        assert_eq!(checked.map_err(|error| error.code), expected, "{password:?}");
    }

    #[test]
    fn a_password_is_long_enough_and_not_one_that_everybody_tries() {
        check("correct horse battery", Ok(()));
        check("ünïcödé", Ok(()));
        check("1234567", Err("length"));
        check(&"ab".repeat(512), Ok(()));
        check(&"ab".repeat(513), Err("length"));
        check(&"x".repeat(10_000_000), Err("length"));
        for known in ["password", "PassWord", "12345678", "aaaaaaaaaaaa", "Ann-From-Oslo"] {
            check(known, Err("known"));
        }
    }

    #[test]
    fn the_list_of_known_ones_has_none_that_is_refused_anyway() {
        assert!(KNOWN.len() > 100);
        for known in KNOWN.iter() {
            assert!(LENGTH.contains(&known.len()) && *known == known.to_lowercase(), "{known:?}");
        }
    }

    #[test]
    fn by_default_a_password_costs_what_owasp_recommends() {
        let hasher = Hasher::new(Cost::default(), 1);
        let kept = hasher.worker().hash(&"correct horse battery".into()).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
    }

    #[tokio::test]
    async fn more_than_can_wait_are_turned_away_and_no_more_than_a_few_work_at_once() {
        let hasher = Hasher::new(Cost { memory: 64, passes: 1 }, 2);
        let held = Arc::clone(&hasher.working).acquire_many_owned(2).await.unwrap();
        let (there, password) = (hasher.clone(), Password::from("correct horse"));
        let asked: Vec<_> = (0..WAITING + 2)
            .map(|_| {
                let (hasher, password) = (there.clone(), password.clone());
                tokio::spawn(async move { hasher.hash(&password).await })
            })
            .collect();
        while hasher.queue.available_permits() > 0 {
            tokio::task::yield_now().await;
        }

        assert!(matches!(hasher.hash(&password).await, Err(Error::Busy)));
        assert_eq!(hasher.count(), 0);
        drop(held);
        for asked in asked {
            asked.await.unwrap().unwrap();
        }
        assert!(hasher.hash(&password).await.is_ok());
    }
}
