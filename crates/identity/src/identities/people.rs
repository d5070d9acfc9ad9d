//! Making, changing and removing accounts.

use std::{
    net::IpAddr,
    sync::{Arc, PoisonError},
};

use super::{Caller, Identities, SignedIn};
use crate::{
    account::{Account, AccountChange, NewAccount, Stored},
    attempts::Lock,
    error::Error,
    field::{self, AccountName, Role},
    network::Network,
    password::Password,
    random::{self, Hash},
    session::Origin,
    state::Change,
};

impl Identities {
    /// Whether there is nobody yet who looks after the server.
    ///
    /// # Errors
    ///
    /// When nothing is loaded yet.
    pub fn needs_set_up(&self) -> Result<bool, Error> {
        Ok(self.shared.read()?.administrators().next().is_none())
    }

    /// A secret for whoever starts the server, with which the first administrator can be
    /// [made](Self::set_up). There is none when there is an administrator, and the one before is
    /// not good any more.
    ///
    /// # Errors
    ///
    /// When nothing is loaded yet.
    pub fn set_up_link(&self) -> Result<Option<String>, Error> {
        if !self.needs_set_up()? {
            return Ok(None);
        }
        let token = random::encode(&random::bytes::<32>());
        self.keep_set_up(Some(Hash::of(token.as_bytes())));
        Ok(Some(token))
    }

    /// Makes the first administrator, and signs them in.
    ///
    /// # Errors
    ///
    /// [`Error::SetUpLink`] when the token is not the one of the [link](Self::set_up_link), or it
    /// was used; [`Error::Fields`] and [`Error::Taken`] when the account cannot be made, and then
    /// the link can be used again.
    pub async fn set_up(
        &self,
        token: &str,
        new: &NewAccount,
        origin: &Origin,
    ) -> Result<SignedIn, Error> {
        let shared = &self.shared;
        shared.attempts.arrive(origin.address)?;
        if !self.needs_set_up()? || !shared.is_set_up_token(token.as_bytes()) {
            return Err(Error::SetUpLink);
        }
        let mut stored = self.prepare(new, vec![Role::admin()]).await?;
        let name = stored.account.account.clone();
        let administration = Arc::clone(&shared.administration).lock_owned().await;
        // Of two who come at once, one is first.
        if !self.needs_set_up()? || !shared.is_set_up_token(token.as_bytes()) {
            return Err(Error::SetUpLink);
        }
        let turns = vec![administration, shared.turn(name.as_str()).await];
        self.check_free(&name)?;
        let now = shared.clock.seconds();
        stored.signed_in(Network::from(origin.address), now);
        let signed_in = self.begin_session(turns, stored, origin).await?;
        self.keep_set_up(None);
        tracing::info!(account = %name, "the first administrator was made");
        Ok(signed_in)
    }

    fn keep_set_up(&self, hash: Option<Hash>) {
        *self.shared.set_up.lock().unwrap_or_else(PoisonError::into_inner) = hash;
    }

    /// Whether people can make themselves an account.
    #[must_use]
    pub fn is_registration_open(&self) -> bool {
        self.shared.registration.is_some()
    }

    /// Makes an account for whoever asks, and signs them in.
    ///
    /// # Errors
    ///
    /// [`Error::RegistrationClosed`] unless it is [open](super::Builder::registration);
    /// [`Error::Fields`] and [`Error::Taken`] when the account cannot be made.
    pub async fn register(&self, new: &NewAccount, origin: &Origin) -> Result<SignedIn, Error> {
        let shared = &self.shared;
        let roles = shared.registration.clone().ok_or(Error::RegistrationClosed)?;
        shared.attempts.arrive(origin.address)?;
        let mut stored = self.prepare(new, roles).await?;
        let name = stored.account.account.clone();
        let turns = vec![shared.turn(name.as_str()).await];
        self.check_free(&name)?;
        stored.signed_in(Network::from(origin.address), shared.clock.seconds());
        self.begin_session(turns, stored, origin).await
    }

    /// Checks that an account of this name could be made. It counts as a try of the address, so
    /// that nobody finds out who is here by asking for many.
    ///
    /// # Errors
    ///
    /// [`Error::Taken`], [`Error::Fields`] when no account can have that name, and
    /// [`Error::TooMany`].
    pub fn check_available(&self, account: &str, address: IpAddr) -> Result<AccountName, Error> {
        self.shared.attempts.arrive(address)?;
        let name = AccountName::parse(account).map_err(|error| Error::Fields(vec![error]))?;
        self.check_free(&name).map(|()| name)
    }

    /// Makes an account for somebody else.
    ///
    /// # Errors
    ///
    /// [`Error::Fields`] and [`Error::Taken`] when it cannot be made.
    pub async fn create<R: AsRef<str>>(
        &self,
        new: &NewAccount,
        roles: &[R],
    ) -> Result<Account, Error> {
        let shared = &self.shared;
        let roles = field::roles(roles).map_err(|error| Error::Fields(vec![error]))?;
        let stored = self.prepare(new, roles).await?;
        let account = stored.account.clone();
        let turns = vec![shared.turn(account.account.as_str()).await];
        self.check_free(&account.account)?;
        shared.commit(turns, vec![Change::PutAccount(Box::new(stored))]).await?;
        Ok(account)
    }

    async fn prepare(&self, new: &NewAccount, roles: Vec<Role>) -> Result<Stored, Error> {
        let account = new.check(roles, self.shared.clock.seconds()).map_err(Error::Fields)?;
        // A name that is taken is not worth the work; it is looked at again afterwards.
        self.check_free(&account.account)?;
        let password = self.shared.hasher.hash(&new.password).await?;
        Ok(Stored::new(account, password))
    }

