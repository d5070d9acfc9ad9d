//! What has to be so for a write to be done.

use std::sync::Arc;

use monoxide_protocol::{Object, Version};

use crate::error::Error;

/// What has to be stored for a write to be done, as `If-Match` and `If-None-Match` say (RFC 9110,
/// section 13.1). It is checked in the moment of the write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Condition {
    /// Nothing in particular.
    #[default]
    Always,
    /// One of these versions of the object.
    Version(Vec<Version>),
    /// An object, but none of these versions of it; or no object.
    Not(Vec<Version>),
    /// Any object.
    Exists,
    /// No object.
    Missing,
}

impl Condition {
    pub(crate) fn check(&self, now: Option<&Arc<Object>>) -> Result<(), Error> {
        let holds = match self {
            Self::Always => true,
            Self::Version(versions) => now.is_some_and(|it| versions.contains(&it.version)),
            Self::Not(versions) => now.is_none_or(|it| !versions.contains(&it.version)),
            Self::Exists => now.is_some(),
            Self::Missing => now.is_none(),
        };
        if holds { Ok(()) } else { Err(Error::Condition) }
    }
}
