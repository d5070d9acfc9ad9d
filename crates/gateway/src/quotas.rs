//! How often somebody may ask: so many requests in a second, and so many writes among them, from one
//! address and for one account.
//!
//! Whoever was quiet may ask for more at once. Addresses and accounts are counted in a fixed number
//! of places, which ones is chosen anew at each start: so it takes no more memory however many there
//! are, and of very many a few share a place, by chance and not by choice.

use std::{
    hash::{BuildHasher as _, Hash, RandomState},
    net::IpAddr,
    num::NonZeroU32,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use axum::http::Method;
use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    middleware::NoOpMiddleware,
    state::keyed::HashMapStateStore,
};

use crate::guests::Network;

/// How many places there are.
const PLACES: u64 = 1 << 16;

/// How many seconds' worth whoever was quiet may ask for at once.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(5).expect("5 is not 0");

/// What may be asked in a second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rates {
    pub(crate) requests: Rate,
    pub(crate) writes: Rate,
}

/// So many in a second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) a_second: NonZeroU32,
    /// Whether it is for the machine itself, too.
    pub(crate) here: bool,
}

type Buckets = RateLimiter<
    u64,
    HashMapStateStore<u64>,
    DefaultClock,
    NoOpMiddleware<<DefaultClock as governor::clock::Clock>::Instant>,
>;

/// Who has asked how often.
pub(crate) struct Quotas {
    rates: Rates,
    requests: Buckets,
    writes: Buckets,
    places: RandomState,
    refused: AtomicU64,
}

/// After how long it may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany(pub(crate) Duration);

impl std::fmt::Debug for Quotas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Quotas").field("refused", &self.refused).finish_non_exhaustive()
    }
}

impl Default for Quotas {
    fn default() -> Self {
        Self::new(Rates::default())
    }
}

impl Default for Rates {
    fn default() -> Self {
        const REQUESTS: NonZeroU32 = NonZeroU32::new(2000).expect("2000 is not 0");
        const WRITES: NonZeroU32 = NonZeroU32::new(1000).expect("1000 is not 0");
        let rate = |a_second| Rate { a_second, here: false };
        Self { requests: rate(REQUESTS), writes: rate(WRITES) }
    }
}

impl Quotas {
    pub(crate) fn new(rates: Rates) -> Self {
        let buckets = |Rate { a_second, .. }: Rate| {
            let at_once = a_second.saturating_mul(AT_ONCE);
            let quota = Quota::per_second(a_second).allow_burst(at_once);
            RateLimiter::new(quota, HashMapStateStore::default(), DefaultClock::default())
        };
        Self {
            rates,
            requests: buckets(rates.requests),
            writes: buckets(rates.writes),
            places: RandomState::new(),
            refused: AtomicU64::new(0),
        }
    }

    /// Whether it is counted what an address asks.
    pub(crate) fn count(&self, address: IpAddr) -> bool {
        self.rates.requests.here || self.rates.writes.here || !is_here(address)
    }

    /// Counts a request from an address.
    pub(crate) fn of_address(&self, address: IpAddr, method: &Method) -> Result<(), TooMany> {
        self.ask(("address", Network::of(address)), is_here(address), method)
    }

    /// Counts a request for an account, which came from an address.
    pub(crate) fn of_account(
        &self,
        account: &str,
        address: IpAddr,
        method: &Method,
    ) -> Result<(), TooMany> {
        self.ask(("account", account), is_here(address), method)
    }

    /// How many requests were refused.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn ask(&self, who: impl Hash, is_here: bool, method: &Method) -> Result<(), TooMany> {
        let Rates { requests, writes } = self.rates;
        let place = self.places.hash_one(who) % PLACES;
        let is_read = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        let check = |rate: Rate, buckets: &Buckets| match is_here && !rate.here {
            true => Ok(()),
            false => buckets.check_key(&place),
        };
        let asked = check(requests, &self.requests);
        let asked = asked.and_then(|()| if is_read { Ok(()) } else { check(writes, &self.writes) });
        asked.map_err(|until| {
            let refused = self.refused.fetch_add(1, Ordering::Relaxed) + 1;
            // Ever more rarely: whoever is refused may come back a thousand times a second.
            if refused.is_power_of_two() {
                tracing::warn!(refused, "too many requests");
            }
            TooMany(until.wait_time_from(DefaultClock::default().now()))
        })
    }
}

fn is_here(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quotas(here: bool) -> Quotas {
        let rate = |rate| Rate { a_second: NonZeroU32::new(rate).unwrap(), here };
        Quotas::new(Rates { requests: rate(2), writes: rate(1) })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn who_asks_too_much_is_told_when_to_come_back_and_others_are_not() {
        let quotas = quotas(false);
        let (one, other) = (address("10.0.0.1"), address("10.0.0.2"));
        for _ in 0..10 {
            quotas.of_address(one, &Method::GET).unwrap();
        }
        let TooMany(wait) = quotas.of_address(one, &Method::GET).unwrap_err();
        assert!(wait > Duration::ZERO && wait <= Duration::from_millis(500), "{wait:?}");
        quotas.of_address(other, &Method::GET).unwrap();
        quotas.of_account("ann", one, &Method::GET).unwrap();
        assert_eq!(quotas.refused(), 1);
    }

    #[test]
    fn writes_are_fewer_and_an_account_has_them_wherever_it_asks_from() {
        let quotas = quotas(false);
        for n in 0..5 {
            let address = address(&format!("10.0.0.{n}"));
            quotas.of_account("ann", address, &Method::POST).unwrap();
        }
        let elsewhere = address("10.0.0.9");
        quotas.of_account("ann", elsewhere, &Method::DELETE).unwrap_err();
        quotas.of_account("ann", elsewhere, &Method::GET).unwrap();
        quotas.of_account("bob", elsewhere, &Method::POST).unwrap();
    }

    #[test]
    fn the_machine_itself_has_a_limit_only_when_one_is_set() {
        for (here, refused) in [(false, 0), (true, 90)] {
            let quotas = quotas(here);
            for _ in 0..100 {
                _ = quotas.of_address(address("127.0.0.1"), &Method::GET);
            }
            assert!(quotas.refused() >= refused / 2 && quotas.refused() <= refused);
        }
    }

    #[test]
    fn it_takes_no_more_memory_however_many_ask() {
        let quotas = quotas(false);
        for n in 0..200_000_u32 {
            _ = quotas.of_address(IpAddr::V4((n + (11 << 24)).into()), &Method::GET);
        }
        assert!(quotas.requests.len() as u64 <= PLACES);
    }
}
