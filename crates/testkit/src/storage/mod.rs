//! Backends for tests, and what every backend has to pass.

mod conformance;
mod failing;
mod memory;

pub use self::{
    conformance::{Opening, conformance},
    failing::{Fault, Faults},
    memory::Disk,
};
