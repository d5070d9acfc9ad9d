//! How often somebody may try a password.
//!
//! Three things are counted. How often an address tries, whatever it tries. How often an account
//! was tried in vain from one network: after a few times the next try has to wait, each time twice
//! as long. And how often an account was tried in vain from everywhere: then it is locked for a
//! while for networks from which nobody has signed in to it yet. So who guesses from many addresses gets no further,
//! and cannot lock out the owner, who is where they have been before, or still signed in; an
//! administrator can lift a lock, a lock ends by itself, and tries during it do not make it longer.
//!
//! All of it is in memory: a restart forgets it, and only the operator can restart.

use std::{
    collections::HashMap,
    net::IpAddr,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use governor::{Quota, RateLimiter, middleware::NoOpMiddleware, state::keyed::HashMapStateStore};

use crate::{clock::Clock, error::Error, network::Network};

/// How many tries from one network cost nothing.
const FREE: u32 = 5;

/// The longest wait between two tries from one network, in seconds.
const LONGEST_WAIT: u64 = 15 * 60;

/// After how many tries in vain, from everywhere, an account is locked.
const LOCK: u32 = 25;

/// How long the first lock lasts, in seconds; each further one twice as long as the one before.
const FIRST_LOCK: u64 = 15 * 60;

/// The longest lock.
const LONGEST_LOCK: u64 = 4 * 60 * 60;

/// After how many seconds without a try everything is forgotten.
const FORGET: u64 = 24 * 60 * 60;

/// How many accounts, and how many pairs of an account and a network, are remembered. Above it
/// those with the fewest tries go.
const REMEMBERED: usize = 10_000;

/// How many tries an address may have at once, and after how long it may have one more.
const BURST: NonZeroU32 = NonZeroU32::new(30).expect("30 is not 0");
const ONE_MORE: Duration = Duration::from_secs(2);

type Addresses = RateLimiter<Network, HashMapStateStore<Network>, Clock, NoOpMiddleware<Duration>>;

/// Counts tries. Cloning it gives the same counts.
#[derive(Clone)]
pub(crate) struct Attempts {
    clock: Clock,
    addresses: Arc<Addresses>,
    counts: Arc<Mutex<Counts>>,
}

#[derive(Debug, Default)]
struct Counts {
    pairs: HashMap<(Box<str>, Network), Count>,
    accounts: HashMap<Box<str>, Count>,
}

/// Tries that were in vain, or are not decided yet.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    tries: u32,
    last: u64,
    /// No try before this time.
    until: u64,
    locks: u32,
}

/// An account that is locked for networks from which nobody has signed in to it yet. Times are
/// seconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lock {
    /// The account.
    pub account: String,
    /// How often it was tried in vain.
    pub tries: u32,
    /// When it was tried last.
    pub last: u64,
    /// When the lock ends by itself.
    pub until: u64,
}

impl Attempts {
    pub(crate) fn new(clock: Clock) -> Self {
        let quota = Quota::with_period(ONE_MORE).expect("two seconds are a period");
        let store = HashMapStateStore::default();
        let addresses = RateLimiter::new(quota.allow_burst(BURST), store, clock.clone());
        Self { clock, addresses: Arc::new(addresses), counts: Arc::default() }
    }

    /// Counts a try of anything from an address.
    pub(crate) fn arrive(&self, address: IpAddr) -> Result<(), Error> {
        if self.addresses.len() > REMEMBERED {
            self.addresses.retain_recent();
        }
        self.addresses.check_key(&address.into()).map_err(|refused| Error::TooMany {
            // Whole seconds are told, and one too few would be refused again.
            retry_after: whole(refused.wait_time_from(self.clock.now())),
        })
    }

    /// Counts a try before it is known how it goes, so that a thousand at once are a thousand.
    /// `is_known` says that somebody has signed in from this network before.
    pub(crate) fn begin(
        &self,
        account: &str,
        address: IpAddr,
        is_known: bool,
    ) -> Result<Attempt, Error> {
        let (network, now) = (Network::from(address), self.clock.seconds());
        let pair = (Box::from(account), network);
        let mut counts = self.lock();
        let Counts { pairs, accounts } = &mut *counts;
        make_room(pairs, now);
        make_room(accounts, now);
        let of_pair = pairs.entry(pair.clone()).or_default();
        let of_account = accounts.entry(pair.0.clone()).or_default();
        let until = of_pair.until.max(if is_known { 0 } else { of_account.until });
        if now < until {
            return Err(Error::TooMany { retry_after: Duration::from_secs(until - now) });
        }
        of_pair.count(now);
        if of_pair.tries >= FREE {
            let doublings = (of_pair.tries - FREE).min(16);
            of_pair.until = now + LONGEST_WAIT.min(1 << doublings);
        }
        if !is_known {
            of_account.count(now);
            if of_account.tries.is_multiple_of(LOCK) {
                of_account.until = now + LONGEST_LOCK.min(FIRST_LOCK << of_account.locks.min(16));
                of_account.locks += 1;
                // Not which: people type passwords into the wrong field.
                tracing::warn!(network = %network, "an account is locked for a while");
            }
        }
        drop(counts);
        Ok(Attempt { attempts: self.clone(), pair, is_known })
    }

