//! Who asks, at every door, and whether they may come in at all.
//!
//! A token comes in the header `Authorization`, as a subprotocol of a socket, or as a cookie. The
//! cookie counts only for requests that a page of our own has made: a browser sends it along with
//! what any page wants. Without [`Builder::identity`] none of this is there.

mod cookies;
mod forms;
mod routes;
mod sign_in;
mod watch;

use std::{collections::HashSet, fmt, sync::Arc};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, Method, Uri, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use monoxide_engine::Identity;
use monoxide_identity::{ADMIN, Caller, Error, Identities};

pub(crate) use self::{
    cookies::Cookies,
    forms::Problem,
    routes::endpoints,
    watch::{Said, Turn, Watch},
};
use crate::{
    admin::Parameters,
    door::Settings,
    error::Refusal,
    origins::Origins,
    proxies::ClientAddress,
    quotas::Quotas,
    server::Builder,
    upgrade::{is_upgrade, words},
};

/// The subprotocol under which a socket is let in first and says then who asks.
pub(crate) const LATE: &str = "monoxide.v1";

/// The header that pages of our own send with what is not just read. Others cannot: a browser
/// would ask for leave first, and does not get it.
const OWN_PAGE: &str = "x-monoxide";

/// What the builder was told, and what follows from it.
#[derive(Debug)]
pub(crate) struct Auth {
    pub(crate) identities: Identities,
    /// Who is not signed in is let in as nobody in particular.
    pub(crate) anonymous: bool,
    /// How cookies are kept.
    kept: Cookies,
    origins: Origins,
    quotas: Arc<Quotas>,
    pub(crate) on_set_up: Option<SetUpHook>,
}

/// Is told the secret of the set-up link.
pub(crate) struct SetUpHook(Box<dyn Fn(&str) + Send + Sync>);

/// What [`Builder`]'s methods about identity were told.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    identities: Option<Identities>,
    anonymous: bool,
    secure: bool,
    on_set_up: Option<SetUpHook>,
}

impl Plan {
    pub(crate) fn finish(self, settings: &Settings) -> Option<Arc<Auth>> {
        let Self { identities, anonymous, secure, on_set_up } = self;
        let secure = secure || settings.is_tls;
        let kept = Cookies { secure, base: settings.base_path.clone() };
        let origins = settings.origins.clone();
        let (identities, quotas) = (identities?, Arc::clone(&settings.quotas));
        Some(Arc::new(Auth { identities, anonymous, kept, origins, quotas, on_set_up }))
    }
}

impl Builder {
    /// Lets in who is signed in to one of these accounts, and adds the routes with which one does
    /// that. Everybody gets the page, its files and `/_health`; data, sockets, `/_keys`,
    /// `/?api=keys`, `/?api=range` and endpoints that are not [public](crate::Endpoint::public) are for those who
    /// are signed in, and everything else of the management API is for administrators. Default:
    /// everybody is let in, as nobody in particular.
    pub fn identity(mut self, identities: Identities) -> Self {
        self.auth.identities = Some(identities);
        self
    }

    /// Lets in who is not signed in too, as nobody in particular: filters and
    /// rules decide what they see.
    /// Default: they are not.
    pub fn anonymous(mut self, anonymous: bool) -> Self {
        self.auth.anonymous = anonymous;
        self
    }

    /// Has browsers send cookies over TLS only, though this server does not speak it: a proxy
    /// before it does. With [`tls`](Self::tls) they do anyway. Default: they are sent over both.
    pub fn secure_cookies(mut self, secure: bool) -> Self {
        self.auth.secure = secure;
        self
    }

    /// Is told the secret of the set-up link when the server opens and there is no administrator
    /// yet. It is for the terminal of whoever starts the server, and not for a log. Default:
    /// nobody is told, and nobody can set it up this way.
    pub fn on_set_up(mut self, hook: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.auth.on_set_up = Some(SetUpHook(Box::new(hook)));
        self
    }
}

impl fmt::Debug for SetUpHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetUpHook")
    }
}

/// Who asks, as far as it is known. It is among the extensions of every request.
#[derive(Debug)]
pub(crate) struct Asker {
    pub(crate) auth: Arc<Auth>,
    /// Nobody in particular, if none.
    pub(crate) caller: Option<Caller>,
    /// The token came as a cookie, so the client cannot show it again.
    pub(crate) by_cookie: bool,
    /// What is wrong with the token that came, if anything.
    problem: Option<Error>,
}

