//! The handle that the rest of the house holds.

mod people;
mod sign_in;

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use monoxide_engine::{AccountChanges, Engine, Identity};
use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

pub use self::sign_in::SignedIn;
use crate::{
    attempts::Attempts,
    clock::Clock,
    error::Error,
    field::{AccountName, FieldError, Role},
    key::Key,
    password::{Cost, Hasher},
    random::{self, Hash},
    session::{Refresher, SessionId},
    state::{Change, State, StoredKey},
    token::Issuer,
    verified::Verified,
};

/// How many turns there are for changes: those of one account take the same.
const TURNS: usize = 64;

/// How long a session may be unused, in seconds.
const IDLE: u64 = 30 * 24 * 60 * 60;

/// How many sessions an account may have. One more ends the one that was unused for longest.
const SESSIONS: usize = 32;

/// Accounts, and who is signed in to them. Cloning it is cheap and gives the same ones.
///
/// Everything is in memory, so each request can be checked against what is true now, and durable
/// in the engine's backend before it is true.
#[derive(Debug, Clone)]
pub struct Identities {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    engine: Engine,
    clock: Clock,
    issuer: Issuer,
    /// The key that signs, when the operator gave one, and those that did before.
    given: Vec<Key>,
    /// The roles of who makes an account for themselves; `None` when nobody can.
    registration: Option<Vec<Role>>,
    hasher: Hasher,
    attempts: Attempts,
    state: RwLock<State>,
    /// Who changes an account or its sessions, takes its turn first, and keeps it until the change is
    /// durable and done.
    turns: Vec<Turn>,
    /// Who changes what an account may do, takes this one before: there is always an
    /// administrator.
    administration: Turn,
    set_up: Mutex<Option<Hash>>,
}

type Turn = Arc<tokio::sync::Mutex<()>>;

/// The turns that a change has taken.
type Turns = Vec<OwnedMutexGuard<()>>;

/// Somebody whose token is good.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Caller {
    /// Who the engine takes them for, with the roles that the account has now.
    pub identity: Identity,
    /// The account.
    pub account: AccountName,
    /// The session.
    pub session: SessionId,
    /// Until when the token is good, in seconds since the Unix epoch.
    pub expires: u64,
    /// Is cancelled when the session ends, or the account may do other things than before.
    pub changed: CancellationToken,
}

/// How to build [`Identities`]; every setting has a default that works.
#[derive(Debug)]
#[must_use = "a builder does nothing before `build`"]
pub struct Builder {
    engine: Engine,
    clock: Clock,
    issuer: Issuer,
    given: Vec<Key>,
    registration: Option<Vec<String>>,
    cost: Cost,
    at_once: usize,
}

impl Builder {
    /// What tells the time. Default: the system's clock. Tests have others.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Who issues the tokens (`iss`), and for whom (`aud`). Default: `monoxide`, for `monoxide`.
    pub fn issuer(mut self, issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        self.issuer.issuer = issuer.into();
        self.issuer.audience = audience.into();
        self
    }

    /// For how long a token is good before it has to be refreshed. Default: 10 minutes.
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.issuer.lifetime = lifetime.as_secs().max(1);
        self
    }

    /// Signs with this key. Default: a secret that is made at the first start and kept with the
    /// accounts.
    pub fn key(mut self, key: Key) -> Self {
        self.given.insert(0, key);
        self
    }

    /// Takes tokens that this key has signed, but signs with another, which has to be given too.
    /// Default: none.
    pub fn previous_key(mut self, key: Key) -> Self {
        self.given.push(key);
        self
    }

    /// Lets people make themselves an account, with these roles. Default: they cannot.
    pub fn registration(mut self, roles: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.registration = Some(roles.into_iter().map(Into::into).collect());
        self
    }

    /// How much work a password is. Default: 19 MiB, twice.
    pub fn password_cost(mut self, cost: Cost) -> Self {
        self.cost = cost;
        self
    }

    /// How many passwords are checked at once, one at least. 64 more may wait. Default: 2.
    pub fn passwords_at_once(mut self, count: usize) -> Self {
        self.at_once = count.max(1);
        self
    }

    /// The accounts, not [loaded](Identities::load) yet.
    ///
    /// # Errors
    ///
    /// When a role for registration cannot be one, or would make everybody an administrator.
    pub fn build(self) -> Result<Identities, FieldError> {
        const OPEN_HOUSE: FieldError =
            FieldError::new("roles", "admin", "nobody makes themselves an administrator");
        let roles = self.registration.as_deref().map(crate::field::roles).transpose()?;
        if roles.as_ref().is_some_and(|roles| roles.contains(&Role::admin())) {
            return Err(OPEN_HOUSE);
        }
        let shared = Shared {
            attempts: Attempts::new(self.clock.clone()),
            engine: self.engine,
            clock: self.clock,
            issuer: self.issuer,
            given: self.given,
            registration: roles,
            hasher: Hasher::new(self.cost, self.at_once),
            state: RwLock::default(),
            turns: (0..TURNS).map(|_| Turn::default()).collect(),
            administration: Turn::default(),
            set_up: Mutex::default(),
        };
        Ok(Identities { shared: Arc::new(shared) })
    }
}

impl Identities {
    /// Starts describing the accounts that are kept beside the state of `engine`.
    pub fn builder(engine: &Engine) -> Builder {
        Builder {
            engine: engine.clone(),
            clock: Clock::default(),
            issuer: Issuer {
                issuer: "monoxide".to_owned(),
                audience: "monoxide".to_owned(),
                lifetime: 10 * 60,
                verified: Verified::default(),
            },
            given: Vec::new(),
            registration: None,
            cost: Cost::default(),
            at_once: 2,
        }
    }

