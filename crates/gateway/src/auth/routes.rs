//! The routes about accounts. They win over keys that equal their paths, as all endpoints do.

use axum::{
    Json,
    extract::{Path, Query},
    http::StatusCode,
    response::Response,
};
use monoxide_identity::{AccountName, Error, SessionId};
use serde::Deserialize;

use super::{
    forms::{
        Authorized, Available, Create, Entrance, Form, LockShown, NewPassword, PasswordChange,
        Profile, ProfileChange, Refresh, Register, SessionShown, SetUp, SignIn, UserChange,
    },
    sign_in::{self, Visitor, uncached},
};
use crate::{endpoint::Endpoint, error::Refusal};

/// All of them. They look themselves at who asks.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    let all = [
        authorize(),
        Endpoint::new("/register")
            .about("Makes an account for whoever asks, where that is open")
            .post(sign_in::register)
            .request::<Register>()
            .response::<Authorized>(),
        Endpoint::new("/setup")
            .about("Makes the first administrator")
            .post(sign_in::set_up)
            .request::<SetUp>()
            .response::<Authorized>(),
        Endpoint::new("/profile")
            .about("One's own account")
            .get(profile)
            .response::<Profile>()
            .put(change_profile)
            .request::<ProfileChange>()
            .response::<Profile>(),
        Endpoint::new("/password")
            .about("One's own password; ends all other sessions")
            .put(change_password)
            .request::<PasswordChange>()
            .response::<Profile>(),
        sessions(),
        Endpoint::new("/sessions/{id}")
            .about("One of one's sessions")
            .var("id", "its name")
            .delete(end_session),
        Endpoint::new("/available")
            .about("Whether an account could have this name")
            .get(available)
            .param("account", "the name")
            .response::<Available>(),
    ];
    all.into_iter().chain(administration()).map(Endpoint::public).collect()
}

fn authorize() -> Endpoint {
    Endpoint::new("/authorize")
        .about("Signing in, staying signed in, and signing out")
        .get(sign_in::entrance)
        .response::<Entrance>()
        .post(sign_in::sign_in)
        .request::<SignIn>()
        .response::<Authorized>()
        .put(sign_in::refresh)
        .request::<Refresh>()
        .response::<Authorized>()
        .delete(sign_in::sign_out)
}

fn sessions() -> Endpoint {
    let whose = "whose, for administrators; one's own otherwise";
    Endpoint::new("/sessions")
        .about("Where one is signed in; DELETE signs out everywhere")
        .get(list_sessions)
        .param("account", whose)
        .response::<Vec<SessionShown>>()
        .delete(end_sessions)
        .param("account", whose)
}

/// What is for those who look after the server.
fn administration() -> [Endpoint; 6] {
    [
        Endpoint::new("/users").about("All accounts").get(users).response::<Vec<Profile>>(),
        Endpoint::new("/create")
            .about("Makes an account for somebody else")
            .post(create)
            .request::<Create>()
            .response::<Profile>(),
        Endpoint::new("/user/{account}")
            .about("An account")
            .var("account", "its name")
            .get(user)
            .response::<Profile>()
            .post(change_user)
            .request::<UserChange>()
            .response::<Profile>()
            .delete(delete_user),
        Endpoint::new("/password/{account}")
            .about("Another password for an account; ends all its sessions")
            .var("account", "its name")
            .put(set_password)
            .request::<NewPassword>()
            .response::<Profile>(),
        Endpoint::new("/locks")
            .about("Accounts that are locked for strangers")
            .get(locks)
            .response::<Vec<LockShown>>(),
        Endpoint::new("/locks/{account}")
            .about("Lifts a lock")
            .var("account", "the account's name")
            .delete(lift_lock),
    ]
}

/// An account that an address names. What can be none is none.
fn named(account: &str) -> Result<AccountName, Refusal> {
    AccountName::parse(account).map_err(|_| Error::NotFound.into())
}

async fn profile(visitor: Visitor) -> Result<Response, Refusal> {
    let caller = visitor.asker.signed_in()?;
    let account = visitor.asker.auth.identities.account(&caller.account)?;
    Ok(uncached(Json(Profile::from(account))))
}

async fn change_profile(
    visitor: Visitor,
    Form(form): Form<ProfileChange>,
) -> Result<Response, Refusal> {
    let caller = visitor.asker.signed_in()?;
    let identities = &visitor.asker.auth.identities;
    let account = identities.change(&caller.account, &form.into()).await?;
    Ok(uncached(Json(Profile::from(account))))
}

async fn change_password(
    visitor: Visitor,
    Form(PasswordChange { current, password }): Form<PasswordChange>,
) -> Result<Response, Refusal> {
    let caller = visitor.asker.signed_in()?;
    let (current, password) = (current.into(), password.into());
    let identities = &visitor.asker.auth.identities;
    let changed = identities.change_password(caller, &current, &password, &visitor.origin);
    Ok(uncached(Json(Profile::from(changed.await?))))
}

