//! Accounts, and what is stored of them.

use monoxide_engine::Identity;
use serde::{Deserialize, Serialize};

use crate::{
    field::{self, AccountName, FieldError, Role, note},
    network::Network,
    password::Password,
};

/// From how many networks, the last ones, an account is known to have been used.
const NETWORKS: usize = 16;

/// An account, as far as it is shown. Times are seconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Account {
    /// Its name, which never changes.
    pub account: AccountName,
    /// What the person is called.
    pub name: String,
    /// An email address.
    pub email: Option<String>,
    /// A phone number.
    pub phone: Option<String>,
    /// What it may do, ordered and each once.
    pub roles: Vec<Role>,
    /// When it was made.
    pub created: u64,
    /// When somebody signed in to it last.
    pub last_sign_in: Option<u64>,
    /// Whether nobody can sign in to it, and nobody is.
    pub disabled: bool,
}

impl Account {
    /// Whether it looks after the server.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        !self.disabled && self.roles.contains(&Role::admin())
    }
}

/// A new account, as somebody filled it in.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Its name.
    pub account: String,
    /// What the person is called; the account's name when it is empty.
    pub name: String,
    /// An email address, or nothing.
    pub email: String,
    /// A phone number, or nothing.
    pub phone: String,
    /// Its password.
    pub password: Password,
}

impl NewAccount {
    /// The account, if everything can be as it is; otherwise everything that cannot.
    pub(crate) fn check(&self, roles: Vec<Role>, now: u64) -> Result<Account, Vec<FieldError>> {
        let mut errors = Vec::new();
        let account = note(AccountName::parse(&self.account), &mut errors);
        let called = if self.name.trim().is_empty() { &self.account } else { &self.name };
        let name = note(field::display_name(called), &mut errors);
        let email = note(field::email(&self.email), &mut errors);
        let phone = note(field::phone(&self.phone), &mut errors);
        note(self.password.check(account.as_ref()), &mut errors);
        match (account, name, email, phone) {
            (Some(account), Some(name), Some(email), Some(phone)) if errors.is_empty() => {
                let (last_sign_in, disabled) = (None, false);
                let created = now;
                Ok(Account { account, name, email, phone, roles, created, last_sign_in, disabled })
            }
            _ => Err(errors),
        }
    }
}

/// What is to change of an account. What is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct AccountChange {
    /// What the person is called.
    pub name: Option<String>,
    /// An email address; empty for none.
    pub email: Option<String>,
    /// A phone number; empty for none.
    pub phone: Option<String>,
    /// What it may do.
    pub roles: Option<Vec<String>>,
    /// Whether nobody can sign in to it.
    pub disabled: Option<bool>,
}

impl AccountChange {
    pub(crate) fn apply(&self, account: &Account) -> Result<Account, Vec<FieldError>> {
        let (mut changed, mut errors) = (account.clone(), Vec::new());
        if let Some(name) = &self.name {
            note(field::display_name(name).map(|it| changed.name = it), &mut errors);
        }
        if let Some(email) = &self.email {
            note(field::email(email).map(|it| changed.email = it), &mut errors);
        }
        if let Some(phone) = &self.phone {
            note(field::phone(phone).map(|it| changed.phone = it), &mut errors);
        }
        if let Some(roles) = &self.roles {
            note(field::roles(roles).map(|it| changed.roles = it), &mut errors);
        }
        changed.disabled = self.disabled.unwrap_or(changed.disabled);
        if errors.is_empty() { Ok(changed) } else { Err(errors) }
    }
}

/// What is kept of an account.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Stored {
    pub(crate) account: Account,
    /// What is kept of its password (PHC).
    pub(crate) password: Box<str>,
    /// From where somebody has signed in to it, the last ones last.
    pub(crate) networks: Vec<Network>,
}

impl Stored {
    pub(crate) fn new(account: Account, password: Box<str>) -> Self {
        Self { account, password, networks: Vec::new() }
    }

    pub(crate) fn identity(&self) -> Identity {
        let Account { account, roles, .. } = &self.account;
        Identity::account(account.as_str(), roles.iter().map(Role::as_str))
    }

    /// Whether somebody has signed in from this network before.
    pub(crate) fn knows(&self, network: Network) -> bool {
        self.networks.contains(&network)
    }

    /// Notes that somebody has signed in.
    pub(crate) fn signed_in(&mut self, network: Network, now: u64) {
        self.account.last_sign_in = Some(now);
        self.networks.retain(|it| *it != network);
        self.networks.push(network);
        let over = self.networks.len().saturating_sub(NETWORKS);
        self.networks.drain(..over);
    }
}
