//! What can go wrong, by what the caller can do about it.

use std::time::Duration;

use crate::{field::FieldError, token::TokenError};

/// Why something was refused. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such account, or that is not its password. Which of them, nobody is told.
    #[error("the account or the password is wrong")]
    Credentials,
    /// The password is right, and the account is disabled.
    #[error("the account is disabled")]
    Disabled,
    /// The token is not good for anything.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Too many tries; after this time there may be another.
    #[error("too many tries")]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
    /// More passwords are being checked than this machine can.
    #[error("too many passwords are being checked")]
    Busy,
    /// Some fields cannot be as they are.
    #[error("some fields are not right")]
    Fields(Vec<FieldError>),
    /// The name of the account is taken.
    #[error("the account name is taken")]
    Taken,
    /// There is no such account, session or lock.
    #[error("there is no such thing")]
    NotFound,
    /// Nobody could look after the server any more.
    #[error("the last administrator stays one")]
    LastAdministrator,
    /// The link was used, is an old one, or was never made.
    #[error("the set-up link is not valid any more")]
    SetUpLink,
    /// People cannot make themselves an account here.
    #[error("registration is closed")]
    RegistrationClosed,
    /// The signing key was given by the operator, who has to change it.
    #[error("the signing key was given from outside")]
    GivenKey,
    /// The change cannot be kept, or nothing can be yet.
    #[error(transparent)]
    Engine(#[from] monoxide_engine::Error),
    /// What is stored cannot be read; this names the entry.
    #[error("the entry `{0}` of the accounts is damaged")]
    Damaged(String),
}
