//! Who is let in: so many connections in total, and so many from one address.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{connections::Connections, monitor::Meter};

/// How many connections there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) total: usize,
    pub(crate) per_address: usize,
    /// From an address of the machine itself.
    pub(crate) from_here: usize,
}

/// Everyone who was let in. Cloning it gives the same ones.
#[derive(Debug, Clone)]
pub(crate) struct Guests(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limits: Limits,
    open: Mutex<Open>,
    refused: AtomicU64,
    refused_by_address: AtomicU64,
    /// Those of them that are sockets.
    connections: Connections,
    /// What is counted of all of them.
    meter: Meter,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_network: HashMap<Network, usize>,
}

/// Whose connections are counted together. Who has one address of IPv6 has 2⁶⁴ of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Network {
    V4(Ipv4Addr),
    /// The first 64 bits.
    V6([u16; 4]),
}

/// A connection that was let in, until this is dropped.
#[derive(Debug)]
pub(crate) struct Guest {
    pub(crate) address: SocketAddr,
    guests: Guests,
}

/// Why a connection is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// There are too many.
    Total,
    /// There are too many from its address.
    Address,
}

impl Guests {
    pub(crate) fn new(limits: Limits) -> Self {
        Self(Arc::new(Shared {
            limits,
            open: Mutex::default(),
            refused: AtomicU64::new(0),
            refused_by_address: AtomicU64::new(0),
            connections: Connections::default(),
            meter: Meter::default(),
        }))
    }

    /// Lets a connection in, unless that would be one too many.
    pub(crate) fn admit(&self, address: SocketAddr) -> Result<Arc<Guest>, Full> {
        let Limits { total, per_address, from_here } = self.0.limits;
        let is_here = address.ip().to_canonical().is_loopback();
        let most = if is_here { from_here } else { per_address };
        let mut open = self.lock();
        if open.total >= total {
            drop(open);
            return Err(self.refuse(Full::Total));
        }
        let count = open.by_network.entry(Network::of(address.ip())).or_default();
        if *count >= most {
            drop(open);
            return Err(self.refuse(Full::Address));
        }
        *count += 1;
        open.total += 1;
        Ok(Arc::new(Guest { address, guests: self.clone() }))
    }

    /// How many connections there are.
    pub(crate) fn open(&self) -> usize {
        self.lock().total
    }

    /// How many were not let in for this reason.
    pub(crate) fn refused(&self, full: Full) -> u64 {
        self.counter(full).load(Ordering::Relaxed)
    }

    /// Those who went on as sockets.
    pub(crate) fn connections(&self) -> &Connections {
        &self.0.connections
    }

    /// What is counted of them.
    pub(crate) fn meter(&self) -> &Meter {
        &self.0.meter
    }

    fn refuse(&self, full: Full) -> Full {
        let refused = self.counter(full).fetch_add(1, Ordering::Relaxed) + 1;
        // Ever more rarely: whoever is refused may come back a thousand times a second.
        if refused.is_power_of_two() {
            tracing::warn!(limit = ?full, refused, "too many connections");
        }
        full
    }

    fn counter(&self, full: Full) -> &AtomicU64 {
        match full {
            Full::Total => &self.0.refused,
            Full::Address => &self.0.refused_by_address,
        }
    }

    /// Nothing panics while it is held.
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guest {
    /// All sockets of the server.
    pub(crate) fn connections(&self) -> &Connections {
        self.guests.connections()
    }

    /// What is counted of all of them.
    pub(crate) fn meter(&self) -> &Meter {
        self.guests.meter()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut open = self.guests.lock();
        open.total -= 1;
        if let Entry::Occupied(mut count) = open.by_network.entry(Network::of(self.address.ip())) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

impl Network {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guests(total: usize, per_address: usize) -> Guests {
        Guests::new(Limits { total, per_address, from_here: per_address })
    }

    fn at(address: &str) -> SocketAddr {
        SocketAddr::new(address.parse().unwrap(), 1)
    }

    #[track_caller]
    fn check_together(one: &str, other: &str, expected: bool) {
        let guests = guests(10, 1);
        let _one = guests.admit(at(one)).unwrap();
        assert_eq!(guests.admit(at(other)).is_err(), expected, "{one} and {other}");
    }

    #[test]
    fn who_leaves_makes_room() {
        let guests = guests(3, 2);
        let one = guests.admit(at("10.0.0.1")).unwrap();
        let two = guests.admit(at("10.0.0.1")).unwrap();
        assert_eq!(guests.admit(at("10.0.0.1")).unwrap_err(), Full::Address);
        let other = guests.admit(at("10.0.0.2")).unwrap();
        assert_eq!(guests.admit(at("10.0.0.3")).unwrap_err(), Full::Total);
        drop(one);
        let three = guests.admit(at("10.0.0.1")).unwrap();
        assert_eq!((guests.open(), guests.refused(Full::Total)), (3, 1));
        assert_eq!(guests.refused(Full::Address), 1);

        drop((two, three, other));

        assert_eq!(guests.open(), 0);
        assert!(guests.lock().by_network.is_empty(), "who is gone is forgotten");
    }

    #[test]
    fn a_network_that_is_handed_out_as_one_counts_as_one() {
        check_together("2001:db8:1:2::1", "2001:db8:1:2:ffff::2", true);
        check_together("2001:db8:1:2::1", "2001:db8:1:3::1", false);
        check_together("10.0.0.1", "10.0.0.2", false);
        check_together("10.0.0.1", "::ffff:10.0.0.1", true);
        check_together("::1", "127.0.0.1", false);
    }

    #[test]
    fn the_machine_itself_may_have_a_limit_of_its_own() {
        let guests = Guests::new(Limits { total: 10, per_address: 1, from_here: 2 });
        let mut here: Vec<_> =
            ["127.0.0.1", "::ffff:127.0.0.1"].map(|it| guests.admit(at(it))).into();
        here.push(guests.admit(at("127.0.0.1")));
        assert_eq!(here.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false]);
    }
}
