//! Everything in memory, and how it is written down.
//!
//! ```text
//! account/<name>      an account, with what is kept of its password
//! session/<id>        a session, with what is kept of its refresh token
//! key/<id>            a generated key that signs tokens, or did
//! refresh             the key that refresh tokens are made with
//! ```

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    sync::Arc,
};

use monoxide_engine::{AccountChanges, AccountEntry, Identity};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio_util::sync::CancellationToken;

use crate::{
    account::Stored,
    error::Error,
    field::AccountName,
    key::Key,
    random,
    session::{Session, SessionId},
};

const REFRESH: &str = "refresh";

#[derive(Default)]
pub(crate) struct State {
    pub(crate) accounts: BTreeMap<AccountName, Person>,
    pub(crate) sessions: HashMap<SessionId, Live>,
    by_account: HashMap<AccountName, BTreeSet<SessionId>>,
    /// Those that were generated, the newest last.
    pub(crate) keys: Vec<StoredKey>,
    pub(crate) refresh_key: Option<[u8; 32]>,
    pub(crate) is_loaded: bool,
}

pub(crate) struct Person {
    pub(crate) stored: Arc<Stored>,
    /// Who the engine takes it for.
    pub(crate) identity: Identity,
}

pub(crate) struct Live {
    pub(crate) session: Arc<Session>,
    /// Is cancelled when what its connections may do has changed: it has ended, or its account has
    /// other roles.
    pub(crate) changed: CancellationToken,
}

/// A key that was generated here.
#[derive(Clone)]
pub(crate) struct StoredKey {
    pub(crate) key: Key,
    record: KeyRecord,
}

#[derive(Clone, Serialize, Deserialize)]
struct KeyRecord {
    secret: String,
    created: u64,
    /// Until when the tokens are good that it has signed, once there is a newer one.
    until: Option<u64>,
}

impl StoredKey {
    pub(crate) fn generate(now: u64) -> Self {
        let secret = random::encode(&random::bytes::<32>());
        let record = KeyRecord { secret, created: now, until: None };
        Self::of(record).expect("32 bytes are a key")
    }

    fn of(record: KeyRecord) -> Option<Self> {
        let secret: [u8; 32] = random::decode(&record.secret)?;
        Some(Self { key: Key::secret(&secret).ok()?, record })
    }

    pub(crate) fn retired(&self, until: u64) -> Self {
        let record = KeyRecord { until: Some(until), ..self.record.clone() };
        Self { record, ..self.clone() }
    }

    pub(crate) fn is_current(&self) -> bool {
        self.record.until.is_none()
    }

    pub(crate) fn is_good(&self, now: u64) -> bool {
        self.record.until.is_none_or(|until| now < until)
    }
}

/// One step from a state to the next.
pub(crate) enum Change {
    PutAccount(Box<Stored>),
    DeleteAccount(AccountName),
    PutSession(Box<Session>),
    EndSession(SessionId),
    PutKey(Box<StoredKey>),
    DropKey(String),
    RefreshKey([u8; 32]),
}

impl Change {
    /// Writes it down.
    pub(crate) fn note(&self, entries: &mut AccountChanges) {
        match self {
            Self::PutAccount(stored) => {
                entries.put(format!("account/{}", stored.account.account), json(stored));
            }
            Self::DeleteAccount(name) => entries.delete(format!("account/{name}")),
            Self::PutSession(session) => {
                entries.put(format!("session/{}", session.id), json(session));
            }
            Self::EndSession(id) => entries.delete(format!("session/{id}")),
            Self::PutKey(key) => entries.put(format!("key/{}", key.key.id()), json(&key.record)),
            Self::DropKey(id) => entries.delete(format!("key/{id}")),
            Self::RefreshKey(key) => entries.put(REFRESH, random::encode(key)),
        }
    }

