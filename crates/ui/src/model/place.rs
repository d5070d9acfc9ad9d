//! Which page an address means.

use std::sync::OnceLock;

use monoxide_protocol::{Glob, KeyError};

use super::form::account_name;

/// What stands before a key in the page's own addresses.
const PREFIX: &str = "/_ui/";

/// The path that the server is under, as it wrote into the page.
static BASE: OnceLock<String> = OnceLock::new();

/// Has all places be below `base`, such as `/tools/state`: once, before the first is read.
pub fn set_base(base: impl Into<String>) {
    _ = BASE.set(base.into());
}

/// The path that the server is under; nothing for the root.
#[must_use]
pub fn base() -> &'static str {
    BASE.get().map_or("", String::as_str)
}

/// The pages about accounts. No key begins with `_`.
const SET_UP: &str = "_setup";
const PROFILE: &str = "_profile";
const ACCOUNTS: &str = "_accounts";
const NEW_ACCOUNT: &str = "_accounts/_new";

/// The pages about the server, and where one looks on.
const LIVE: &str = "_live";
const MONITOR: &str = "_monitor";
const FILTERS: &str = "_filters";
const ENDPOINTS: &str = "_endpoints";
const ORPHANS: &str = "_orphans";
const BACKUPS: &str = "_backups";

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
    /// What comes in from this key or list, message by message; `None` is where one chooses it.
    Live(Option<Glob>),
    /// How the server is doing.
    Monitor,
    /// What watches over keys: limits, schemas and the rest.
    Filters,
    /// What may be called besides keys.
    Endpoints,
    /// Keys under no filter.
    Orphans,
    /// Copies of everything.
    Backups,
    /// Where the first administrator is made.
    SetUp,
    /// Who is signed in.
    Profile,
    /// All accounts.
    Accounts,
    /// Where an account is made.
    NewAccount,
    /// The account of this name.
    Account(String),
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
        Self::below(path.strip_prefix(base()).unwrap_or(path))
    }

    /// The path of its address.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}{}", base(), self.path())
    }

    fn below(path: &str) -> Self {
        let Some(text) = path.strip_prefix(PREFIX).filter(|text| !text.is_empty()) else {
            return Self::Home;
        };
        // Some programs write the star of an address as `%2A`, when they pass a link on.
        let text = text.replace("%2A", "*").replace("%2a", "*");
        match text.as_str() {
            SET_UP => Self::SetUp,
            PROFILE => Self::Profile,
            ACCOUNTS => Self::Accounts,
            NEW_ACCOUNT => Self::NewAccount,
            LIVE => Self::Live(None),
            MONITOR => Self::Monitor,
            FILTERS => Self::Filters,
            ENDPOINTS => Self::Endpoints,
            ORPHANS => Self::Orphans,
            BACKUPS => Self::Backups,
            _ => Self::account(&text).or_else(|| Self::live(&text)).unwrap_or_else(|| {
                match Glob::parse(&text) {
                    Ok(glob) => Self::Document(glob),
                    Err(why) => Self::Nowhere { text, why },
                }
            }),
        }
    }

    fn live(text: &str) -> Option<Self> {
        let glob = text.strip_prefix(LIVE)?.strip_prefix('/')?;
        Some(Self::Live(Some(Glob::parse(glob).ok()?)))
    }

    fn account(text: &str) -> Option<Self> {
        let name = text.strip_prefix(ACCOUNTS)?.strip_prefix('/')?;
        account_name(name).is_ok().then(|| Self::Account(name.to_owned()))
    }

    /// Its path below the server's.
    fn path(&self) -> String {
        match self {
            Self::Home => "/".to_owned(),
            Self::Document(glob) => format!("{PREFIX}{glob}"),
            Self::SetUp => format!("{PREFIX}{SET_UP}"),
            Self::Live(None) => format!("{PREFIX}{LIVE}"),
            Self::Live(Some(glob)) => format!("{PREFIX}{LIVE}/{glob}"),
            Self::Monitor => format!("{PREFIX}{MONITOR}"),
            Self::Filters => format!("{PREFIX}{FILTERS}"),
            Self::Endpoints => format!("{PREFIX}{ENDPOINTS}"),
            Self::Orphans => format!("{PREFIX}{ORPHANS}"),
            Self::Backups => format!("{PREFIX}{BACKUPS}"),
            Self::Profile => format!("{PREFIX}{PROFILE}"),
            Self::Accounts => format!("{PREFIX}{ACCOUNTS}"),
            Self::NewAccount => format!("{PREFIX}{NEW_ACCOUNT}"),
            Self::Account(name) => format!("{PREFIX}{ACCOUNTS}/{name}"),
            Self::Nowhere { text, .. } => format!("{PREFIX}{text}"),
        }
    }

    /// What is chosen, if something is.
    #[must_use]
    pub fn glob(&self) -> Option<&Glob> {
        match self {
            Self::Document(glob) | Self::Live(Some(glob)) => Some(glob),
            _ => None,
        }
    }

    /// Whether it is about what is stored, so that the keys belong beside it.
    #[must_use]
    pub fn is_about_data(&self) -> bool {
        matches!(self, Self::Home | Self::Document(_) | Self::Live(_) | Self::Nowhere { .. })
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
    fn the_pages_about_accounts_are_no_keys() {
        for (path, place) in [
            ("/_ui/_setup", Place::SetUp),
            ("/_ui/_profile", Place::Profile),
            ("/_ui/_accounts", Place::Accounts),
            ("/_ui/_accounts/_new", Place::NewAccount),
            ("/_ui/_accounts/ann", Place::Account("ann".to_owned())),
        ] {
            assert_eq!((Place::read(path), place.address().as_str()), (place, path));
        }
        assert!(matches!(Place::read("/_ui/_accounts/a/b"), Place::Nowhere { .. }));
    }

    #[test]
    fn the_pages_about_the_server_are_no_keys() {
        for (path, place) in [
            ("/_ui/_live", Place::Live(None)),
            ("/_ui/_live/books/*", Place::Live(Some(Glob::parse("books/*").unwrap()))),
            ("/_ui/_monitor", Place::Monitor),
            ("/_ui/_filters", Place::Filters),
            ("/_ui/_endpoints", Place::Endpoints),
            ("/_ui/_orphans", Place::Orphans),
            ("/_ui/_backups", Place::Backups),
        ] {
            assert_eq!((Place::read(path), place.address().as_str()), (place, path));
        }
        assert!(matches!(Place::read("/_ui/_live/a//b"), Place::Nowhere { .. }));
    }

    #[test]
    fn no_address_leads_to_another_server() {
        for path in
            ["//evil.example/", "/\\evil.example", "https://evil.example", "/_ui///evil.example"]
        {
            let address = Place::read(path).address();
            let rest = address.strip_prefix('/').unwrap();
            assert!(!rest.starts_with(['/', '\\']), "{path} leads to {address}");
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
