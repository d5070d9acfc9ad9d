//! Who is signed in, and the accounts that there are: the server's routes about them, with types.
//!
//! A browser keeps the tokens in cookies that no script reads, so none of them is seen here.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;

use crate::{Client, platform};

/// How one can come in, and whether one is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entrance {
    /// Who is signed in, if anybody is.
    pub account: Option<String>,
    /// Whether people can make themselves an account.
    pub registration: bool,
    /// Whether there is no administrator yet.
    pub set_up: bool,
}

/// That somebody has signed in, or stays so for longer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SignedIn {
    /// Who.
    pub account: String,
    /// Until when the token is good, in seconds since the Unix epoch as the server counts them.
    pub expires: u64,
    /// The server's time when it said so, which need not be ours.
    #[serde(skip)]
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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
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
#[derive(Debug, Clone, Default, Serialize)]
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
}

/// What is to change of an account. What is `None` stays, and what is empty goes.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AccountChange {
    /// What the person is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// An email address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// A phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// What it may do; only administrators say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// Whether nobody can sign in to it; only administrators say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// Where somebody is signed in. Times are seconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Lock {
    /// Which one.
    pub account: String,
    /// After how many tries.
    pub tries: u32,
    /// Until when, in seconds since the Unix epoch.
    pub until: u64,
}

/// Why the server refused something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
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
    #[serde(skip)]
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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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

    /// Whether it is about who asks, who has to show a fresh token or sign in anew.
    #[must_use]
    pub fn needs_sign_in(&self) -> bool {
        let codes = ["sign-in-needed", "token-expired", "token-invalid", "session-ended"];
        codes.contains(&self.code())
    }
}

/// What came back, as the platform gives it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) retry_after: Option<u64>,
    /// The server's time, in seconds since the Unix epoch; 0 when it does not say.
    pub(crate) now: u64,
}

impl Answer {
    fn read<T: DeserializeOwned>(&self) -> Result<T, AskError> {
        if (200..300).contains(&self.status) {
            // An answer without a body is read as `null`.
            let body = if self.body.is_empty() { "null" } else { &self.body };
            return serde_json::from_str(body).map_err(|error| AskError::Odd(error.to_string()));
        }
        let mut problem: Problem = serde_json::from_str(&self.body).unwrap_or_default();
        problem.status = self.status;
        problem.retry_after = self.retry_after;
        Err(AskError::Refused(problem))
    }
}

/// The account routes. They are for pages: a native program has no HTTP here.
impl Client {
    /// How one can come in, and whether one is.
    ///
    /// # Errors
    ///
    /// [`AskError`], as of all that follow, says why there is no answer.
    pub async fn entrance(&self) -> Result<Entrance, AskError> {
        self.ask("GET", "authorize", None).await?.read()
    }

    /// Signs in.
    ///
    /// # Errors
    ///
    /// `wrong-credentials` for an account that does not exist, too.
    pub async fn sign_in(&self, account: &str, password: &str) -> Result<SignedIn, AskError> {
        let form = json!({ "account": account, "password": password });
        self.enter("POST", "authorize", form).await
    }

    /// Makes the first administrator and signs in, with the secret of the set-up link.
    ///
    /// # Errors
    ///
    /// `set-up-link` when that is not good any more.
    pub async fn set_up(&self, token: &str, account: &NewAccount) -> Result<SignedIn, AskError> {
        let mut form = json!(account);
        form["token"] = token.into();
        self.enter("POST", "setup", form).await
    }

    /// Makes an account and signs in, where that is open.
    ///
    /// # Errors
    ///
    /// `registration-closed` where it is not.
    pub async fn register(&self, account: &NewAccount) -> Result<SignedIn, AskError> {
        self.enter("POST", "register", json!(account)).await
    }

    /// Stays signed in for longer.
    ///
    /// # Errors
    ///
    /// `session-ended` and its like when one has to sign in anew.
    pub async fn refresh(&self) -> Result<SignedIn, AskError> {
        self.enter("PUT", "authorize", json!({})).await
    }

    /// Signs out.
    ///
    /// # Errors
    ///
    /// When the server did not hear of it.
    pub async fn sign_out(&self) -> Result<(), AskError> {
        self.ask("DELETE", "authorize", None).await?.read()
    }

    /// One's own account.
    ///
    /// # Errors
    ///
    /// `sign-in-needed` and its like for who is not signed in.
    pub async fn profile(&self) -> Result<Profile, AskError> {
        self.ask("GET", "profile", None).await?.read()
    }

    /// Changes one's own account.
    ///
    /// # Errors
    ///
    /// `fields` when something cannot be as it is.
    pub async fn change_profile(&self, change: &AccountChange) -> Result<Profile, AskError> {
        self.ask("PUT", "profile", Some(json!(change).to_string())).await?.read()
    }