    /// Waits until the engine has loaded what it keeps, and takes the accounts from it. Before
    /// that nobody can sign in, and no token is good.
    ///
    /// # Errors
    ///
    /// When something cannot be read, or a key cannot be kept.
    pub async fn load(&self) -> Result<(), Error> {
        let shared = &self.shared;
        shared.engine.ready().await?;
        let state = State::load(&shared.engine.accounts()?)?;
        let mut missing = Vec::new();
        if state.refresh_key.is_none() {
            missing.push(Change::RefreshKey(random::bytes()));
        }
        if shared.given.is_empty() && state.current_key().is_none() {
            missing.push(Change::PutKey(Box::new(StoredKey::generate(shared.clock.seconds()))));
        }
        *shared.write() = state;
        if !missing.is_empty() {
            shared.commit(Vec::new(), missing).await?;
        }
        Ok(())
    }

    /// Makes a new key that signs from now on. Those before are taken for as long as the tokens
    /// are good that they have signed.
    ///
    /// # Errors
    ///
    /// [`Error::GivenKey`] when the operator has given one; otherwise when it cannot be kept.
    pub async fn rotate_key(&self) -> Result<(), Error> {
        let shared = &self.shared;
        if !shared.given.is_empty() {
            return Err(Error::GivenKey);
        }
        let turns = vec![Arc::clone(&shared.administration).lock_owned().await];
        let now = shared.clock.seconds();
        let until = now.saturating_add(shared.issuer.lifetime);
        let mut changes: Vec<_> = {
            let state = shared.read()?;
            let current = state.keys.iter().filter(|key| key.is_current());
            current.map(|key| Change::PutKey(Box::new(key.retired(until)))).collect()
        };
        changes.push(Change::PutKey(Box::new(StoredKey::generate(now))));
        shared.commit(turns, changes).await
    }

    /// Forgets sessions that were unused for 30 days, and keys that nothing needs any more. It is
    /// for a task that does it now and then.
    ///
    /// # Errors
    ///
    /// When that cannot be kept.
    pub async fn sweep(&self) -> Result<(), Error> {
        let shared = &self.shared;
        let now = shared.clock.seconds();
        let (old, keys) = {
            let state = shared.read()?;
            let sessions = state.sessions.values().map(|live| &live.session);
            let old = sessions.filter(|it| is_idle(it.last_used, now));
            let old: Vec<_> = old.map(|it| (it.id, it.account.clone())).collect();
            let keys = state.keys.iter().filter(|key| !key.is_good(now));
            let keys: Vec<_> = keys.map(|key| Change::DropKey(key.key.id().to_owned())).collect();
            (old, keys)
        };
        if !keys.is_empty() {
            let turns = vec![Arc::clone(&shared.administration).lock_owned().await];
            shared.commit(turns, keys).await?;
        }
        for (id, account) in old {
            let turns = vec![shared.turn(account.as_str()).await];
            // It may have been used meanwhile.
            let is_old = {
                let state = shared.read()?;
                state.sessions.get(&id).is_some_and(|it| is_idle(it.session.last_used, now))
            };
            if is_old {
                shared.commit(turns, vec![Change::EndSession(id)]).await?;
            }
        }
        Ok(())
    }

    /// How often a password was worked through, since the start.
    #[must_use]
    pub fn hashes(&self) -> u64 {
        self.shared.hasher.count()
    }

    /// What tells the time here.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }
}

fn is_idle(last_used: u64, now: u64) -> bool {
    now > last_used.saturating_add(IDLE)
}

impl Shared {
    /// What is true now; an error before it is loaded.
    fn read(&self) -> Result<RwLockReadGuard<'_, State>, Error> {
        // A panic elsewhere does not leave half a change: applying one cannot panic.
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        if state.is_loaded { Ok(state) } else { Err(monoxide_engine::Error::Loading.into()) }
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the turn of an account.
    async fn turn(&self, account: &str) -> OwnedMutexGuard<()> {
        let hash = account
            .bytes()
            .fold(0_usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(usize::from(byte)));
        let turn = self.turns.get(hash % TURNS).map(Arc::clone).unwrap_or_default();
        turn.lock_owned().await
    }

    /// Makes changes durable, then true. Once this has begun it is carried out, also when whoever
    /// asked has gone; the turns are kept until then.
    async fn commit(self: &Arc<Self>, turns: Turns, changes: Vec<Change>) -> Result<(), Error> {
        if changes.is_empty() {
            return Ok(());
        }
        let shared = Arc::clone(self);
        let committed = tokio::spawn(async move {
            let mut entries = AccountChanges::default();
            changes.iter().for_each(|change| change.note(&mut entries));
            shared.engine.change_accounts(entries).await?;
            let mut state = shared.write();
            changes.into_iter().for_each(|change| state.apply(change));
            drop(turns);
            Ok(())
        });
        // It ends otherwise only when the runtime does.
        committed.await.unwrap_or(Err(monoxide_engine::Error::Closed.into()))
    }

    fn refresher(state: &State) -> Result<Refresher, Error> {
        let key = state.refresh_key.as_ref().ok_or(monoxide_engine::Error::Loading)?;
        Ok(Refresher::new(key))
    }

    /// The key that signs.
    fn signing_key<'a>(&'a self, state: &'a State) -> Result<&'a Key, Error> {
        let key = self.given.first().or_else(|| state.current_key());
        Ok(key.ok_or(monoxide_engine::Error::Loading)?)
    }
}
