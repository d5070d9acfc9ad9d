//! Who is signed in, and the accounts that there are: the server's routes about them, with types.
//!
//! A browser keeps the tokens in cookies that no script reads, so none of them is seen here.
//!
//! Requests are values, and JSON is read by hand: what is derived for each type, and a future for
//! each route, made a page that loads this a fifth larger.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::{Client, platform};

/// How one can come in, and whether one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entrance {
    /// Who is signed in, if anybody is.
    pub signed_in: Option<SignedIn>,
    /// Whether the browser has a cookie with which one may stay so.
    pub refreshable: bool,
    /// Whether people can make themselves an account.
    pub registration: bool,
    /// Whether there is no administrator yet.
    pub set_up: bool,
}

/// That somebody has signed in, or stays so for longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Who.
    pub account: String,
    /// Until when the token is good, in seconds since the Unix epoch as the server counts them.
    pub expires: u64,
    /// The server's time when it said so, which need not be ours.
    pub now: u64,
}

impl SignedIn {
    /// For how many seconds the token is good.
    #[must_use]
    pub fn lifetime(&self) -> u64 {
        self.expires.saturating_sub(self.now)
    }
}

/// An account. Times are seconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name, which never changes.
    pub account: String,
    /// What the person is called.
    pub name: String,
    /// An email address, or nothing.
    pub email: String,
    /// A phone number, or nothing.
    pub phone: String,
    /// What it may do.
    pub roles: Vec<String>,
    /// When it was made.
    pub created: u64,
    /// When somebody signed in to it last.
    pub last_sign_in: Option<u64>,
    /// Whether nobody can sign in to it.
    pub disabled: bool,
}

impl Profile {
    /// Whether it looks after the server.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.roles.iter().any(|role| role == "admin")
    }
}

/// A new account, as somebody filled it in.
#[derive(Debug, Clone, Default)]
pub struct NewAccount {
    /// Its name.
    pub account: String,
    /// What the person is called; the account's name when it is empty.
    pub name: String,
    /// An email address, or nothing.
    pub email: String,
    /// Its password.
    pub password: String,
    /// What it may do; only administrators say so.
    pub roles: Vec<String>,
}

/// What is to change of an account. What is `None` stays, and what is empty goes.
#[derive(Debug, Clone, Default)]
pub struct AccountChange {
    /// What the person is called.
    pub name: Option<String>,
    /// An email address.
    pub email: Option<String>,
    /// A phone number.
    pub phone: Option<String>,
    /// What it may do; only administrators say so.
    pub roles: Option<Vec<String>>,
    /// Whether nobody can sign in to it; only administrators say so.
    pub disabled: Option<bool>,
}

/// Where somebody is signed in. Times are seconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionShown {
    /// What it is called.
    pub id: String,
    /// When it began.
    pub created: u64,
    /// When it was used last.
    pub last_used: u64,
    /// From where.
    pub address: String,
    /// With which browser or program.
    pub user_agent: String,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// An account that strangers guess at, and that is locked for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// Which one.
    pub account: String,
    /// After how many tries.
    pub tries: u64,
    /// Until when, in seconds since the Unix epoch.
    pub until: u64,
}

/// Why the server refused something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// What it is, for programs.
    pub code: String,
    /// What it is, for people.
    pub detail: String,
    /// What is wrong with which field.
    pub errors: Vec<FieldProblem>,
    /// After how many seconds it may go better.
    pub retry_after: Option<u64>,
}

impl Problem {
    /// The same problem, said of a field.
    #[must_use]
    pub fn about(self, field: &str, message: &str) -> Self {
        let (field, message) = (field.to_owned(), message.to_owned());
        let errors = vec![FieldProblem { field, code: self.code, message }];
        Self { code: "fields".to_owned(), errors, ..self }
    }
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// Which one.
    pub field: String,
    /// What is wrong, for programs.
    pub code: String,
    /// What is wrong, for people.
    pub message: String,
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The server said no.
    #[error("the server says {}: {}", .0.status, .0.detail)]
    Refused(Problem),
    /// The server cannot be reached.
    #[error("the server cannot be reached ({0})")]
    Unreachable(String),
    /// The answer is not what it should be.
    #[error("the server's answer cannot be read ({0})")]
    Odd(String),
}

