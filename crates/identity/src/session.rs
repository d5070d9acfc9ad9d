//! Sessions: a sign-in and everything that follows from it, until it ends.

use std::{fmt, net::IpAddr};

use ring::hmac;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use subtle::ConstantTimeEq as _;

use crate::{
    field::AccountName,
    random::{self, Hash},
};

/// For how many seconds a refresh token that was just used answers with the same successor: two
/// tabs may use it at once, and an answer may get lost.
pub(crate) const GRACE: u64 = 30;

/// How many characters of the user agent are kept.
const AGENT: usize = 200;

/// The name of a session. It is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId([u8; 16]);

impl SessionId {
    pub(crate) fn random() -> Self {
        Self(random::bytes())
    }

    /// The session that `text` names, if it can be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        random::decode(text).map(Self)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&random::encode(&self.0))
    }
}

impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SessionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("a session's name has 16 bytes"))
    }
}

/// Where a sign-in comes from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The client's address.
    pub address: IpAddr,
    /// What the client calls itself; the first 200 characters are kept.
    pub user_agent: String,
}

impl Origin {
    /// Somebody at `address` who does not say with what.
    #[must_use]
    pub fn new(address: IpAddr) -> Self {
        Self { address, user_agent: String::new() }
    }

    fn agent(&self) -> String {
        self.user_agent.chars().filter(|c| !c.is_control()).take(AGENT).collect()
    }
}

/// A session. Times are seconds since the Unix epoch.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// Whose it is.
    pub account: AccountName,
    /// When it began.
    pub created: u64,
    /// When it began or was last refreshed.
    pub last_used: u64,
    /// From where it began or was last refreshed.
    pub address: IpAddr,
    /// With what it began.
    pub user_agent: String,
    /// What is kept of its refresh token.
    refresh: Hash,
    /// The one before, and when it was used.
    used: Option<(Hash, u64)>,
}

/// What presenting a refresh token comes to.
#[derive(Debug)]
pub(crate) enum Presented {
    /// It is the session's newest. The session goes on with this successor.
    Newest(Box<Session>, RefreshToken),
    /// It was just used; this is the successor that was answered then.
    Again(RefreshToken),
    /// It was used before, so two have it.
    Reused,
}

impl Session {
    pub(crate) fn begin(
        account: AccountName,
        origin: &Origin,
        refresher: &Refresher,
        now: u64,
    ) -> (Self, RefreshToken) {
        let token = refresher.first(SessionId::random());
        let session = Self {
            id: token.session,
            account,
            created: now,
            last_used: now,
            address: origin.address,
            user_agent: origin.agent(),
            refresh: Hash::of(&token.secret),
            used: None,
        };
        (session, token)
    }

    /// What presenting a token that we have issued for this session comes to.
    pub(crate) fn present(
        &self,
        token: &RefreshToken,
        refresher: &Refresher,
        address: IpAddr,
        now: u64,
    ) -> Presented {
        let successor = refresher.successor(token);
        if self.refresh.is_of(&token.secret) {
            let session = Self {
                last_used: now,
                address,
                refresh: Hash::of(&successor.secret),
                used: Some((self.refresh, now)),
                ..self.clone()
            };
            return Presented::Newest(Box::new(session), successor);
        }
        match &self.used {
            Some((used, at)) if used.is_of(&token.secret) && now <= at.saturating_add(GRACE) => {
                Presented::Again(successor)
            }
            _ => Presented::Reused,
        }
    }
}

/// A refresh token: 256 random bits for one use, which gives the next one.
#[derive(Clone)]
pub struct RefreshToken {
    pub(crate) session: SessionId,
    secret: [u8; 32],
    /// Shows that it is one of ours, also when it is so old that nothing is kept of it.
    tag: [u8; 16],
}

impl RefreshToken {
    /// The token that `text` has, if it can be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 64] = random::decode(text)?;
        let (session, rest) = bytes.split_first_chunk()?;
        let (secret, rest) = rest.split_first_chunk()?;
        let (tag, _) = rest.split_first_chunk()?;
        Some(Self { session: SessionId(*session), secret: *secret, tag: *tag })
    }

    /// What is sent to the client, and to nobody else.
    #[must_use]
    pub fn expose(&self) -> String {
        random::encode(&[&self.session.0[..], &self.secret, &self.tag].concat())
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken").field("session", &self.session).finish_non_exhaustive()
    }
}

/// Makes refresh tokens. Each is worked out from the one before with a key of the server's, so the
/// same successor can be told again though only its hash is kept.
#[derive(Debug, Clone)]
pub(crate) struct Refresher(hmac::Key);

impl Refresher {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    fn first(&self, session: SessionId) -> RefreshToken {
        self.tagged(session, random::bytes())
    }

    fn successor(&self, token: &RefreshToken) -> RefreshToken {
        self.tagged(token.session, self.derive(b"next", token.session, &token.secret))
    }

    fn tagged(&self, session: SessionId, secret: [u8; 32]) -> RefreshToken {
        let tag = self.tag(session, &secret);
        RefreshToken { session, secret, tag }
    }

    /// Whether we have issued it, now or ever.
    pub(crate) fn has_issued(&self, token: &RefreshToken) -> bool {
        self.tag(token.session, &token.secret).ct_eq(&token.tag).into()
    }

    fn tag(&self, session: SessionId, secret: &[u8; 32]) -> [u8; 16] {
        let derived = self.derive(b"mark", session, secret);
        let mut tag = [0; 16];
        tag.iter_mut().zip(derived).for_each(|(to, from)| *to = from);
        tag
    }

    fn derive(&self, purpose: &[u8; 4], session: SessionId, secret: &[u8; 32]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(purpose);
        context.update(&session.0);
        context.update(secret);
        let mut derived = [0; 32];
        derived.copy_from_slice(context.sign().as_ref());
        derived
    }
}
