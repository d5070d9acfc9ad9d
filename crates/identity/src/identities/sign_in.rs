//! Signing in, staying signed in, and signing out.

use std::{fmt, net::IpAddr, sync::Arc};

use super::{Caller, Identities, SESSIONS, Shared, is_idle};
use crate::{
    account::{Account, Stored},
    error::Error,
    field::{AccountName, Role},
    network::Network,
    password::Password,
    random::Hash,
    session::{Origin, Presented, RefreshToken, Session, SessionId},
    state::{Change, State},
    token::TokenError,
};

/// Somebody who has just signed in, or goes on being.
#[derive(Clone)]
#[non_exhaustive]
pub struct SignedIn {
    /// The account.
    pub account: Account,
    /// The session.
    pub session: SessionId,
    /// The token that says who asks. It is for the client, and for nobody else.
    pub token: String,
    /// Until when it is good, in seconds since the Unix epoch.
    pub expires: u64,
    /// What gives the next token.
    pub refresh: RefreshToken,
}

impl fmt::Debug for SignedIn {
    /// Without the tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedIn")
            .field("account", &self.account)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl Identities {
    /// Signs in.
    ///
    /// # Errors
    ///
    /// [`Error::Credentials`] when there is no such account or that is not its password,
    /// [`Error::Disabled`] when it is, [`Error::TooMany`] and [`Error::Busy`] when it was not
    /// looked at; otherwise when it cannot be kept.
    pub async fn sign_in(
        &self,
        account: &str,
        password: &Password,
        origin: &Origin,
    ) -> Result<SignedIn, Error> {
        let shared = &self.shared;
        let stored = self.prove(account, password, origin.address).await?;
        let name = &stored.account.account;
        let turns = vec![shared.turn(name.as_str()).await];
        // While the password was looked at, all may have changed.
        let now_stored = self.stored(name).map_err(|_| Error::Credentials)?;
        if now_stored.password != stored.password {
            return Err(Error::Credentials);
        }
        if now_stored.account.disabled {
            return Err(Error::Disabled);
        }
        let mut stored = Stored::clone(&now_stored);
        if shared.hasher.is_outdated(&stored.password) {
            // When there is no time for it now, there will be.
            if let Ok(hash) = shared.hasher.hash(password).await {
                stored.password = hash;
            }
        }
        let now = shared.clock.seconds();
        stored.signed_in(Network::from(origin.address), now);
        self.begin_session(turns, stored, origin).await
    }

    /// Begins a session of an account that is stored with it.
    pub(super) async fn begin_session(
        &self,
        turns: super::Turns,
        stored: Stored,
        origin: &Origin,
    ) -> Result<SignedIn, Error> {
        let shared = &self.shared;
        let now = shared.clock.seconds();
        let account = stored.account.clone();
        let (session, refresh, mut changes) = {
            let state = shared.read()?;
            let refresher = Shared::refresher(&state)?;
            let name = account.account.clone();
            let (session, refresh) = Session::begin(name, origin, &refresher, now);
            let others = state.sessions_of(&account.account);
            let over = others.iter().skip(SESSIONS - 1).map(|it| Change::EndSession(it.id));
            (session, refresh, over.collect::<Vec<_>>())
        };
        let id = session.id;
        changes.push(Change::PutAccount(Box::new(stored)));
        changes.push(Change::PutSession(Box::new(session)));
        shared.commit(turns, changes).await?;
        let (token, expires) = shared.issue(id, &account.account, &account.roles)?;
        Ok(SignedIn { account, session: id, token, expires, refresh })
    }

    /// The account whose password this is. Every way to be wrong is the same work.
    pub(super) async fn prove(
        &self,
        account: &str,
        password: &Password,
        address: IpAddr,
    ) -> Result<Arc<Stored>, Error> {
        let shared = &self.shared;
        shared.attempts.arrive(address)?;
        let name = AccountName::parse(account).ok();
        let stored = match &name {
            Some(name) => shared.read()?.accounts.get(name).map(|it| Arc::clone(&it.stored)),
            // What cannot be an account is counted as none, and not kept as it was typed.
            None => None,
        };
        let is_known = stored.as_ref().is_some_and(|it| it.knows(address.into()));
        let counted = name.as_ref().map_or("?", AccountName::as_str);
        let attempt = shared.attempts.begin(counted, address, is_known)?;
        let kept = stored.as_ref().map(|it| it.password.clone());
        let is_right = match shared.hasher.verify(password, kept).await {
            Ok(is_right) => is_right,
            Err(error) => {
                attempt.withdraw();
                return Err(error);
            }
        };
        match stored {
            Some(stored) if is_right => {
                attempt.succeeded();
                if stored.account.disabled { Err(Error::Disabled) } else { Ok(stored) }
            }
            _ => Err(Error::Credentials),
        }
    }

    /// Goes on being signed in: gives a new token, and a new refresh token, for which this one is
    /// used up. One that was used before ends its session, because then two have it; but for 30
    /// seconds it answers with the same successor as before.
    ///
    /// # Errors
    ///
    /// [`Error::Token`] when it is not good for that; otherwise when it cannot be kept.
    pub async fn refresh(&self, token: &RefreshToken, address: IpAddr) -> Result<SignedIn, Error> {
        let shared = &self.shared;
        if !Shared::refresher(&*shared.read()?)?.has_issued(token) {
            return Err(TokenError::Malformed.into());
        }
        let account = shared.session(&*shared.read()?, token.session)?.account.clone();
        let turns = vec![shared.turn(account.as_str()).await];
        let now = shared.clock.seconds();
        let (account, presented) = {
            let state = shared.read()?;
            let session = shared.session(&state, token.session)?;
            let refresher = Shared::refresher(&state)?;
            let presented = session.present(token, &refresher, address, now);
            let person = state.accounts.get(&session.account).ok_or(TokenError::Ended)?;
            (person.stored.account.clone(), presented)
        };
        if account.disabled {
            return Err(TokenError::Ended.into());
        }
        let refresh = match presented {
            Presented::Again(successor) => successor,
            Presented::Newest(session, successor) => {
                shared.commit(turns, vec![Change::PutSession(session)]).await?;
                successor
            }
            Presented::Reused => {
                shared.commit(turns, vec![Change::EndSession(token.session)]).await?;
                tracing::warn!(%account.account, "a refresh token was used twice: its session has ended");
                return Err(TokenError::Reused.into());
            }
        };
        let (token, expires) = shared.issue(refresh.session, &account.account, &account.roles)?;
        Ok(SignedIn { account, session: refresh.session, token, expires, refresh })
    }

    /// Ends the session of a refresh token, whatever else is the matter with it; nothing when it
    /// was never issued.
    ///
    /// # Errors
    ///
    /// When that cannot be kept.
    pub async fn abandon(&self, token: &RefreshToken) -> Result<(), Error> {
        let shared = &self.shared;
        let account = {
            let state = shared.read()?;
            if !Shared::refresher(&state)?.has_issued(token) {
                return Ok(());
            }
            state.sessions.get(&token.session).map(|live| live.session.account.clone())
        };
        match account {
            Some(account) => match self.end_session(&account, token.session).await {
                Err(Error::NotFound) => Ok(()),
                ended => ended,
            },
            None => Ok(()),
        }
    }

    /// Who has this token. It is checked against what is true now: the session goes on, the
    /// account is there and not disabled, and its roles are those it has now.
    ///
    /// # Errors
    ///
    /// [`Error::Token`] when it is good for nothing.
    pub fn check(&self, token: &str) -> Result<Caller, Error> {
        let shared = &self.shared;
        let now = shared.clock.seconds();
        let state = shared.read()?;
        let stored = state.keys.iter().filter(|key| key.is_good(now)).map(|key| &key.key);
        let proof = shared.issuer.verify(token, shared.given.iter().chain(stored), now)?;
        let claims = &proof.claims;
        shared.caller(&state, claims.sub.clone(), claims.sid, claims.exp)
    }

    /// Who it is now, after something has [changed](Caller::changed). Whether the token has expired
    /// meanwhile is not looked at.
    ///
    /// # Errors
    ///
    /// [`Error::Token`] when the session has ended, or the account is disabled.
    pub fn look_again(&self, caller: &Caller) -> Result<Caller, Error> {
        let shared = &self.shared;
        let state = shared.read()?;
        shared.caller(&state, caller.account.clone(), caller.session, caller.expires)
    }

    /// Until when the newest token of a session is good, in seconds since the Unix epoch; `None`
    /// when the session has ended. It is for connections whose client cannot show its tokens.
    #[must_use]
    pub fn fresh_until(&self, session: SessionId) -> Option<u64> {
        let shared = &self.shared;
        let state = shared.read().ok()?;
        let session = shared.session(&state, session).ok()?;
        Some(session.last_used.saturating_add(shared.issuer.lifetime))
    }

    /// Ends a session of `account`.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] when it has no such session; otherwise when that cannot be kept.
    pub async fn end_session(&self, account: &AccountName, id: SessionId) -> Result<(), Error> {
        let shared = &self.shared;
        let turns = vec![shared.turn(account.as_str()).await];
        let is_theirs = {
            let state = shared.read()?;
            state.sessions.get(&id).is_some_and(|live| live.session.account == *account)
        };
        if !is_theirs {
            return Err(Error::NotFound);
        }
        shared.commit(turns, vec![Change::EndSession(id)]).await
    }

    /// Ends all sessions of `account`, but not the one to be kept, if any.
    ///
    /// # Errors
    ///
    /// When that cannot be kept.
    pub async fn end_sessions(
        &self,
        account: &AccountName,
        kept: Option<SessionId>,
    ) -> Result<(), Error> {
        let shared = &self.shared;
        let turns = vec![shared.turn(account.as_str()).await];
        let changes = shared.ends(account, kept)?;
        shared.commit(turns, changes).await
    }

    /// The sessions of `account`, those used last first.
    ///
    /// # Errors
    ///
    /// When nothing is loaded yet.
    pub fn sessions(&self, account: &AccountName) -> Result<Vec<Arc<Session>>, Error> {
        let now = self.shared.clock.seconds();
        let mut sessions = self.shared.read()?.sessions_of(account);
        sessions.retain(|session| !is_idle(session.last_used, now));
        Ok(sessions)
    }
}

impl Shared {
    /// A session that goes on.
    fn session<'a>(&self, state: &'a State, id: SessionId) -> Result<&'a Arc<Session>, Error> {
        let now = self.clock.seconds();
        let session = state.sessions.get(&id).map(|live| &live.session);
        let session = session.filter(|session| !is_idle(session.last_used, now));
        Ok(session.ok_or(TokenError::Ended)?)
    }

    /// Who has a token of this session, as the account is now.
    fn caller(
        &self,
        state: &State,
        account: AccountName,
        session: SessionId,
        expires: u64,
    ) -> Result<Caller, Error> {
        let person = state.accounts.get(&account).ok_or(TokenError::Ended)?;
        let owner = &self.session(state, session)?.account;
        if *owner != account || person.stored.account.disabled {
            return Err(TokenError::Ended.into());
        }
        let live = state.sessions.get(&session).ok_or(TokenError::Ended)?;
        let (identity, changed) = (person.identity.clone(), live.changed.clone());
        Ok(Caller { identity, account, session, expires, changed })
    }

    fn issue(
        &self,
        session: SessionId,
        account: &AccountName,
        roles: &[Role],
    ) -> Result<(String, u64), Error> {
        let state = self.read()?;
        let key = self.signing_key(&state)?;
        Ok(self.issuer.issue(key, session, account, roles, self.clock.seconds()))
    }

    /// The changes that end the sessions of an account.
    pub(super) fn ends(
        &self,
        account: &AccountName,
        kept: Option<SessionId>,
    ) -> Result<Vec<Change>, Error> {
        let sessions = self.read()?.sessions_of(account);
        let ended = sessions.iter().map(|it| it.id).filter(|id| Some(*id) != kept);
        Ok(ended.map(Change::EndSession).collect())
    }

    pub(super) fn is_set_up_token(&self, token: &[u8]) -> bool {
        let hash: Option<Hash> =
            *self.set_up.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        hash.is_some_and(|hash| hash.is_of(token))
    }
}