impl Asker {
    /// Refuses whoever is not signed in.
    pub(crate) fn signed_in(&self) -> Result<&Caller, Refusal> {
        self.caller.as_ref().ok_or(Refusal::SignIn(match &self.problem {
            Some(Error::Token(problem)) => Some(*problem),
            _ => None,
        }))
    }

    /// Refuses whoever came with a token that is good for nothing.
    pub(crate) fn check_token(&self) -> Result<(), Refusal> {
        if self.problem.is_some() { self.signed_in().map(drop) } else { Ok(()) }
    }

    /// Refuses whoever does not look after the server.
    pub(crate) fn administrator(&self) -> Result<&Caller, Refusal> {
        let caller = self.signed_in()?;
        if caller.identity.has_role(ADMIN) { Ok(caller) } else { Err(Refusal::NotAllowed) }
    }

    /// Who it is for the engine, if they are let in.
    pub(crate) fn admitted(&self) -> Result<Identity, Refusal> {
        match &self.caller {
            None if self.auth.anonymous && self.problem.is_none() => Ok(Identity::anonymous()),
            _ => self.signed_in().map(|caller| caller.identity.clone()),
        }
    }
}

impl Auth {
    /// Who asks.
    fn ask(self: &Arc<Self>, method: &Method, headers: &HeaderMap) -> Result<Asker, Refusal> {
        let mut asker =
            Asker { auth: Arc::clone(self), caller: None, by_cookie: false, problem: None };
        let token = match shown(headers) {
            Shown::Nothing => {
                let Some(cookie) = self.kept.token(headers) else { return Ok(asker) };
                if !self.is_own_page(headers) {
                    // What is only read goes on as nobody.
                    return if is_read(method) { Ok(asker) } else { Err(Refusal::ForeignPage) };
                }
                if !is_read(method) && !headers.contains_key(OWN_PAGE) {
                    return Err(Refusal::ForeignPage);
                }
                asker.by_cookie = true;
                Some(cookie)
            }
            Shown::Token(token) => Some(token),
            Shown::Wrongly => None,
        };
        match token.map_or(Err(monoxide_identity::TokenError::Malformed.into()), |token| {
            self.identities.check(token)
        }) {
            Ok(caller) => asker.caller = Some(caller),
            // An old cookie is nothing that somebody has said.
            Err(error) if self.anonymous && asker.by_cookie => {
                tracing::debug!(%error, "the cookie is not good any more");
            }
            Err(error) => asker.problem = Some(error),
        }
        Ok(asker)
    }

    /// Whether no page but our own, or one that is listed, can have made the request.
    fn is_own_page(&self, headers: &HeaderMap) -> bool {
        let site = headers.get("sec-fetch-site").map(|site| site.as_bytes());
        let is_listed = self.origins.is_ours(headers);
        match site {
            // Typed by the user, or asked by the page itself.
            None | Some(b"same-origin" | b"none") => is_listed,
            Some(_) => headers.contains_key(header::ORIGIN) && is_listed,
        }
    }

    /// Whether a page of our own asks that wants cookies.
    fn wants_cookies(&self, headers: &HeaderMap) -> Result<bool, Refusal> {
        if !headers.contains_key(OWN_PAGE) {
            return Ok(false);
        }
        if self.is_own_page(headers) { Ok(true) } else { Err(Refusal::ForeignPage) }
    }
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// A token that is shown, and not just sent along.
enum Shown<'a> {
    Nothing,
    Token(&'a str),
    Wrongly,
}

fn shown(headers: &HeaderMap) -> Shown<'_> {
    let mut authorizations = headers.get_all(header::AUTHORIZATION).into_iter();
    if let Some(first) = authorizations.next() {
        let token = first.to_str().ok().and_then(|text| text.split_once(' '));
        return match token {
            Some((scheme, token))
                if scheme.eq_ignore_ascii_case("bearer") && authorizations.next().is_none() =>
            {
                Shown::Token(token.trim())
            }
            _ => Shown::Wrongly,
        };
    }
    let mut protocols = words(headers, header::SEC_WEBSOCKET_PROTOCOL);
    if protocols.any(|word| word == "bearer") {
        return protocols.next().map_or(Shown::Wrongly, Shown::Token);
    }
    Shown::Nothing
}

