//! Documents of the server itself: watched like keys, never stored.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::Glob;

/// What can be watched: keys and lists, and the documents of the server itself.
///
/// ```
/// # use monoxide_protocol::{Glob, Watched};
/// assert_eq!(Watched::from(Glob::parse("books/*")?).to_string(), "books/*");
/// assert_eq!(Watched::Keys.to_string(), "_keys");
/// # Ok::<(), monoxide_protocol::KeyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Watched {
    /// One object or a list.
    Glob(Glob),
    /// Which lists and single keys exist, as an object whose data is [`Keys`].
    Keys,
}

impl From<Glob> for Watched {
    fn from(glob: Glob) -> Self {
        Self::Glob(glob)
    }
}

impl fmt::Display for Watched {
    /// The address on the server, without the slash before it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Glob(glob) => glob.fmt(f),
            // No key begins with `_`, so nothing that is stored can be meant.
            Self::Keys => f.write_str("_keys"),
        }
    }
}

/// What exists: lists such as `books/*`, and keys of one segment such as `config`.
pub type Keys = BTreeMap<Glob, Listed>;

/// One entry of [`Keys`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// How many objects there are: at least one, and just one for a key.
    pub count: u64,
}