    /// The accounts that are locked now.
    pub(crate) fn locks(&self) -> Vec<Lock> {
        let now = self.clock.seconds();
        let counts = self.lock();
        let locked = counts.accounts.iter().filter(|(_, count)| now < count.until);
        let mut locks: Vec<_> = locked
            .map(|(account, count)| Lock {
                account: account.to_string(),
                tries: count.tries,
                last: count.last,
                until: count.until,
            })
            .collect();
        locks.sort_by(|a, b| a.account.cmp(&b.account));
        locks
    }

    /// Forgets all tries of an account; whether it was locked.
    pub(crate) fn lift(&self, account: &str) -> bool {
        let now = self.clock.seconds();
        let mut counts = self.lock();
        counts.pairs.retain(|(it, _), _| &**it != account);
        counts.accounts.remove(account).is_some_and(|count| now < count.until)
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        // Counts are numbers: a panic elsewhere leaves none of them half written.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Attempts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempts").finish_non_exhaustive()
    }
}

impl Count {
    fn count(&mut self, now: u64) {
        if self.is_forgotten(now) {
            *self = Self::default();
        }
        self.tries = self.tries.saturating_add(1);
        self.last = now;
    }

    fn is_forgotten(&self, now: u64) -> bool {
        now > self.last.saturating_add(FORGET)
    }
}

/// A try that is counted as one in vain until it turns out otherwise, also when whoever tried has
/// gone before that.
#[derive(Debug)]
pub(crate) struct Attempt {
    attempts: Attempts,
    pair: (Box<str>, Network),
    is_known: bool,
}

impl Attempt {
    /// It was the right password.
    pub(crate) fn succeeded(self) {
        let mut counts = self.attempts.lock();
        counts.pairs.remove(&self.pair);
        counts.accounts.remove(&self.pair.0);
    }

    /// It was not looked at.
    pub(crate) fn withdraw(self) {
        let mut counts = self.attempts.lock();
        let Counts { pairs, accounts } = &mut *counts;
        let of_account = if self.is_known { None } else { accounts.get_mut(&self.pair.0) };
        for count in pairs.get_mut(&self.pair).into_iter().chain(of_account) {
            count.tries = count.tries.saturating_sub(1);
        }
    }
}

/// Forgets what is old, and when that is not enough, a tenth of the rest: what has the fewest
/// tries.
fn make_room<K: Clone + Eq + std::hash::Hash>(counts: &mut HashMap<K, Count>, now: u64) {
    if counts.len() < REMEMBERED {
        return;
    }
    counts.retain(|_, count| !count.is_forgotten(now));
    if counts.len() < REMEMBERED {
        return;
    }
    let mut tries: Vec<u32> = counts.values().map(|count| count.tries).collect();
    let (_, bound, _) = tries.select_nth_unstable(REMEMBERED / 10);
    let (bound, mut room) = (*bound, REMEMBERED / 10);
    counts.retain(|_, count| {
        let goes = count.tries <= bound && room > 0;
        room -= usize::from(goes);
        !goes
    });
}

