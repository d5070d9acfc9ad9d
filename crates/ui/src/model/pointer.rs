//! A place inside a JSON value.

use std::{borrow::Borrow, fmt, sync::Arc};

/// A JSON Pointer (RFC 6901): the empty text is the whole value, `/tags/0` its first tag.
///
/// ```
/// # use monoxide_ui::model::Pointer;
/// let first_tag = Pointer::root().member("tags").element(0);
/// assert_eq!(first_tag.as_str(), "/tags/0");
/// assert_eq!(Pointer::root().member("a/b~c").as_str(), "/a~1b~0c");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pointer(Arc<str>);

impl Pointer {
    /// The whole value.
    #[must_use]
    pub fn root() -> Self {
        Self("".into())
    }

    /// The member called `name` of the object here.
    #[must_use]
    pub fn member(&self, name: &str) -> Self {
        if name.contains(['~', '/']) {
            Self(format!("{self}/{}", name.replace('~', "~0").replace('/', "~1")).into())
        } else {
            Self(format!("{self}/{name}").into())
        }
    }

    /// The element at `index` of the array here.
    #[must_use]
    pub fn element(&self, index: usize) -> Self {
        Self(format!("{self}/{index}").into())
    }

    /// The place after the last member or element here: `/tags/~`, which points at no value.
    pub(crate) fn more(&self) -> Self {
        Self(format!("{self}/~").into())
    }

    /// What this place is in, or `None` for the whole value.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(parent, _)| Self(parent.into()))
    }

    /// The pointer as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Pointer {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
