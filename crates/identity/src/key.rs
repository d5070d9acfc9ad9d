//! The keys that sign tokens, and the cryptography under them.

use std::fmt;

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{ErrorKind, Result as JwtResult},
    signature::{Error as SignatureError, Signer, Verifier},
};
use ring::{
    hmac,
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject as _};

use crate::random;

/// A key that signs tokens. Its [`id`](Self::id) is told in each of them, so that those it has
/// signed are still good for a while when there is another.
///
/// ```
/// use monoxide_identity::Key;
///
/// assert!(Key::secret(&[7; 32]).is_ok());
/// assert!(Key::secret(b"too short").is_err());
/// ```
#[derive(Clone)]
pub struct Key {
    id: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) encoding: EncodingKey,
    pub(crate) decoding: DecodingKey,
}

/// Why something is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It can be guessed.
    #[error("a secret has 32 bytes or more")]
    Short,
    /// It is of another kind.
    #[error("that is not a private Ed25519 key in PEM (PKCS#8)")]
    NotEd25519,
}

impl Key {
    /// A secret that this server shares with nobody (HS256): 32 bytes or more.
    ///
    /// # Errors
    ///
    /// [`KeyError::Short`].
    pub fn secret(secret: &[u8]) -> Result<Self, KeyError> {
        install();
        if secret.len() < 32 {
            return Err(KeyError::Short);
        }
        Ok(Self {
            // What the id is made of cannot be found from it.
            id: id(&hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"kid")),
            algorithm: Algorithm::HS256,
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
        })
    }

    /// A private Ed25519 key in PEM (EdDSA), as `openssl genpkey -algorithm ed25519` makes it.
    /// Others can check tokens with its public half.
    ///
    /// # Errors
    ///
    /// [`KeyError::NotEd25519`].
    pub fn ed25519_pem(pem: &[u8]) -> Result<Self, KeyError> {
        install();
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| KeyError::NotEd25519)?;
        let der = der.secret_pkcs8_der();
        let pair =
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| KeyError::NotEd25519)?;
        let public = pair.public_key().as_ref();
        Ok(Self {
            id: id(&ring::digest::digest(&ring::digest::SHA256, public)),
            algorithm: Algorithm::EdDSA,
            encoding: EncodingKey::from_ed_der(der),
            decoding: DecodingKey::from_ed_der(public),
        })
    }

    /// What it is called in tokens (`kid`).
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

fn id(hash: &impl AsRef<[u8]>) -> String {
    random::encode(hash.as_ref().get(..12).unwrap_or_default())
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Has `jsonwebtoken` use ring, which TLS uses too.
fn install() {
    static RING: CryptoProvider = CryptoProvider {
        signer_factory: signer,
        verifier_factory: verifier,
        key_utils: KeyUtils::new_unimplemented(),
    };
    // Where the application has chosen another, that one does it as well.
    _ = RING.install_default();
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> JwtResult<Box<dyn JwtSigner>> {
    let key = key.as_bytes();
    match algorithm {
        Algorithm::HS256 => Ok(Box::new(Hs256(hmac::Key::new(hmac::HMAC_SHA256, key)))),
        Algorithm::EdDSA => {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key)
                .map_err(|_| ErrorKind::InvalidKeyFormat)?;
            Ok(Box::new(EdDsaSigner(pair)))
        }
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> JwtResult<Box<dyn JwtVerifier>> {
    if key.family() != algorithm.family() {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    let key = key.try_get_as_bytes()?;
    match algorithm {
        Algorithm::HS256 => Ok(Box::new(Hs256(hmac::Key::new(hmac::HMAC_SHA256, key)))),
        Algorithm::EdDSA => {
            Ok(Box::new(EdDsaVerifier(UnparsedPublicKey::new(&ED25519, key.to_vec()))))
        }
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

struct Hs256(hmac::Key);

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        hmac::verify(&self.0, message, signature).map_err(|_| SignatureError::new())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

struct EdDsaSigner(Ed25519KeyPair);

impl Signer<Vec<u8>> for EdDsaSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        Ok(self.0.sign(message).as_ref().to_vec())
    }
}

impl JwtSigner for EdDsaSigner {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct EdDsaVerifier(UnparsedPublicKey<Vec<u8>>);

impl Verifier<Vec<u8>> for EdDsaVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        self.0.verify(message, signature).map_err(|_| SignatureError::new())
    }
}

impl JwtVerifier for EdDsaVerifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}