fn whole(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use std::{
        net::Ipv4Addr,
        sync::atomic::{AtomicU64, Ordering},
    };

    use super::*;

    struct World {
        now: Arc<AtomicU64>,
        attempts: Attempts,
    }

    impl World {
        fn new() -> Self {
            let now = Arc::new(AtomicU64::new(1_000_000));
            let there = Arc::clone(&now);
            let clock = Clock::new(move || Duration::from_secs(there.load(Ordering::Relaxed)));
            Self { now, attempts: Attempts::new(clock) }
        }

        fn pass(&self, seconds: u64) {
            self.now.fetch_add(seconds, Ordering::Relaxed);
        }

        /// Tries in vain; how many seconds to wait, if it was not let through.
        fn fail(&self, account: &str, address: IpAddr, is_known: bool) -> Option<u64> {
            match self.attempts.begin(account, address, is_known) {
                Ok(_) => None,
                Err(Error::TooMany { retry_after }) => Some(retry_after.as_secs()),
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn address(n: u32) -> IpAddr {
        Ipv4Addr::from(n).into()
    }

    #[test]
    fn from_one_network_each_try_waits_twice_as_long_as_the_one_before() {
        let world = World::new();
        let mut waits = Vec::new();
        for _ in 0..16 {
            let mut waited = 0;
            while let Some(wait) = world.fail("ann", address(1), true) {
                world.pass(wait);
                waited += wait;
            }
            waits.push(waited);
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900]);
    }

    #[test]
    fn the_right_password_starts_over() {
        let world = World::new();
        for _ in 0..4 {
            world.fail("ann", address(1), false);
        }

        world.attempts.begin("ann", address(1), false).unwrap().succeeded();

        for _ in 0..5 {
            assert_eq!(world.fail("ann", address(1), false), None);
        }
    }

    #[test]
    fn tries_from_everywhere_lock_an_account_but_not_for_who_was_there_before() {
        let world = World::new();
        for n in 0..25 {
            assert_eq!(world.fail("ann", address(n), false), None);
        }

        assert_eq!(world.fail("ann", address(99), false), Some(900));
        assert_eq!(world.fail("ann", address(77), true), None, "the owner is let through");
        assert_eq!(world.fail("bob", address(99), false), None, "so is everybody else");
        let [lock] = world.attempts.locks().try_into().unwrap();
        assert_eq!((lock.account.as_str(), lock.tries, lock.until), ("ann", 25, 1_000_900));
    }

    #[test]
    fn a_lock_ends_by_itself_and_tries_during_it_do_not_make_it_longer() {
        let world = World::new();
        for n in 0..25 {
            world.fail("ann", address(n), false);
        }
        for n in 100..1_000 {
            world.fail("ann", address(n), false);
        }

        world.pass(900);

        assert_eq!(world.attempts.locks(), []);
        assert_eq!(world.fail("ann", address(5_000), false), None);
        for n in 6_000..6_024 {
            world.fail("ann", address(n), false);
        }
        assert_eq!(world.fail("ann", address(7_000), false), Some(1_800), "the next is longer");
    }

    #[test]
    fn a_lock_can_be_lifted() {
        let world = World::new();
        for n in 0..25 {
            world.fail("ann", address(n), false);
        }

        assert!(world.attempts.lift("ann"));

        assert!(!world.attempts.lift("ann"));
        assert_eq!(world.fail("ann", address(99), false), None);
    }

    #[test]
    fn a_try_that_was_not_looked_at_does_not_count() {
        let world = World::new();
        for _ in 0..100 {
            let attempt = world.attempts.begin("ann", address(1), false);
            attempt.unwrap().withdraw();
            // What a wait was set for it is over by then.
            world.pass(1);
        }
        assert_eq!(world.fail("ann", address(1), false), None);
    }

    #[test]
    fn an_address_may_try_often_but_not_always() {
        let world = World::new();
        let other = "2001:db8::1".parse().unwrap();
        (0..30).for_each(|_| world.attempts.arrive(address(1)).unwrap());

        let refused = world.attempts.arrive(address(1));

        assert!(
            matches!(refused, Err(Error::TooMany { retry_after }) if retry_after.as_secs() == 2)
        );
        world.attempts.arrive(other).unwrap();
        world.pass(2);
        world.attempts.arrive(address(1)).unwrap();
        assert!(world.attempts.arrive(address(1)).is_err());
    }

    #[test]
    fn one_customers_ipv6_network_is_one_address() {
        let world = World::new();
        let address = |n: u128| IpAddr::from(std::net::Ipv6Addr::from((0x2001_0db8 << 96) + n));
        (0..30).for_each(|n| world.attempts.arrive(address(n)).unwrap());
        assert!(world.attempts.arrive(address(31)).is_err());
        assert!(world.attempts.arrive(address(1 << 64)).is_ok());
    }

    #[test]
    fn made_up_names_cost_bounded_memory_and_do_not_push_out_a_lock() {
        let world = World::new();
        for n in 0..25 {
            world.fail("ann", address(n), false);
        }
        for n in 0..30_000 {
            world.fail(&format!("made-up-{n}"), address(1_000 + n), false);
        }
        let counts = world.attempts.lock();
        assert!(counts.accounts.len() <= REMEMBERED && counts.pairs.len() <= REMEMBERED);
        drop(counts);
        assert_eq!(world.attempts.locks().len(), 1);
    }
}
