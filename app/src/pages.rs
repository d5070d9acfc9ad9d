//! The pages, one file each.

pub(crate) mod browser;
pub(crate) mod document;
pub(crate) mod monitor;
pub(crate) mod people;
pub(crate) mod tools;
pub(crate) mod watch;
