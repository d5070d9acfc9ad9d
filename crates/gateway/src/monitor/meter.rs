//! What is counted while requests are answered and messages sent: a few additions each, on memory
//! that threads seldom share.

use std::{
    array,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

use axum::http::{Method, StatusCode};

/// How many threads count beside each other; of more, some share.
const STRIPES: usize = 8;

/// Handling times from this power of two of nanoseconds on (a microsecond) have buckets of their own.
const FIRST: u32 = 10;

/// And up to this one (34 seconds).
const LAST: u32 = 35;

/// In how many buckets each power of two is divided: what is told is at most an eighth too long.
const PARTS: u32 = 8;

/// How many there are, with one for what is shorter and one for what is longer.
const BUCKETS: usize = ((LAST - FIRST) * PARTS) as usize + 2;

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    List,
    Write,
    /// The page, its files, sockets, and what the server says about itself.
    Other,
}

impl Kind {
    pub(crate) fn of(method: &Method, path: &str) -> Self {
        let is_own = path.len() <= 1 || path.starts_with("/_");
        match *method {
            _ if is_own => Self::Other,
            Method::GET | Method::HEAD if path.contains('*') => Self::List,
            Method::GET | Method::HEAD => Self::Read,
            Method::POST | Method::PATCH | Method::PUT | Method::DELETE => Self::Write,
            _ => Self::Other,
        }
    }
}

/// Everything that happened since the start.
#[derive(Debug)]
pub(crate) struct Meter([Stripe; STRIPES]);

/// What some threads have counted, on lines of the cache that others do not use.
#[derive(Debug)]
#[repr(align(128))]
struct Stripe {
    /// By [`Kind`].
    requests: [AtomicU64; 4],
    refused: AtomicU64,
    failed: AtomicU64,
    messages: AtomicU64,
    bytes: AtomicU64,
    handling: [AtomicU64; BUCKETS],
}

impl Default for Meter {
    fn default() -> Self {
        Self(array::from_fn(|_| Stripe {
            requests: array::from_fn(|_| AtomicU64::new(0)),
            refused: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            messages: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            handling: array::from_fn(|_| AtomicU64::new(0)),
        }))
    }
}

impl Meter {
    /// A request was answered, after this time.
    pub(crate) fn answered(&self, kind: Kind, status: StatusCode, time: Duration) {
        let stripe = self.stripe();
        // Opening a socket is not what it looks like.
        let kind = if status == StatusCode::SWITCHING_PROTOCOLS { Kind::Other } else { kind };
        let [reads, lists, writes, others] = &stripe.requests;
        let counter = match kind {
            Kind::Read => reads,
            Kind::List => lists,
            Kind::Write => writes,
            Kind::Other => others,
        };
        add(counter, 1);
        if status.is_client_error() {
            add(&stripe.refused, 1);
        } else if status.is_server_error() {
            add(&stripe.failed, 1);
        }
        if kind != Kind::Other
            && let Some(bucket) = stripe.handling.get(bucket(time))
        {
            add(bucket, 1);
        }
    }

    /// Messages were given to a socket.
    pub(crate) fn sent(&self, messages: u64, bytes: u64) {
        let stripe = self.stripe();
        add(&stripe.messages, messages);
        add(&stripe.bytes, bytes);
    }

    /// What was counted until now.
    pub(crate) fn read(&self) -> Counts {
        let mut counts = Counts::default();
        for stripe in &self.0 {
            let sums = counts.requests.iter_mut().zip(&stripe.requests);
            let sums = sums.chain(counts.handling.iter_mut().zip(&stripe.handling));
            sums.for_each(|(sum, counter)| *sum += counter.load(Ordering::Relaxed));
            counts.refused += stripe.refused.load(Ordering::Relaxed);
            counts.failed += stripe.failed.load(Ordering::Relaxed);
            counts.messages += stripe.messages.load(Ordering::Relaxed);
            counts.bytes += stripe.bytes.load(Ordering::Relaxed);
        }
        counts
    }

    fn stripe(&self) -> &Stripe {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static STRIPE: usize = THREADS.fetch_add(1, Ordering::Relaxed) % STRIPES;
        }
        // While a thread ends it has none.
        let nth = STRIPE.try_with(|nth| *nth).unwrap_or_default();
        self.0.get(nth).unwrap_or(&self.0[0])
    }
}

fn add(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

/// What a [`Meter`] has counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Reads, lists, writes and others.
    pub(crate) requests: [u64; 4],
    pub(crate) refused: u64,
    pub(crate) failed: u64,
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
    handling: [u64; BUCKETS],
}

impl Default for Counts {
    fn default() -> Self {
        let (requests, handling) = ([0; 4], [0; BUCKETS]);
        Self { requests, refused: 0, failed: 0, messages: 0, bytes: 0, handling }
    }
}

