//! The short token that says who asks (JWT), and what is wrong with those that do not.

use std::sync::Arc;

use jsonwebtoken::{Header, Validation, decode, decode_header, encode, errors::ErrorKind};
use serde::{Deserialize, Serialize};

use crate::{
    field::{AccountName, Role},
    key::Key,
    random::{self, Hash},
    session::SessionId,
    verified::{Proof, Verified},
};

/// No token of ours is longer.
const LONGEST: usize = 4096;

/// What a token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: AccountName,
    pub(crate) iss: String,
    pub(crate) aud: String,
    pub(crate) iat: u64,
    pub(crate) exp: u64,
    pub(crate) jti: String,
    pub(crate) sid: SessionId,
    /// For who reads the token; what counts is what the account has now.
    pub(crate) roles: Vec<Role>,
}

/// Why a token is good for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is not a token of this server at all.
    #[error("that is not a token")]
    Malformed,
    /// No key of that name signs here, or none any more.
    #[error("the token was signed with a key that is not known")]
    UnknownKey,
    /// Its algorithm is not that of its key.
    #[error("the token was signed in another way than its key signs")]
    Algorithm,
    /// Somebody has changed it, or signed it with another key.
    #[error("the signature of the token is wrong")]
    Signature,
    /// It comes from elsewhere.
    #[error("the token has another issuer")]
    Issuer,
    /// It is for others.
    #[error("the token is for another audience")]
    Audience,
    /// It was good once.
    #[error("the token has expired")]
    Expired,
    /// Its session has ended, or its account is gone or disabled.
    #[error("the session has ended")]
    Ended,
    /// A refresh token that was used before. Its session has ended now.
    #[error("the refresh token was used before, so its session has ended")]
    Reused,
}

/// Who issues tokens, and for whom.
#[derive(Debug)]
pub(crate) struct Issuer {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    /// For how many seconds a token is good.
    pub(crate) lifetime: u64,
    pub(crate) verified: Verified,
}

impl Issuer {
    /// A token of a session, and until when it is good.
    pub(crate) fn issue(
        &self,
        key: &Key,
        session: SessionId,
        account: &AccountName,
        roles: &[Role],
        now: u64,
    ) -> (String, u64) {
        let claims = Claims {
            sub: account.clone(),
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            iat: now,
            exp: now.saturating_add(self.lifetime),
            jti: random::encode(&random::bytes::<16>()),
            sid: session,
            roles: roles.to_vec(),
        };
        let mut header = Header::new(key.algorithm);
        header.kid = Some(key.id().to_owned());
        let token = encode(&header, &claims, &key.encoding);
        (token.expect("the key was tried when it was read"), claims.exp)
    }

    /// What a token says, when one of the `keys` has signed it and it is good at the time `now`.
    pub(crate) fn verify<'a>(
        &self,
        token: &str,
        keys: impl Iterator<Item = &'a Key> + Clone,
        now: u64,
    ) -> Result<Arc<Proof>, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::Malformed);
        }
        let hash = Hash::of(token.as_bytes());
        let known = self.verified.find(&hash);
        let is_signed = |proof: &Arc<Proof>| keys.clone().any(|key| key.id() == proof.key);
        let proof = match known.filter(is_signed) {
            Some(proof) => proof,
            None => {
                let proof = Arc::new(self.prove(token, keys)?);
                self.verified.keep(hash, &proof);
                proof
            }
        };
        if now < proof.claims.exp { Ok(proof) } else { Err(TokenError::Expired) }
    }

    /// What a token says, whenever that was.
    fn prove<'a>(
        &self,
        token: &str,
        mut keys: impl Iterator<Item = &'a Key>,
    ) -> Result<Proof, TokenError> {
        // Of the header only the name of the key is taken. How it signs, the key knows.
        let header = decode_header(token).map_err(|error| problem(error.kind()))?;
        let key = keys.find(|key| Some(key.id()) == header.kid.as_deref());
        let key = key.ok_or(TokenError::UnknownKey)?;
        let decoded = decode::<Claims>(token, &key.decoding, &self.validation(key));
        let claims = decoded.map_err(|error| problem(error.kind()))?.claims;
        Ok(Proof { claims, key: key.id().to_owned() })
    }

    fn validation(&self, key: &Key) -> Validation {
        let mut validation = Validation::new(key.algorithm);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        // It is compared with our clock, which tests can set, and to the second.
        validation.validate_exp = false;
        validation
    }
}

fn problem(kind: &ErrorKind) -> TokenError {
    match kind {
        ErrorKind::InvalidSignature => TokenError::Signature,
        ErrorKind::InvalidAlgorithm | ErrorKind::MissingAlgorithm => TokenError::Algorithm,
        ErrorKind::InvalidIssuer => TokenError::Issuer,
        ErrorKind::InvalidAudience => TokenError::Audience,
        _ => TokenError::Malformed,
    }
}
