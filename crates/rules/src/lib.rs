//! Who may do what, as data: a file with an expression for each path and operation.
//!
//! ```
//! use monoxide_engine::{Asked, Identity, Operation, Rules as _};
//! use monoxide_protocol::Key;
//! use monoxide_rules::RuleSet;
//!
//! let rules = RuleSet::parse("rules.toml", r#"
//!     ["**"]
//!     read = 'signed_in'
//!     write = 'role == "admin"'
//!
//!     ["users/*/notes/*"]
//!     read = 'segments[1] == account'
//! "#)?;
//!
//! let ann = Identity::account("ann", [""; 0]);
//! let key = Key::parse("users/ann/notes/1")?;
//! let read = Asked { identity: &ann, operation: Operation::Read, key: &key, old: None, new: None };
//! assert!(rules.decide(&read).is_allowed);
//! assert!(!rules.decide(&Asked { operation: Operation::Delete, ..read }).is_allowed);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Of the paths that name a key and say something about an operation, the most specific decides;
//! where none does, the answer is no. `docs/rules.md` says all of it.
//!
//! | feature | brings |
//! |---|---|
//! | `command` | [`command`], what a person asks in a shell |

#[cfg(feature = "command")]
pub mod command;
mod data;
mod expression;
mod file;
mod follow;
mod mistake;
mod pattern;
mod rule_set;
mod word;

pub use crate::{
    follow::follow,
    mistake::{Mistake, RuleError},
    rule_set::{Builder, Explanation, RuleSet},
    word::{UnknownWord, Word},
};

/// What `docs/rules.md` shows in Rust is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/rules.md")]
struct Documentation;
