//! Backends for tests, and what every backend has to pass.

mod conformance;
mod cuts;
mod failing;
mod memory;
mod power;

pub use self::{
    conformance::{Opening, conformance},
    cuts::{Cuts, power_cuts},
    failing::{Fault, Faults},
    memory::Disk,
    power::{PowerDisk, Unflushed},
};
