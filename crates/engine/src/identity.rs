//! Who asks.

use std::sync::Arc;

use crate::rules::Inputs;

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

    /// The account's roles, in the order of the alphabet.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|account| account.roles.iter().map(String::as_str))
    }

    /// What is left of it when only `inputs` are looked at.
    pub(crate) fn reduced_to(&self, inputs: Inputs) -> Self {
        if inputs == Inputs::ALL {
            return self.clone();
        }
        let Some(account) = &self.0 else { return Self(None) };
        let name = if inputs.account { account.name.clone() } else { String::new() };
        let roles = if inputs.roles { account.roles.clone() } else { Vec::new() };
        let is_anybody = !inputs.account && !inputs.signed_in && roles.is_empty();
        if is_anybody { Self(None) } else { Self(Some(Arc::new(Account { name, roles }))) }
    }

    /// Whether the account has this role.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.0.as_ref().is_some_and(|account| account.roles.iter().any(|it| it == role))
    }
}
