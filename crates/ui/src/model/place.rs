//! Which page an address means.

use monoxide_protocol::{Glob, KeyError};

/// What stands before a key in the page's own addresses.
const PREFIX: &str = "/_ui/";

/// A page, as the address bar names it.
///
/// ```
/// # use monoxide_protocol::Glob;
/// # use monoxide_ui::model::Place;
/// let books = Place::of(&Glob::parse("books/*")?);
/// assert_eq!(books.address(), "/_ui/books/*");
/// assert_eq!(Place::read("/_ui/books/*"), books);
/// # Ok::<(), monoxide_protocol::KeyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Nothing is chosen.
    Home,
    /// This key or list.
    Document(Glob),
    /// The address names something that is no key.
    Nowhere {
        /// What it names.
        text: String,
        /// Why that is no key.
        why: KeyError,
    },
}

impl Place {
    /// The page of one key or list.
    #[must_use]
    pub fn of(glob: &Glob) -> Self {
        Self::Document(glob.clone())
    }

    /// Reads the path of an address.
    #[must_use]
    pub fn read(path: &str) -> Self {
        let Some(text) = path.strip_prefix(PREFIX).filter(|text| !text.is_empty()) else {
            return Self::Home;
        };
        // Some programs write the star of an address as `%2A`, when they pass a link on.
        let text = text.replace("%2A", "*").replace("%2a", "*");
        match Glob::parse(&text) {
            Ok(glob) => Self::Document(glob),
            Err(why) => Self::Nowhere { text, why },
        }
    }

    /// The path of its address.
    #[must_use]
    pub fn address(&self) -> String {
        match self {
            Self::Home => "/".to_owned(),
            Self::Document(glob) => format!("{PREFIX}{glob}"),
            Self::Nowhere { text, .. } => format!("{PREFIX}{text}"),
        }
    }

    /// What is chosen, if something is.
    #[must_use]
    pub fn glob(&self) -> Option<&Glob> {
        match self {
            Self::Document(glob) => Some(glob),
            Self::Home | Self::Nowhere { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_and_the_bare_prefix_choose_nothing() {
        for path in ["/", "", "/_ui", "/_ui/"] {
            assert_eq!(Place::read(path), Place::Home);
        }
    }

    #[test]
    fn an_escaped_star_is_a_star() {
        assert_eq!(Place::read("/_ui/a/%2A").address(), "/_ui/a/*");
    }

    #[test]
    fn an_address_that_is_no_key_says_why() {
        let Place::Nowhere { text, why } = Place::read("/_ui/a//b") else { panic!() };
        assert_eq!(text, "a//b");
        assert_eq!(why.to_string(), "`a//b` has an empty segment");
    }
}
