//! What clients and servers say to each other, and nothing else.
//!
//! This crate is values in, values out: no I/O, no clock, no tasks. It compiles for the server
//! and for the browser, so both ends agree by construction.
//!
//! Read the modules in the order data meets them: a request names a [`Key`] or a [`Glob`] and
//! brings [`Json`]; the store keeps both as an [`Object`] and stamps each change with a
//! [`Version`]; a patch ([`merge`], [`ListChange`], [`object_patch`]) says what changed; a
//! [`Message`] carries it to subscribers, whose [`Replica`] follows along.
//!
//! ```
//! use monoxide_protocol::{Glob, Key};
//!
//! let books = Glob::parse("books/*")?;
//! assert!(books.matches(&Key::parse("books/dune")?));
//! assert!(!books.matches(&Key::parse("films/dune")?));
//! # Ok::<(), monoxide_protocol::KeyError>(())
//! ```

mod compare;
mod diff;
mod json;
mod key;
mod merge;
mod message;
mod monitor;
mod object;
mod patch;
mod range;
mod replica;
mod system;
mod version;

pub use crate::{
    compare::Rank,
    json::{Json, JsonError},
    key::{Glob, Key, KeyError, List, Target},
    merge::{MergeError, merge},
    message::{Kind, Message, encode},
    monitor::{
        ConnectionUse, Failing, Monitor, SAMPLES, Sample, ServerState, Storage, Top, TopicUse,
    },
    object::{EMPTY_OBJECT, Object},
    patch::{ListChange, document_patch, list_patch, object_patch},
    range::{By, Order, Range, RangeError, escaped, unescaped},
    replica::{Gap, Replica},
    system::{Keys, Listed, Watched},
    version::{Version, VersionError},
};