impl AskError {
    /// What the server refused it for, for programs; empty when it did not refuse.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Refused(problem) => &problem.code,
            Self::Unreachable(_) | Self::Odd(_) => "",
        }
    }

    /// The HTTP status with which the server refused, if it did.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(problem) => Some(problem.status),
            Self::Unreachable(_) | Self::Odd(_) => None,
        }
    }

    /// Whether what a [condition](crate::data::Condition) asks for is not so: somebody else was
    /// first.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.status() == Some(412)
    }

    /// Whether there is nothing where something was asked for.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.status() == Some(404)
    }

    /// Whether whoever asks may not do this, signed in or not.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        matches!(self.status(), Some(401 | 403))
    }

    /// Whether it may go well when it is asked again: the server is out of reach, starts, stops,
    /// or has too much to do. What was asked for may have been done.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Refused(problem) => matches!(problem.status, 429 | 502..=504),
            Self::Unreachable(_) => true,
            Self::Odd(_) => false,
        }
    }

    /// Whether it is about who asks, who has to show a fresh token or sign in anew.
    #[must_use]
    pub fn needs_sign_in(&self) -> bool {
        let codes = ["sign-in-needed", "token-expired", "token-invalid", "session-ended"];
        codes.contains(&self.code())
    }
}

/// How much of a refusal is kept, in characters.
const WORDS: usize = 2_000;

/// What came back, as the platform gives it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) retry_after: Option<u64>,
    /// The server's time, in seconds since the Unix epoch; 0 when it does not say.
    pub(crate) now: u64,
    /// The version that the `ETag` names, between its quotes.
    pub(crate) version: Option<String>,
    /// All headers that may be seen, by name.
    pub(crate) headers: Vec<(String, String)>,
}

/// What an `ETag` says. Proxies that pack a body make its tag a weak one.
pub(crate) fn tag(header: &str) -> String {
    header.strip_prefix("W/").unwrap_or(header).trim_matches('"').to_owned()
}

/// What is sent, as the platform takes it.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) method: &'static str,
    /// Below the server's address.
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<String>,
}

/// What an answer can be read as.
pub trait Read: Sized {
    /// What stands in the JSON of an answer that came at a time of the server; `None` when it is
    /// something else.
    fn read(json: &Value, now: u64) -> Option<Self>;
}

impl Read for () {
    fn read(_json: &Value, _now: u64) -> Option<Self> {
        Some(())
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(json: &Value, now: u64) -> Option<Self> {
        json.as_array()?.iter().map(|it| T::read(it, now)).collect()
    }
}

impl Read for Entrance {
    fn read(json: &Value, now: u64) -> Option<Self> {
        let registration = json.get("registration")?.as_bool()?;
        let set_up = json.get("setUp")?.as_bool()?;
        let refreshable = flag(json, "refreshable");
        Some(Self { signed_in: SignedIn::read(json, now), refreshable, registration, set_up })
    }
}

impl Read for SignedIn {
    fn read(json: &Value, now: u64) -> Option<Self> {
        Some(Self { account: text(json, "account")?, expires: number(json, "expires")?, now })
    }
}

impl Read for Profile {
    fn read(json: &Value, _now: u64) -> Option<Self> {
        let roles = json.get("roles")?.as_array()?.iter().filter_map(Value::as_str);
        Some(Self {
            account: text(json, "account")?,
            name: text(json, "name")?,
            email: text(json, "email")?,
            phone: text(json, "phone")?,
            roles: roles.map(str::to_owned).collect(),
            created: number(json, "created")?,
            last_sign_in: number(json, "lastSignIn"),
            disabled: flag(json, "disabled"),
        })
    }
}

impl Read for SessionShown {
    fn read(json: &Value, _now: u64) -> Option<Self> {
        Some(Self {
            id: text(json, "id")?,
            created: number(json, "created")?,
            last_used: number(json, "lastUsed")?,
            address: text(json, "address")?,
            user_agent: text(json, "userAgent")?,
            current: flag(json, "current"),
        })
    }
}

impl Read for Lock {
    fn read(json: &Value, _now: u64) -> Option<Self> {
        let tries = number(json, "tries")?;
        Some(Self { account: text(json, "account")?, tries, until: number(json, "until")? })
    }
}

pub(crate) fn text(json: &Value, name: &str) -> Option<String> {
    json.get(name)?.as_str().map(str::to_owned)
}

pub(crate) fn number(json: &Value, name: &str) -> Option<u64> {
    json.get(name)?.as_u64()
}

pub(crate) fn flag(json: &Value, name: &str) -> bool {
    json.get(name).and_then(Value::as_bool).unwrap_or_default()
}

impl Problem {
    fn read(status: u16, retry_after: Option<u64>, json: &Value) -> Self {
        let field = |json: &Value| {
            let (field, code) = (text(json, "field")?, text(json, "code")?);
            Some(FieldProblem { field, code, message: text(json, "message")? })
        };
        let errors = json.get("errors").and_then(Value::as_array);
        Self {
            status,
            code: text(json, "code").unwrap_or_default(),
            detail: text(json, "detail").unwrap_or_default(),
            errors: errors.into_iter().flatten().filter_map(field).collect(),
            retry_after,
        }
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Result<Value, AskError> {
        if !(200..=299).contains(&self.status) {
            return Err(self.refusal());
        }
        // An answer without a body says yes.
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&self.body).map_err(|error| AskError::Odd(error.to_string()))
    }

