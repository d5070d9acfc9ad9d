//! What is sent to the account routes, and what they answer.

use axum::{
    extract::{FromRequest, Request},
    http::StatusCode,
};
use monoxide_identity::{
    Account, AccountChange, FieldError, Lock, NewAccount, Role, Session, SessionId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{body, error::Refusal};

/// How many bytes a body of these routes may have.
const LARGEST: usize = 16 * 1024;

/// A body of a route about accounts, as JSON.
pub(super) struct Form<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Refusal> {
        let bytes = match body::read(request.into_body(), LARGEST).await {
            Err(Refusal::BodyTooLarge(_)) => return Err(Refusal::FormTooLarge),
            bytes => bytes?,
        };
        // What serde says could repeat a password.
        serde_json::from_slice(&bytes).map(Self).map_err(|_| Refusal::Form)
    }
}

/// Who wants to sign in.
#[derive(Deserialize, JsonSchema)]
pub(super) struct SignIn {
    pub(super) account: String,
    pub(super) password: String,
}

/// What goes on being signed in.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Refresh {
    /// The refresh token; a browser has it in a cookie.
    #[serde(default)]
    pub(super) refresh: Option<String>,
}

/// A new account.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Register {
    account: String,
    password: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    phone: String,
}

impl From<Register> for NewAccount {
    fn from(Register { account, password, name, email, phone }: Register) -> Self {
        Self { account, name, email, phone, password: password.into() }
    }
}

/// The first administrator.
#[derive(Deserialize, JsonSchema)]
pub(super) struct SetUp {
    /// The secret of the set-up link.
    pub(super) token: String,
    #[serde(flatten)]
    pub(super) account: Register,
}

/// A new account that an administrator makes.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Create {
    #[serde(default)]
    pub(super) roles: Vec<String>,
    #[serde(flatten)]
    pub(super) account: Register,
}

/// What is to change of a profile. What is missing stays, and what is empty goes.
#[derive(Deserialize, JsonSchema)]
pub(super) struct ProfileChange {
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
}

impl From<ProfileChange> for AccountChange {
    fn from(ProfileChange { name, email, phone }: ProfileChange) -> Self {
        Self { name, email, phone, ..Self::default() }
    }
}

/// What is to change of an account. What is missing stays.
#[derive(Deserialize, JsonSchema)]
pub(super) struct UserChange {
    #[serde(flatten)]
    profile: ProfileChange,
    /// One role, in place of all.
    role: Option<String>,
    roles: Option<Vec<String>>,
    disabled: Option<bool>,
}

impl From<UserChange> for AccountChange {
    fn from(UserChange { profile, role, roles, disabled }: UserChange) -> Self {
        let one = role.filter(|role| !role.is_empty()).map(|role| vec![role]);
        Self { roles: roles.or(one), disabled, ..profile.into() }
    }
}

/// Another password of one's own.
#[derive(Deserialize, JsonSchema)]
pub(super) struct PasswordChange {
    /// The one before.
    pub(super) current: String,
    pub(super) password: String,
}

/// Another password of somebody else.
#[derive(Deserialize, JsonSchema)]
pub(super) struct NewPassword {
    pub(super) password: String,
}

/// Who is signed in now. A page gets the tokens as cookies, and not here.
#[derive(Serialize, JsonSchema)]
pub(super) struct Authorized {
    pub(super) account: String,
    /// The first of the roles, `admin` before all others; `user` when there is none.
    pub(super) role: String,
    pub(super) roles: Vec<String>,
    /// Until when the token is good, in seconds since the Unix epoch.
    pub(super) expires: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refresh: Option<String>,
}

/// How one can come in, and whether one is.
#[derive(Serialize, JsonSchema)]
pub(super) struct Entrance {
    /// Who is signed in, if anybody is.
    pub(super) account: Option<String>,
    /// Until when their token is good, in seconds since the Unix epoch.
    pub(super) expires: Option<u64>,
    /// Whether a page sent a refresh token as a cookie. It may not be good any more.
    pub(super) refreshable: bool,
    /// Whether people can make themselves an account.
    pub(super) registration: bool,
    /// Whether there is no administrator yet.
    #[serde(rename = "setUp")]
    pub(super) set_up: bool,
}

/// An account. Times are seconds since the Unix epoch.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Profile {
    account: String,
    name: String,
    /// Empty when there is none.
    email: String,
    /// Empty when there is none.
    phone: String,
    /// The first of the roles, `admin` before all others; `user` when there is none.
    role: String,
    roles: Vec<String>,
    created: u64,
    last_sign_in: Option<u64>,
    disabled: bool,
}

impl From<Account> for Profile {
    fn from(account: Account) -> Self {
        Self {
            role: first_role(&account.roles),
            roles: account.roles.iter().map(Role::to_string).collect(),
            account: account.account.into(),
            name: account.name,
            email: account.email.unwrap_or_default(),
            phone: account.phone.unwrap_or_default(),
            created: account.created,
            last_sign_in: account.last_sign_in,
            disabled: account.disabled,
        }
    }
}

/// The one role that ooo's clients look for.
pub(super) fn first_role(roles: &[Role]) -> String {
    let admin = roles.iter().find(|role| **role == Role::admin());
    admin.or_else(|| roles.first()).map_or_else(|| "user".to_owned(), Role::to_string)
}

/// Where somebody is signed in. Times are seconds since the Unix epoch.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionShown {
    id: String,
    created: u64,
    last_used: u64,
    address: String,
    user_agent: String,
    /// Whether it is the one that asks.
    current: bool,
}

impl SessionShown {
    pub(super) fn new(session: &Session, current: SessionId) -> Self {
        Self {
            id: session.id.to_string(),
            created: session.created,
            last_used: session.last_used,
            address: session.address.to_string(),
            user_agent: session.user_agent.clone(),
            current: session.id == current,
        }
    }
}

/// An account that is locked for strangers. Times are seconds since the Unix epoch.
#[derive(Serialize, JsonSchema)]
pub(super) struct LockShown {
    account: String,
    tries: u32,
    last: u64,
    until: u64,
}

impl From<Lock> for LockShown {
    fn from(lock: Lock) -> Self {
        Self { account: lock.account, tries: lock.tries, last: lock.last, until: lock.until }
    }
}

/// That a name is free.
#[derive(Serialize, JsonSchema)]
pub(super) struct Available {
    pub(super) account: String,
    pub(super) available: bool,
}

/// Why something was refused (RFC 9457).
#[derive(Debug, Serialize)]
pub(crate) struct Problem {
    pub(crate) title: &'static str,
    pub(crate) status: u16,
    /// What it is, for programs. It does not change.
    pub(crate) code: &'static str,
    pub(crate) detail: String,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<FieldError>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or_default();
        Self { title, status: status.as_u16(), code, detail: detail.into(), errors: Vec::new() }
    }
}
