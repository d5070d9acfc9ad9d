//! Signing in, staying signed in, signing out, and coming in for the first time.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Json,
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use monoxide_identity::{Origin, RefreshToken, Role, SignedIn, TokenError};

use super::{
    Asker,
    forms::{Authorized, Entrance, Form, Refresh, Register, SetUp, SignIn, first_role},
};
use crate::{error::Refusal, proxies::ClientAddress};

/// Who asks, from where, and whether it is a page that wants cookies.
pub(super) struct Visitor {
    pub(super) asker: Arc<Asker>,
    pub(super) origin: Origin,
    headers: HeaderMap,
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let asker = parts.extensions.get::<Arc<Asker>>().ok_or(Refusal::NoRoute)?;
        let from = parts.extensions.get::<ClientAddress>().ok_or(Refusal::NoRoute)?;
        let agent = parts.headers.get(header::USER_AGENT);
        let user_agent = agent.and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned();
        let origin = Origin { address: from.0, user_agent };
        Ok(Self { asker: Arc::clone(asker), origin, headers: parts.headers.clone() })
    }
}

impl Visitor {
    /// Tells who has signed in: a page by cookies, everybody else in the body.
    fn tell(&self, signed_in: &SignedIn) -> Result<Response, Refusal> {
        let auth = &self.asker.auth;
        let cookies = auth.wants_cookies(&self.headers)?;
        let roles = &signed_in.account.roles;
        let told = Authorized {
            account: signed_in.account.account.to_string(),
            role: first_role(roles),
            roles: roles.iter().map(Role::to_string).collect(),
            expires: signed_in.expires,
            token: (!cookies).then(|| signed_in.token.clone()),
            refresh: (!cookies).then(|| signed_in.refresh.expose()),
        };
        let mut response = uncached(Json(told));
        if cookies {
            let now = auth.identities.clock().seconds();
            auth.kept.keep(response.headers_mut(), &self.headers, signed_in, now);
        }
        Ok(response)
    }

    /// Refuses a page of another origin before anything is done.
    fn check_page(&self) -> Result<(), Refusal> {
        self.asker.auth.wants_cookies(&self.headers).map(drop)
    }
}

/// What these routes answer is for nobody else, and only for now.
pub(super) fn uncached(body: impl axum::response::IntoResponse) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], body).into_response()
}

pub(super) async fn entrance(visitor: Visitor) -> Result<Response, Refusal> {
    let Visitor { asker, headers, .. } = visitor;
    let (auth, caller) = (&asker.auth, asker.caller.as_ref());
    let identities = &auth.identities;
    let is_own_page = auth.wants_cookies(&headers).unwrap_or_default();
    Ok(uncached(Json(Entrance {
        account: caller.map(|caller| caller.account.to_string()),
        expires: caller.map(|caller| caller.expires),
        refreshable: is_own_page && auth.kept.refresh(&headers).is_some(),
        registration: identities.is_registration_open(),
        set_up: identities.needs_set_up()?,
    })))
}

pub(super) async fn sign_in(
    visitor: Visitor,
    Form(SignIn { account, password }): Form<SignIn>,
) -> Result<Response, Refusal> {
    visitor.check_page()?;
    let identities = &visitor.asker.auth.identities;
    let signed_in = identities.sign_in(&account, &password.into(), &visitor.origin).await?;
    visitor.tell(&signed_in)
}

pub(super) async fn register(
    visitor: Visitor,
    Form(form): Form<Register>,
) -> Result<Response, Refusal> {
    visitor.check_page()?;
    let identities = &visitor.asker.auth.identities;
    let signed_in = identities.register(&form.into(), &visitor.origin).await?;
    visitor.tell(&signed_in)
}

pub(super) async fn set_up(
    visitor: Visitor,
    Form(SetUp { token, account }): Form<SetUp>,
) -> Result<Response, Refusal> {
    visitor.check_page()?;
    let identities = &visitor.asker.auth.identities;
    let signed_in = identities.set_up(&token, &account.into(), &visitor.origin).await?;
    visitor.tell(&signed_in)
}

pub(super) async fn refresh(
    visitor: Visitor,
    form: Option<Form<Refresh>>,
) -> Result<Response, Refusal> {
    let auth = &visitor.asker.auth;
    let cookies = auth.wants_cookies(&visitor.headers)?;
    let shown = form.and_then(|Form(form)| form.refresh);
    let kept = || auth.kept.refresh(&visitor.headers).map(str::to_owned);
    let token = if cookies { kept() } else { shown }.ok_or(Refusal::NoRefreshToken)?;
    let refreshed = match RefreshToken::parse(&token) {
        Some(token) => auth.identities.refresh(&token, visitor.origin.address).await,
        None => Err(TokenError::Malformed.into()),
    };
    match refreshed {
        Ok(signed_in) => visitor.tell(&signed_in),
        Err(error) => {
            let is_over = matches!(error, monoxide_identity::Error::Token(_));
            let mut response = Refusal::from(error).into_response();
            if cookies && is_over {
                auth.kept.forget(response.headers_mut(), &visitor.headers);
            }
            Ok(response)
        }
    }
}

pub(super) async fn sign_out(visitor: Visitor) -> Result<Response, Refusal> {
    let auth = &visitor.asker.auth;
    let cookies = auth.wants_cookies(&visitor.headers)?;
    let mut response = uncached(StatusCode::NO_CONTENT);
    if cookies {
        auth.kept.forget(response.headers_mut(), &visitor.headers);
    }
    match visitor.asker.signed_in() {
        Ok(caller) => match auth.identities.end_session(&caller.account, caller.session).await {
            // Somebody else was faster.
            Ok(()) | Err(monoxide_identity::Error::NotFound) => Ok(response),
            Err(error) => Err(error.into()),
        },
        // The token is too old to say whose session it is, but the refresh token can.
        Err(_) if cookies => {
            let token = auth.kept.refresh(&visitor.headers).and_then(RefreshToken::parse);
            if let Some(token) = token {
                auth.identities.abandon(&token).await?;
            }
            Ok(response)
        }
        Err(refusal) => Err(refusal),
    }
}

/// Extracts what may be missing.
impl<T, S> axum::extract::OptionalFromRequest<S> for Form<T>
where
    T: serde::de::DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_request(
        request: axum::extract::Request,
        state: &S,
    ) -> Result<Option<Self>, Infallible> {
        Ok(<Self as axum::extract::FromRequest<S>>::from_request(request, state).await.ok())
    }
}
