//! What is measured, in the order of the table. The load generator knows how.

/// One run of the load generator.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    /// Whether the floor can do the same work.
    pub(super) has_floor: bool,
}

pub(super) const SCENARIOS: [Scenario; 17] = [
    beside_the_floor("rest-set"),
    beside_the_floor("rest-get"),
    beside_the_floor("rest-list"),
    beside_the_floor("rest-push"),
    beside_the_floor("fan-out-1000"),
    beside_the_floor("fan-out-10000"),
    beside_the_floor("topics-1000x10"),
    alone("list-1000"),
    alone("list-20000"),
    alone("list-100000"),
    beside_the_floor("idle-10000"),
    alone("idle-10000-topics"),
    beside_the_floor("join-2000"),
    beside_the_floor("join-among-500"),
    beside_the_floor("reconnect-5000"),
    beside_the_floor("slow-readers-100"),
    beside_the_floor("slow-readers-1000"),
];

const fn beside_the_floor(name: &'static str) -> Scenario {
    Scenario { name, has_floor: true }
}

const fn alone(name: &'static str) -> Scenario {
    Scenario { name, has_floor: false }
}