    /// What an answer says that is no yes.
    pub(crate) fn refusal(&self) -> AskError {
        let Self { status, retry_after, .. } = *self;
        AskError::Refused(match serde_json::from_str(&self.body) {
            Ok(json) => Problem::read(status, retry_after, &json),
            Err(_) => Problem { status, retry_after, ..self.said() },
        })
    }

    /// What is told in plain words: most refusals about data are. A page of a proxy is none.
    fn said(&self) -> Problem {
        let text = self.body.trim();
        let is_markup = text.starts_with('<');
        let detail = if is_markup { String::new() } else { text.chars().take(WORDS).collect() };
        Problem { detail, ..Problem::default() }
    }

    fn read<T: Read>(&self) -> Result<T, AskError> {
        let odd = || AskError::Odd("it is something else".to_owned());
        T::read(&self.json()?, self.now).ok_or_else(odd)
    }
}

/// Something to [ask](Client::ask) the server, and what its answer is.
pub struct Request<T> {
    question: Question,
    read: fn(&Answer) -> Result<T, AskError>,
}

impl<T: Read> Request<T> {
    pub(crate) fn new(method: &'static str, path: impl Into<String>) -> Self {
        Self::reading(method, path.into(), Answer::read)
    }
}

impl<T> Request<T> {
    /// A request whose answer is more than its JSON.
    pub(crate) fn reading(
        method: &'static str,
        path: String,
        read: fn(&Answer) -> Result<T, AskError>,
    ) -> Self {
        Self { question: Question { method, path, headers: Vec::new(), body: None }, read }
    }

    pub(crate) fn header(mut self, name: &'static str, value: String) -> Self {
        self.question.headers.push((name, value));
        self
    }

    /// With JSON as its body.
    pub(crate) fn body(mut self, json: String) -> Self {
        self.question.body = Some(json);
        self
    }

    fn with(self, body: &Value) -> Self {
        self.body(body.to_string())
    }
}

impl<T> Clone for Request<T> {
    fn clone(&self) -> Self {
        Self { question: self.question.clone(), read: self.read }
    }
}

impl<T> fmt::Debug for Request<T> {
    /// Without what is sent: that may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({} {})", self.question.method, self.question.path)
    }
}

/// How one can come in, and whether one is.
#[must_use]
pub fn entrance() -> Request<Entrance> {
    Request::new("GET", "authorize")
}

/// Signs in. An account that does not exist is `wrong-credentials`, too.
#[must_use]
pub fn sign_in(account: &str, password: &str) -> Request<SignedIn> {
    let form = json!({ "account": account, "password": password });
    Request::new("POST", "authorize").with(&form)
}

/// Makes the first administrator and signs in, with the secret of the set-up link; `set-up-link`
/// when that is not good any more.
#[must_use]
pub fn set_up(secret: &str, account: &NewAccount) -> Request<SignedIn> {
    let mut form = account.form();
    form["token"] = secret.into();
    Request::new("POST", "setup").with(&form)
}

/// Makes an account and signs in; `registration-closed` where that is not open.
#[must_use]
pub fn register(account: &NewAccount) -> Request<SignedIn> {
    Request::new("POST", "register").with(&account.form())
}

/// Stays signed in for longer; `session-ended` and its like when one has to sign in anew.
#[must_use]
pub fn refresh() -> Request<SignedIn> {
    Request::new("PUT", "authorize").with(&json!({}))
}

/// Signs out.
#[must_use]
pub fn sign_out() -> Request<()> {
    Request::new("DELETE", "authorize")
}

/// One's own account; `sign-in-needed` and its like for who is not signed in.
#[must_use]
pub fn profile() -> Request<Profile> {
    Request::new("GET", "profile")
}

/// Changes one's own account; `fields` when something cannot be as it is.
#[must_use]
pub fn change_profile(change: &AccountChange) -> Request<Profile> {
    Request::new("PUT", "profile").with(&change.form())
}

/// Changes one's own password, which ends all other sessions; `wrong-credentials` when `current`
/// is not the password.
#[must_use]
pub fn change_password(current: &str, password: &str) -> Request<Profile> {
    let form = json!({ "current": current, "password": password });
    Request::new("PUT", "password").with(&form)
}

/// Where one is signed in.
#[must_use]
pub fn sessions() -> Request<Vec<SessionShown>> {
    Request::new("GET", "sessions")
}

/// Ends one of one's sessions; `not-found` when it has ended already.
#[must_use]
pub fn end_session(id: &str) -> Request<()> {
    Request::new("DELETE", format!("sessions/{id}"))
}

/// Signs out everywhere.
#[must_use]
pub fn end_sessions() -> Request<()> {
    Request::new("DELETE", "sessions")
}