impl Counts {
    /// What was counted after `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let mut rest = self.clone();
        let pairs = rest.requests.iter_mut().zip(&earlier.requests);
        let pairs = pairs.chain(rest.handling.iter_mut().zip(&earlier.handling));
        pairs.for_each(|(count, earlier)| *count = count.saturating_sub(*earlier));
        rest.refused = rest.refused.saturating_sub(earlier.refused);
        rest.failed = rest.failed.saturating_sub(earlier.failed);
        rest.messages = rest.messages.saturating_sub(earlier.messages);
        rest.bytes = rest.bytes.saturating_sub(earlier.bytes);
        rest
    }

    /// In how many microseconds `percent` of the requests were handled; 0 without requests.
    pub(crate) fn percentile(&self, percent: u64) -> u64 {
        let total: u64 = self.handling.iter().sum();
        let wanted = (total * percent).div_ceil(100);
        let mut seen = 0;
        let nth = self.handling.iter().position(|count| {
            seen += count;
            wanted > 0 && seen >= wanted
        });
        nth.map_or(0, |nth| longest(nth).div_ceil(1000))
    }
}

/// The bucket of a time.
fn bucket(time: Duration) -> usize {
    let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let Some(power) = nanos.checked_ilog2().filter(|power| *power >= FIRST) else { return 0 };
    if power >= LAST {
        return BUCKETS - 1;
    }
    // The three bits behind the first.
    let part = (nanos >> (power - PARTS.ilog2())) & u64::from(PARTS - 1);
    1 + ((power - FIRST) * PARTS) as usize + usize::try_from(part).unwrap_or_default()
}

/// The longest time of a bucket, in nanoseconds.
fn longest(bucket: usize) -> u64 {
    let Some(nth) = bucket.checked_sub(1) else { return 1 << FIRST };
    let nth = u32::try_from(nth).unwrap_or(u32::MAX).min((LAST - FIRST) * PARTS);
    let (power, part) = (FIRST + nth / PARTS, nth % PARTS);
    (1 << power) + (u64::from(part) + 1) * ((1 << power) / u64::from(PARTS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_at_most_an_eighth_too_long_and_never_too_short() {
        for nanos in (0..34).flat_map(|power| [1_u64 << power, (1 << power) + 1, 3 << power]) {
            let told = longest(bucket(Duration::from_nanos(nanos)));
            assert!(told >= nanos, "{nanos}: {told}");
            assert!(told <= 1024.max(nanos + nanos / 8 + 1), "{nanos}: {told}");
        }
        assert_eq!(bucket(Duration::MAX), BUCKETS - 1);
    }

    #[test]
    fn percentiles_are_those_of_what_was_counted_since() {
        let meter = Meter::default();
        let answered = |count, millis| {
            for _ in 0..count {
                meter.answered(Kind::Read, StatusCode::OK, Duration::from_millis(millis));
            }
        };
        answered(1000, 500);
        let before = meter.read();
        assert_eq!(meter.read().since(&before).percentile(99), 0, "nothing has happened since");
        answered(90, 1);
        answered(8, 10);
        answered(2, 100);

        let since = meter.read().since(&before);

        let check = |percent, millis: u64| {
            let told = since.percentile(percent);
            assert!((millis * 1000..=millis * 1125).contains(&told), "{percent}: {told}");
        };
        check(50, 1);
        check(95, 10);
        check(99, 100);
    }

    #[test]
    fn requests_are_told_apart() {
        let check = |method, path, kind| assert_eq!(Kind::of(&method, path), kind, "{path}");
        check(Method::GET, "/books/dune", Kind::Read);
        check(Method::HEAD, "/books/dune", Kind::Read);
        check(Method::GET, "/books/*", Kind::List);
        check(Method::POST, "/books/*", Kind::Write);
        check(Method::DELETE, "/books/dune", Kind::Write);
        check(Method::GET, "/", Kind::Other);
        check(Method::GET, "/_pkg/monoxide.js", Kind::Other);
        check(Method::OPTIONS, "/books/dune", Kind::Other);
    }

    #[test]
    fn what_threads_count_is_summed_up_and_sockets_are_no_reads() {
        let meter = Meter::default();
        std::thread::scope(|scope| {
            for _ in 0..12 {
                scope.spawn(|| {
                    meter.answered(Kind::Write, StatusCode::OK, Duration::ZERO);
                    meter.answered(Kind::Read, StatusCode::NOT_FOUND, Duration::ZERO);
                    meter.answered(Kind::Read, StatusCode::BAD_GATEWAY, Duration::ZERO);
                    meter.answered(Kind::Read, StatusCode::SWITCHING_PROTOCOLS, Duration::ZERO);
                    meter.sent(2, 100);
                });
            }
        });
        let counts = meter.read();
        assert_eq!(counts.requests, [24, 0, 12, 12]);
        assert_eq!((counts.refused, counts.failed), (12, 12));
        assert_eq!((counts.messages, counts.bytes), (24, 1200));
    }
}