/// What stands behind a guard.
#[derive(Debug, Clone)]
pub(crate) enum Behind {
    /// The page, its files, and the server's own documents.
    Own,
    /// Objects and lists.
    Keys,
    /// Endpoints, of which these look after themselves.
    Endpoints(HashSet<String>),
}

/// Stands before what is behind it, and lets in who may come in.
#[derive(Debug)]
pub(crate) struct Guard {
    auth: Arc<Auth>,
    behind: Behind,
}

/// Puts a guard before a router, where there is one.
pub(crate) fn guarded(auth: Option<&Arc<Auth>>, behind: Behind, router: Router) -> Router {
    let Some(auth) = auth else { return router };
    let guard = Guard::new(auth, behind);
    router.route_layer(from_fn_with_state(Arc::new(guard), guard_request))
}

async fn guard_request(
    State(guard): State<Arc<Guard>>,
    mut request: Request,
    next: Next,
) -> Response {
    match guard.let_in(&mut request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

impl Guard {
    pub(crate) fn new(auth: &Arc<Auth>, behind: Behind) -> Self {
        Self { auth: Arc::clone(auth), behind }
    }

    /// Lets a request in, and notes on it who asks.
    pub(crate) fn let_in(&self, request: &mut Request) -> Result<(), Refusal> {
        let (asker, identity) = self.admit(request)?;
        request.extensions_mut().insert(identity);
        request.extensions_mut().insert(Arc::new(asker));
        Ok(())
    }

    fn admit(&self, request: &Request) -> Result<(Asker, Identity), Refusal> {
        let headers = request.headers();
        let asker = self.auth.ask(request.method(), headers)?;
        if let Some(caller) = &asker.caller
            && let Some(from) = request.extensions().get::<ClientAddress>()
        {
            self.auth.quotas.of_account(caller.account.as_str(), from.0, request.method())?;
        }
        // Endpoints open no sockets of ours, so nobody says there later who it is.
        let is_late = !matches!(self.behind, Behind::Endpoints(_))
            && is_upgrade(request.method(), headers)
            && is_late(headers);
        let identity = match self.wants(request) {
            // It says later who it is, and is told over the socket when it may not.
            Wants::Admitted if is_late => asker.admitted().unwrap_or_default(),
            Wants::Nobody => {
                asker.caller.as_ref().map(|caller| caller.identity.clone()).unwrap_or_default()
            }
            Wants::Admitted => asker.admitted()?,
            Wants::Administrator => asker.administrator()?.identity.clone(),
        };
        Ok((asker, identity))
    }

    /// Who has to ask.
    fn wants(&self, request: &Request) -> Wants {
        let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        match &self.behind {
            Behind::Keys => Wants::Admitted,
            Behind::Own if path == "/" => {
                of_root(request.method(), request.headers(), request.uri())
            }
            Behind::Own if path == "/_backup" => Wants::Administrator,
            // Who says later who it is, is asked then.
            Behind::Own
                if path == "/_monitor" && !is_upgrade(request.method(), request.headers()) =>
            {
                Wants::Administrator
            }
            Behind::Own if path.starts_with("/_ui") || path.starts_with("/_pkg/") => Wants::Nobody,
            Behind::Own if path.starts_with("/_") => Wants::Admitted,
            // A file of the page.
            Behind::Own => Wants::Nobody,
            Behind::Endpoints(open) if open.contains(path) => Wants::Nobody,
            Behind::Endpoints(_) => Wants::Admitted,
        }
    }
}

/// Who a request is for.
enum Wants {
    /// Everybody.
    Nobody,
    /// Whoever is signed in; and others, where they are let in.
    Admitted,
    /// Whoever looks after the server.
    Administrator,
}

/// The page is for everybody, the clock, the keys and parts of lists are for those who are let in,
/// and everything else of the management API is for administrators.
fn of_root(method: &Method, headers: &HeaderMap, uri: &Uri) -> Wants {
    if is_upgrade(method, headers) {
        return Wants::Admitted;
    }
    match Parameters::of(uri).get("api") {
        None => Wants::Nobody,
        Some("keys" | "range") => Wants::Admitted,
        Some(_) => Wants::Administrator,
    }
}

/// Whether a socket says over the socket who asks.
pub(crate) fn is_late(headers: &HeaderMap) -> bool {
    words(headers, header::SEC_WEBSOCKET_PROTOCOL).any(|word| word == LATE)
}

impl SetUpHook {
    pub(crate) fn tell(&self, secret: &str) {
        (self.0)(secret);
    }
}
