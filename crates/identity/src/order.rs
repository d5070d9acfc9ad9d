//! What the operator wants done with accounts, from a shell: told over a socket or carried out here.

use serde::{Deserialize, Serialize};

use crate::{
    account::{Account, AccountChange, NewAccount},
    error::Error,
    field::AccountName,
    identities::Identities,
    password::Password,
};

/// One thing to be done with accounts. Whoever may give it may do everything.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Order {
    /// Makes an account.
    Add {
        /// Its name.
        account: String,
        /// What the person is called, or nothing.
        name: String,
        /// An email address, or nothing.
        email: String,
        /// A phone number, or nothing.
        phone: String,
        /// What it may do.
        roles: Vec<String>,
        /// Its password.
        password: Password,
    },
    /// Changes nothing, and tells of all accounts.
    List,
    /// Gives an account another password, and ends its sessions.
    SetPassword {
        /// Which one.
        account: String,
        /// The password.
        password: Password,
    },
    /// Has nobody sign in to an account any more, or lets them again.
    Disable {
        /// Which one.
        account: String,
        /// Whether nobody may.
        disabled: bool,
    },
    /// Says what an account may do.
    Roles {
        /// Which one.
        account: String,
        /// Its roles from now on.
        roles: Vec<String>,
    },
    /// Lifts the lock of an account at which strangers have guessed.
    Unlock {
        /// Which one.
        account: String,
    },
}

impl Identities {
    /// Does what the operator wants, and tells of the accounts that it is about.
    ///
    /// # Errors
    ///
    /// A line that says why it was not done; nothing was changed.
    pub async fn carry_out(&self, order: Order) -> Result<Vec<Account>, String> {
        self.follow(order).await.map_err(|error| match error {
            Error::Fields(errors) => {
                errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            }
            Error::NotFound => "there is no such account".to_owned(),
            error => error.to_string(),
        })
    }

    async fn follow(&self, order: Order) -> Result<Vec<Account>, Error> {
        let named = |account: &str| AccountName::parse(account).map_err(|_| Error::NotFound);
        let changed = match order {
            Order::List => return self.accounts(),
            Order::Add { account, name, email, phone, roles, password } => {
                self.create(&NewAccount { account, name, email, phone, password }, &roles).await?
            }
            Order::SetPassword { account, password } => {
                self.set_password(&named(&account)?, &password).await?
            }
            Order::Disable { account, disabled } => {
                let change = AccountChange { disabled: Some(disabled), ..AccountChange::default() };
                self.change(&named(&account)?, &change).await?
            }
            Order::Roles { account, roles } => {
                let change = AccountChange { roles: Some(roles), ..AccountChange::default() };
                self.change(&named(&account)?, &change).await?
            }
            Order::Unlock { account } => {
                let account = named(&account)?;
                let found = self.account(&account)?;
                // It is no mistake when it has ended by itself.
                _ = self.lift_lock(&account);
                found
            }
        };
        Ok(vec![changed])
    }
}