    /// What an entry says.
    fn read((name, value): &AccountEntry) -> Result<Self, Error> {
        let damaged = || Error::Damaged(String::from_utf8_lossy(name).escape_debug().to_string());
        let text = std::str::from_utf8(name).map_err(|_| damaged())?;
        let change = match text.split_once('/').unwrap_or((text, "")) {
            ("account", name) => parse::<Stored>(value)
                .filter(|it| it.account.account.as_str() == name)
                .map(|it| Self::PutAccount(Box::new(it))),
            ("session", id) => parse::<Session>(value)
                .filter(|it| it.id.to_string() == id)
                .map(|it| Self::PutSession(Box::new(it))),
            ("key", _) => {
                parse(value).and_then(StoredKey::of).map(|key| Self::PutKey(Box::new(key)))
            }
            (REFRESH, "") => {
                let key = std::str::from_utf8(value).ok().and_then(random::decode);
                key.map(Self::RefreshKey)
            }
            _ => None,
        };
        change.ok_or_else(damaged)
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("these types are written without an error")
}

fn parse<T: DeserializeOwned>(value: &[u8]) -> Option<T> {
    serde_json::from_slice(value).ok()
}

impl fmt::Debug for State {
    /// Nothing of it is for a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("accounts", &self.accounts.len())
            .field("sessions", &self.sessions.len())
            .finish_non_exhaustive()
    }
}

impl State {
    /// The state that is written down.
    pub(crate) fn load(entries: &[AccountEntry]) -> Result<Self, Error> {
        let mut state = Self { is_loaded: true, ..Self::default() };
        for entry in entries {
            state.apply(Change::read(entry)?);
        }
        state.keys.sort_by_key(|key| (key.is_current(), key.record.created));
        Ok(state)
    }

    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::PutAccount(stored) => self.put_account(*stored),
            Change::DeleteAccount(name) => drop(self.accounts.remove(&name)),
            Change::PutSession(session) => self.put_session(*session),
            Change::EndSession(id) => self.end_session(id),
            Change::PutKey(key) => {
                self.keys.retain(|it| it.key.id() != key.key.id());
                self.keys.push(*key);
            }
            Change::DropKey(id) => self.keys.retain(|it| it.key.id() != id),
            Change::RefreshKey(key) => self.refresh_key = Some(key),
        }
    }

    fn put_account(&mut self, stored: Stored) {
        let (name, identity) = (stored.account.account.clone(), stored.identity());
        let person = Person { stored: Arc::new(stored), identity };
        let is_same = |before: &Person| before.identity == person.identity;
        if self.accounts.get(&name).is_some_and(|before| !is_same(before)) {
            for id in self.by_account.get(&name).into_iter().flatten() {
                if let Some(live) = self.sessions.get_mut(id) {
                    std::mem::take(&mut live.changed).cancel();
                }
            }
        }
        self.accounts.insert(name, person);
    }

    fn put_session(&mut self, session: Session) {
        let (id, session) = (session.id, Arc::new(session));
        self.by_account.entry(session.account.clone()).or_default().insert(id);
        match self.sessions.get_mut(&id) {
            Some(live) => live.session = session,
            None => {
                self.sessions.insert(id, Live { session, changed: CancellationToken::new() });
            }
        }
    }

    fn end_session(&mut self, id: SessionId) {
        let Some(live) = self.sessions.remove(&id) else { return };
        live.changed.cancel();
        let name = &live.session.account;
        if let Some(ids) = self.by_account.get_mut(name) {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_account.remove(name);
            }
        }
    }

    /// The sessions of an account, those used last first.
    pub(crate) fn sessions_of(&self, account: &AccountName) -> Vec<Arc<Session>> {
        let ids = self.by_account.get(account).into_iter().flatten();
        let found = ids.filter_map(|id| self.sessions.get(id));
        let mut sessions: Vec<_> = found.map(|live| Arc::clone(&live.session)).collect();
        sessions.sort_by_key(|session| std::cmp::Reverse((session.last_used, session.created)));
        sessions
    }

    pub(crate) fn administrators(&self) -> impl Iterator<Item = &AccountName> {
        let people = self.accounts.iter();
        people.filter(|(_, it)| it.stored.account.is_administrator()).map(|(name, _)| name)
    }

    /// The key that signs, if one was generated.
    pub(crate) fn current_key(&self) -> Option<&Key> {
        self.keys.iter().rfind(|key| key.is_current()).map(|key| &key.key)
    }
}
