//! Who asks.

use std::sync::Arc;

/// Who asks: an account with roles, or nobody in particular. Cloning it is cheap.
///
/// ```
/// use monoxide_engine::Identity;
///
/// let ann = Identity::account("ann", ["editor"]);
/// assert_eq!(ann.name(), Some("ann"));
/// assert!(ann.has_role("editor"));
/// assert_eq!(Identity::anonymous().name(), None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Identity(Option<Arc<Account>>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Account {
    name: String,
    roles: Vec<String>,
}

impl Identity {
    /// Nobody in particular.
    #[must_use]
    pub fn anonymous() -> Self {
        Self(None)
    }

    /// Somebody with an account.
    #[must_use]
    pub fn account<R: Into<String>>(
        name: impl Into<String>,
        roles: impl IntoIterator<Item = R>,
    ) -> Self {
        let mut roles: Vec<String> = roles.into_iter().map(Into::into).collect();
        // In whatever order they are told, they are the same roles and share one view.
        roles.sort_unstable();
        roles.dedup();
        Self(Some(Arc::new(Account { name: name.into(), roles })))
    }

    /// The account's name; `None` for nobody in particular.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.as_ref().map(|account| account.name.as_str())
    }

    /// Whether the account has this role.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.0.as_ref().is_some_and(|account| account.roles.iter().any(|it| it == role))
    }
}
