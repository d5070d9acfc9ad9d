//! Who may do what, as an application says it beside its filters.

use std::fmt;

use monoxide_protocol::{Glob, Json, Key};

use crate::identity::Identity;

/// What somebody wants to do with one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Read it by its key.
    Read,
    /// Find it in a list, and its key among the keys.
    List,
    /// Read it by its key and hear of its changes.
    Watch,
    /// Find it in a list and hear of its changes there.
    WatchItem,
    /// Store it where there is nothing.
    Create,
    /// Store something else in its place.
    Update,
    /// Delete it.
    Delete,
}

/// What rules are asked: whether somebody may do something with one object.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Who asks.
    pub identity: &'a Identity,
    /// What for.
    pub operation: Operation,
    /// Which object.
    pub key: &'a Key,
    /// What is stored there, when something is.
    pub old: Option<&'a Json>,
    /// What is to be stored there, as it was sent, a patch applied; nothing for what is read or
    /// deleted.
    pub new: Option<&'a Json>,
}

/// What rules answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it may be done.
    pub is_allowed: bool,
    /// Whether another `old` object might have given another answer. Then a write is decided
    /// again when the object has changed meanwhile.
    pub looked_at_old: bool,
}

/// What of an identity decides. Those who are alike in it see the same and share it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Inputs {
    /// The account's name.
    pub account: bool,
    /// The roles.
    pub roles: bool,
    /// Whether there is an account.
    pub signed_in: bool,
}

/// Says who may do what, at every door and for every message. What the program itself does is not
/// asked about.
///
/// It is asked for each read and write, and for each change once in each view that somebody
/// watches, so it has to be quick and cannot wait. A panic is a no.
pub trait Rules: fmt::Debug + Send + Sync {
    /// Whether something may be done. It depends on nothing but what is `asked`.
    fn decide(&self, asked: &Asked<'_>) -> Verdict;

    /// What of an identity decides whether somebody may read, list or watch what `glob` names.
    /// With `None`, anything at all. Of the rest of the identity, what is watched is
    /// [decided](Self::decide) without.
    fn inputs(&self, glob: Option<&Glob>) -> Inputs;
}

impl Inputs {
    /// All there is.
    pub(crate) const ALL: Self = Self { account: true, roles: true, signed_in: true };
}

impl std::ops::BitOr for Inputs {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self {
            account: self.account || other.account,
            roles: self.roles || other.roles,
            signed_in: self.signed_in || other.signed_in,
        }
    }
}