    /// Changes one's own password, which ends all other sessions.
    ///
    /// # Errors
    ///
    /// `wrong-credentials` when `current` is not the password.
    pub async fn change_password(
        &self,
        current: &str,
        password: &str,
    ) -> Result<Profile, AskError> {
        let form = json!({ "current": current, "password": password });
        self.ask("PUT", "password", Some(form.to_string())).await?.read()
    }

    /// Where one is signed in.
    ///
    /// # Errors
    ///
    /// As [`profile`](Self::profile).
    pub async fn sessions(&self) -> Result<Vec<SessionShown>, AskError> {
        self.ask("GET", "sessions", None).await?.read()
    }

    /// Ends one of one's sessions.
    ///
    /// # Errors
    ///
    /// `not-found` when it has ended already.
    pub async fn end_session(&self, id: &str) -> Result<(), AskError> {
        self.ask("DELETE", &format!("sessions/{id}"), None).await?.read()
    }

    /// Signs out everywhere.
    ///
    /// # Errors
    ///
    /// As [`profile`](Self::profile).
    pub async fn end_sessions(&self) -> Result<(), AskError> {
        self.ask("DELETE", "sessions", None).await?.read()
    }

    /// All accounts. This and what follows is for administrators.
    ///
    /// # Errors
    ///
    /// `not-allowed` for everybody else.
    pub async fn accounts(&self) -> Result<Vec<Profile>, AskError> {
        self.ask("GET", "users", None).await?.read()
    }

    /// The account of that name.
    ///
    /// # Errors
    ///
    /// `not-found` when there is none.
    pub async fn account(&self, account: &str) -> Result<Profile, AskError> {
        self.ask("GET", &format!("user/{account}"), None).await?.read()
    }

    /// Makes an account for somebody else.
    ///
    /// # Errors
    ///
    /// `account-taken`, and `fields` when something cannot be as it is.
    pub async fn create_account(&self, account: &NewAccount) -> Result<Profile, AskError> {
        self.ask("POST", "create", Some(json!(account).to_string())).await?.read()
    }

    /// Changes an account.
    ///
    /// # Errors
    ///
    /// `last-administrator` when nobody could look after the server any more.
    pub async fn change_account(
        &self,
        account: &str,
        change: &AccountChange,
    ) -> Result<Profile, AskError> {
        let form = Some(json!(change).to_string());
        self.ask("POST", &format!("user/{account}"), form).await?.read()
    }

    /// Removes an account.
    ///
    /// # Errors
    ///
    /// As [`change_account`](Self::change_account).
    pub async fn delete_account(&self, account: &str) -> Result<(), AskError> {
        self.ask("DELETE", &format!("user/{account}"), None).await?.read()
    }

    /// Gives an account another password, which ends all its sessions.
    ///
    /// # Errors
    ///
    /// `fields` when it cannot be a password.
    pub async fn set_password(&self, account: &str, password: &str) -> Result<Profile, AskError> {
        let form = json!({ "password": password }).to_string();
        self.ask("PUT", &format!("password/{account}"), Some(form)).await?.read()
    }

    /// The accounts that are locked for strangers.
    ///
    /// # Errors
    ///
    /// As [`accounts`](Self::accounts).
    pub async fn locks(&self) -> Result<Vec<Lock>, AskError> {
        self.ask("GET", "locks", None).await?.read()
    }

    /// Lifts a lock.
    ///
    /// # Errors
    ///
    /// As [`accounts`](Self::accounts).
    pub async fn lift_lock(&self, account: &str) -> Result<(), AskError> {
        self.ask("DELETE", &format!("locks/{account}"), None).await?.read()
    }

    async fn enter(
        &self,
        method: &str,
        path: &str,
        form: serde_json::Value,
    ) -> Result<SignedIn, AskError> {
        let answer = self.ask(method, path, Some(form.to_string())).await?;
        let signed_in: SignedIn = answer.read()?;
        Ok(SignedIn { now: answer.now, ..signed_in })
    }

    async fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<String>,
    ) -> Result<Answer, AskError> {
        platform::request(method, &self.page_address(path), body)
            .await
            .map_err(AskError::Unreachable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, body: body.to_owned(), retry_after: Some(7), now: 0 }
    }

    #[test]
    fn an_answer_without_a_body_is_a_yes() {
        assert_eq!(answer(204, "").read(), Ok(()));
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
    fn a_refusal_of_something_before_the_server_is_one_too() {
        let Err(error) = answer(502, "<html>").read::<Profile>() else { panic!() };
        assert_eq!(error.to_string(), "the server says 502: ");
        assert!(!error.needs_sign_in());
    }
}