/// All accounts. This and what follows is for administrators: `not-allowed` for everybody else.
#[must_use]
pub fn accounts() -> Request<Vec<Profile>> {
    Request::new("GET", "users")
}

/// An account; `not-found` when there is none of that name.
#[must_use]
pub fn account(account: &str) -> Request<Profile> {
    Request::new("GET", format!("user/{account}"))
}

/// Makes an account for somebody else; `account-taken` when there is one, `fields` when something
/// cannot be as it is.
#[must_use]
pub fn create_account(account: &NewAccount) -> Request<Profile> {
    Request::new("POST", "create").with(&account.form())
}

/// Changes an account; `last-administrator` when nobody could look after the server any more.
#[must_use]
pub fn change_account(account: &str, change: &AccountChange) -> Request<Profile> {
    Request::new("POST", format!("user/{account}")).with(&change.form())
}

/// Removes an account; refused as a [change](change_account) is.
#[must_use]
pub fn delete_account(account: &str) -> Request<()> {
    Request::new("DELETE", format!("user/{account}"))
}

/// Gives an account another password, which ends all its sessions; `fields` when it cannot be one.
#[must_use]
pub fn set_password(account: &str, password: &str) -> Request<Profile> {
    let form = json!({ "password": password });
    Request::new("PUT", format!("password/{account}")).with(&form)
}

/// The accounts that are locked for strangers.
#[must_use]
pub fn locks() -> Request<Vec<Lock>> {
    Request::new("GET", "locks")
}

/// Lifts a lock.
#[must_use]
pub fn lift_lock(account: &str) -> Request<()> {
    Request::new("DELETE", format!("locks/{account}"))
}

impl NewAccount {
    fn form(&self) -> Value {
        let Self { account, name, email, password, roles } = self;
        let mut form =
            json!({ "account": account, "name": name, "email": email, "password": password });
        if !roles.is_empty() {
            form["roles"] = json!(roles);
        }
        form
    }
}

impl AccountChange {
    fn form(&self) -> Value {
        let mut form = Map::new();
        let texts = [("name", &self.name), ("email", &self.email), ("phone", &self.phone)];
        for (name, text) in texts {
            if let Some(text) = text {
                form.insert(name.to_owned(), text.as_str().into());
            }
        }
        if let Some(roles) = &self.roles {
            form.insert("roles".to_owned(), json!(roles));
        }
        if let Some(disabled) = self.disabled {
            form.insert("disabled".to_owned(), disabled.into());
        }
        form.into()
    }
}

impl Client {
    /// Asks the server something.
    ///
    /// A page is known by its cookies. A native program is nobody in particular, so what it may ask
    /// is what the server offers to everybody.
    ///
    /// # Errors
    ///
    /// [`AskError`] says why there is no answer.
    pub async fn ask<T>(&self, request: &Request<T>) -> Result<T, AskError> {
        (request.read)(&self.answer(&request.question).await?)
    }

    async fn answer(&self, question: &Question) -> Result<Answer, AskError> {
        platform::request(&self.page_address(&question.path), question)
            .await
            .map_err(AskError::Unreachable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            body: body.to_owned(),
            retry_after: Some(7),
            now: 0,
            version: None,
            headers: Vec::new(),
        }
    }

    #[test]
    fn an_answer_without_a_body_is_a_yes() {
        assert_eq!(answer(204, "").read::<()>(), Ok(()));
    }

    #[test]
    fn what_is_no_entrance_is_not_taken_for_one() {
        let object = r#"{"created":1,"updated":0,"index":"authorize","data":{}}"#;
        assert!(matches!(answer(200, object).read::<Entrance>(), Err(AskError::Odd(_))));
    }

    #[test]
    fn a_refusal_says_what_is_wrong_with_which_field() {
        let body = r#"{"title":"Bad Request","status":400,"code":"fields","detail":"no",
            "errors":[{"field":"email","code":"email","message":"looks wrong"}]}"#;
        let Err(AskError::Refused(problem)) = answer(400, body).read::<Profile>() else { panic!() };
        assert_eq!((problem.code.as_str(), problem.retry_after), ("fields", Some(7)));
        assert_eq!(problem.errors[0].field, "email");
    }

    #[test]
    fn a_refusal_in_plain_words_keeps_them() {
        let Err(error) = answer(400, "ooo: key is not valid\n").read::<()>() else { panic!() };
        assert_eq!(error.to_string(), "the server says 400: ooo: key is not valid");
    }

    #[test]
    fn a_refusal_of_something_before_the_server_is_one_too() {
        let Err(error) = answer(502, "<html>").read::<Profile>() else { panic!() };
        assert_eq!(error.to_string(), "the server says 502: ");
        assert!(!error.needs_sign_in());
    }
}