    fn check_free(&self, name: &AccountName) -> Result<(), Error> {
        let is_taken = self.shared.read()?.accounts.contains_key(name);
        if is_taken { Err(Error::Taken) } else { Ok(()) }
    }

    /// An account.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] when there is none of that name.
    pub fn account(&self, name: &AccountName) -> Result<Account, Error> {
        Ok(self.stored(name)?.account.clone())
    }

    pub(super) fn stored(&self, name: &AccountName) -> Result<Arc<Stored>, Error> {
        let state = self.shared.read()?;
        let person = state.accounts.get(name).ok_or(Error::NotFound)?;
        Ok(Arc::clone(&person.stored))
    }

    /// All accounts, by their names.
    ///
    /// # Errors
    ///
    /// When nothing is loaded yet.
    pub fn accounts(&self) -> Result<Vec<Account>, Error> {
        let state = self.shared.read()?;
        Ok(state.accounts.values().map(|it| it.stored.account.clone()).collect())
    }

    /// Changes an account. Whoever is signed in to one that is disabled is not any more; for
    /// whoever is signed in to one that has other roles now, those count from now on.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Fields`], and [`Error::LastAdministrator`] when nobody would
    /// look after the server any more.
    pub async fn change(
        &self,
        name: &AccountName,
        change: &AccountChange,
    ) -> Result<Account, Error> {
        let shared = &self.shared;
        let administration = Arc::clone(&shared.administration).lock_owned().await;
        let turns = vec![administration, shared.turn(name.as_str()).await];
        let stored = self.stored(name)?;
        let account = change.apply(&stored.account).map_err(Error::Fields)?;
        self.check_administrators(&stored.account, account.is_administrator())?;
        let mut changes = Vec::new();
        if account.disabled {
            changes = shared.ends(name, None)?;
        }
        let stored = Stored { account: account.clone(), ..Stored::clone(&stored) };
        changes.push(Change::PutAccount(Box::new(stored)));
        shared.commit(turns, changes).await?;
        Ok(account)
    }

    /// Removes an account with all its sessions.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], and [`Error::LastAdministrator`] when nobody would look after the
    /// server any more.
    pub async fn delete(&self, name: &AccountName) -> Result<(), Error> {
        let shared = &self.shared;
        let administration = Arc::clone(&shared.administration).lock_owned().await;
        let turns = vec![administration, shared.turn(name.as_str()).await];
        self.check_administrators(&self.stored(name)?.account, false)?;
        let mut changes = shared.ends(name, None)?;
        changes.push(Change::DeleteAccount(name.clone()));
        shared.commit(turns, changes).await
    }

    /// Checks that there is an administrator also when this account is one no more.
    fn check_administrators(&self, account: &Account, stays: bool) -> Result<(), Error> {
        let is_one = account.is_administrator() && !stays;
        let is_last = is_one && self.shared.read()?.administrators().count() == 1;
        if is_last { Err(Error::LastAdministrator) } else { Ok(()) }
    }

    /// Gives an account another password, and ends all its sessions.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], and [`Error::Fields`] when it may not be one.
    pub async fn set_password(
        &self,
        name: &AccountName,
        password: &Password,
    ) -> Result<Account, Error> {
        self.stored(name)?;
        self.replace_password(name, password, None).await
    }

    /// Gives whoever asks another password, when the one they have is `current`, and ends all
    /// their other sessions.
    ///
    /// # Errors
    ///
    /// [`Error::Credentials`] when it is another, [`Error::Fields`] when the new one may not be
    /// one, and as [`sign_in`](Self::sign_in).
    pub async fn change_password(
        &self,
        caller: &Caller,
        current: &Password,
        password: &Password,
        origin: &Origin,
    ) -> Result<Account, Error> {
        let name = &caller.account;
        let proven = self.prove(name.as_str(), current, origin.address).await?;
        self.replace_password(name, password, Some((caller, &proven))).await
    }

    async fn replace_password(
        &self,
        name: &AccountName,
        password: &Password,
        by: Option<(&Caller, &Stored)>,
    ) -> Result<Account, Error> {
        let shared = &self.shared;
        password.check(Some(name)).map_err(|error| Error::Fields(vec![error]))?;
        let hash = shared.hasher.hash(password).await?;
        let turns = vec![shared.turn(name.as_str()).await];
        let stored = self.stored(name)?;
        // An administrator may have been faster.
        if by.is_some_and(|(_, proven)| proven.password != stored.password) {
            return Err(Error::Credentials);
        }
        let stored = Stored { password: hash, ..Stored::clone(&stored) };
        let account = stored.account.clone();
        let mut changes = shared.ends(name, by.map(|(caller, _)| caller.session))?;
        changes.push(Change::PutAccount(Box::new(stored)));
        shared.commit(turns, changes).await?;
        shared.attempts.lift(name.as_str());
        Ok(account)
    }

    /// The accounts that are locked because too many tried their passwords in vain.
    ///
    /// # Errors
    ///
    /// When nothing is loaded yet.
    pub fn locks(&self) -> Result<Vec<Lock>, Error> {
        let state = self.shared.read()?;
        let mut locks = self.shared.attempts.locks();
        // Names that were made up are nobody's business.
        locks.retain(|lock| state.accounts.contains_key(lock.account.as_str()));
        Ok(locks)
    }

    /// Lets everybody try again at once.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] when the account is not locked.
    pub fn lift_lock(&self, name: &AccountName) -> Result<(), Error> {
        let was_locked = self.shared.attempts.lift(name.as_str());
        if was_locked { Ok(()) } else { Err(Error::NotFound) }
    }
}