#[derive(Deserialize)]
struct Whose {
    account: Option<String>,
}

impl Whose {
    /// The account that is meant, if it is for whoever asks.
    fn account(&self, visitor: &Visitor) -> Result<AccountName, Refusal> {
        let caller = visitor.asker.signed_in()?;
        let Some(account) = &self.account else { return Ok(caller.account.clone()) };
        let account = named(account);
        if account.as_ref().is_ok_and(|account| *account == caller.account) {
            return account;
        }
        visitor.asker.administrator()?;
        visitor.asker.auth.identities.account(&account?).map(|it| it.account).map_err(Into::into)
    }
}

async fn list_sessions(visitor: Visitor, Query(whose): Query<Whose>) -> Result<Response, Refusal> {
    let account = whose.account(&visitor)?;
    let current = visitor.asker.signed_in()?.session;
    let sessions = visitor.asker.auth.identities.sessions(&account)?;
    let shown: Vec<_> = sessions.iter().map(|it| SessionShown::new(it, current)).collect();
    Ok(uncached(Json(shown)))
}

async fn end_sessions(visitor: Visitor, Query(whose): Query<Whose>) -> Result<Response, Refusal> {
    let account = whose.account(&visitor)?;
    visitor.asker.auth.identities.end_sessions(&account, None).await?;
    Ok(uncached(StatusCode::NO_CONTENT))
}

async fn end_session(visitor: Visitor, Path(id): Path<String>) -> Result<Response, Refusal> {
    let caller = visitor.asker.signed_in()?;
    let id = SessionId::parse(&id).ok_or(Error::NotFound)?;
    visitor.asker.auth.identities.end_session(&caller.account, id).await?;
    Ok(uncached(StatusCode::NO_CONTENT))
}

async fn available(visitor: Visitor, Query(whose): Query<Whose>) -> Result<Response, Refusal> {
    let identities = &visitor.asker.auth.identities;
    // Where nobody can register, who is here is nobody's business.
    if !identities.is_registration_open() {
        visitor.asker.administrator()?;
    }
    let account = whose.account.unwrap_or_default();
    let account = identities.check_available(&account, visitor.origin.address)?;
    Ok(uncached(Json(Available { account: account.into(), available: true })))
}

async fn users(visitor: Visitor) -> Result<Response, Refusal> {
    visitor.asker.administrator()?;
    let accounts = visitor.asker.auth.identities.accounts()?;
    let profiles: Vec<_> = accounts.into_iter().map(Profile::from).collect();
    Ok(uncached(Json(profiles)))
}

async fn create(
    visitor: Visitor,
    Form(Create { roles, account }): Form<Create>,
) -> Result<Response, Refusal> {
    visitor.asker.administrator()?;
    let created = visitor.asker.auth.identities.create(&account.into(), &roles).await?;
    Ok(uncached(Json(Profile::from(created))))
}

async fn user(visitor: Visitor, Path(account): Path<String>) -> Result<Response, Refusal> {
    visitor.asker.administrator()?;
    let account = visitor.asker.auth.identities.account(&named(&account)?)?;
    Ok(uncached(Json(Profile::from(account))))
}

async fn change_user(
    visitor: Visitor,
    Path(account): Path<String>,
    Form(form): Form<UserChange>,
) -> Result<Response, Refusal> {
    visitor.asker.administrator()?;
    let identities = &visitor.asker.auth.identities;
    let account = identities.change(&named(&account)?, &form.into()).await?;
    Ok(uncached(Json(Profile::from(account))))
}

async fn delete_user(visitor: Visitor, Path(account): Path<String>) -> Result<Response, Refusal> {
    visitor.asker.administrator()?;
    visitor.asker.auth.identities.delete(&named(&account)?).await?;
    Ok(uncached(StatusCode::NO_CONTENT))
}

async fn set_password(
    visitor: Visitor,
    Path(account): Path<String>,
    Form(NewPassword { password }): Form<NewPassword>,
) -> Result<Response, Refusal> {
    visitor.asker.administrator()?;
    let identities = &visitor.asker.auth.identities;
    let account = identities.set_password(&named(&account)?, &password.into()).await?;
    Ok(uncached(Json(Profile::from(account))))
}

async fn locks(visitor: Visitor) -> Result<Response, Refusal> {
    visitor.asker.administrator()?;
    let locks = visitor.asker.auth.identities.locks()?;
    let shown: Vec<_> = locks.into_iter().map(LockShown::from).collect();
    Ok(uncached(Json(shown)))
}

async fn lift_lock(visitor: Visitor, Path(account): Path<String>) -> Result<Response, Refusal> {
    visitor.asker.administrator()?;
    visitor.asker.auth.identities.lift_lock(&named(&account)?)?;
    Ok(uncached(StatusCode::NO_CONTENT))
}
