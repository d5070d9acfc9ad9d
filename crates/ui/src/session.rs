//! Who is signed in, and that they stay so.
//!
//! The tokens are in cookies that no script reads. What this knows is when they have to be renewed,
//! and what the server says about them. All pages of a browser share one session: they take turns
//! under a lock, and tell each other by the browser's storage.

mod browser;

use std::{future::poll_fn, task::Poll, time::Duration};

use leptos::{
    ev,
    prelude::{
        GetUntracked, LocalStorage, RwSignal, Set, Signal, StoredValue, TimeoutHandle, UpdateValue,
        WithUntracked, WithValue, expect_context, on_cleanup, provide_context,
        set_timeout_with_handle, window_event_listener,
    },
    task::spawn_local,
};
use monoxide_client::{
    Client,
    accounts::{self, AskError, Entrance, NewAccount, Profile, Request, SignedIn},
};
use web_sys::HtmlElement;

use crate::model::renewal::{self, Term};

/// Whether somebody is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// That is not known yet.
    Asking {
        /// Whether the server was out of reach when it was asked.
        troubled: bool,
    },
    /// The server asks nobody who they are.
    Open,
    /// Nobody is.
    Out(Out),
    /// Somebody is.
    In(Profile),
}

/// That nobody is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Out {
    /// How that came.
    pub why: Why,
    /// Who was, if they may go on where they were.
    pub account: Option<String>,
    /// Whether people can make themselves an account.
    pub registration: bool,
    /// Whether there is no administrator yet.
    pub set_up: bool,
}

/// Why nobody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Nobody was.
    New,
    /// They have signed out.
    SignedOut,
    /// The session has ended by itself or by somebody else.
    Ended,
    /// The account was disabled.
    Disabled,
}

/// Who is signed in. Copying it copies a handle.
#[derive(Debug, Clone, Copy)]
pub struct Session {
    standing: RwSignal<Standing>,
    kept: StoredValue<Kept, LocalStorage>,
}

#[derive(Debug)]
struct Kept {
    client: Client,
    /// Whether the server is being asked.
    checking: bool,
    /// Whether they are signing out.
    parting: bool,
    /// How often it was out of reach, in a row.
    failures: u32,
    /// How often somebody was let in, and who waits for that.
    admissions: u64,
    waiting: Vec<std::task::Waker>,
    timer: Option<TimeoutHandle>,
    /// What had the focus when the session ended.
    focused: Option<HtmlElement>,
    /// The secret of the set-up link, when the page was opened by it.
    secret: Option<String>,
}

/// The session that a component above has [provided](Session::provide).
///
/// # Panics
///
/// When none has.
#[must_use]
pub fn use_session() -> Session {
    expect_context()
}

impl Session {
    /// Finds out who is signed in with the [`Client`] that the context provides, keeps them so
    /// from now on, and lets [`use_session`] find it.
    ///
    /// # Panics
    ///
    /// When no [`Client`] was provided.
    pub fn provide() -> Self {
        let kept = Kept {
            client: expect_context(),
            checking: false,
            parting: false,
            failures: 0,
            admissions: 0,
            waiting: Vec::new(),
            timer: None,
            focused: None,
            // Before anything else, so that it stands in the address bar for no longer than it must.
            secret: browser::take_secret(),
        };
        let open = browser::is_open();
        let standing = if open { Standing::Open } else { Standing::Asking { troubled: false } };
        let (standing, kept) = (RwSignal::new(standing), StoredValue::new_local(kept));
        let session = Self { standing, kept };
        if !open {
            session.check();
            session.listen();
        }
        provide_context(session);
        session
    }

    /// Whether somebody is signed in, and who.
    #[must_use]
    pub fn standing(self) -> Signal<Standing> {
        self.standing.into()
    }

    /// The client with which the session asks.
    #[must_use]
    pub fn client(self) -> Client {
        self.kept.with_value(|kept| kept.client.clone())
    }

    /// The secret of the set-up link, when the page was opened by it.
    #[must_use]
    pub fn secret(self) -> Option<String> {
        self.kept.with_value(|kept| kept.secret.clone())
    }

    /// Signs in.
    ///
    /// # Errors
    ///
    /// When the server does not let them in.
    pub async fn sign_in(self, account: &str, password: &str) -> Result<(), AskError> {
        self.enter(accounts::sign_in(account, password)).await
    }

    /// Makes an account and signs in to it.
    ///
    /// # Errors
    ///
    /// When the server does not let them in.
    pub async fn register(self, account: &NewAccount) -> Result<(), AskError> {
        self.enter(accounts::register(account)).await
    }

    /// Makes the first administrator and signs in, with the secret of the set-up link.
    ///
    /// # Errors
    ///
    /// When the server does not let them in.
    pub async fn set_up(self, secret: &str, account: &NewAccount) -> Result<(), AskError> {
        self.enter(accounts::set_up(secret, account)).await?;
        self.kept.update_value(|kept| kept.secret = None);
        Ok(())
    }

    /// Signs out.
    ///
    /// # Errors
    ///
    /// When the server does not know of it, and they are still signed in.
    pub async fn sign_out(self) -> Result<(), AskError> {
        self.part(&[accounts::sign_out()]).await
    }

    /// Signs out everywhere.
    ///
    /// # Errors
    ///
    /// When the server does not know of it, and they are still signed in.
    pub async fn sign_out_everywhere(self) -> Result<(), AskError> {
        // Who asks for it has to have a token that is good.
        self.ask(&accounts::profile()).await?;
        self.part(&[accounts::end_sessions(), accounts::sign_out()]).await
    }

    /// Signs out by these requests. What is being ended is not renewed meanwhile, here or in
    /// another page.
    async fn part(self, requests: &[Request<()>]) -> Result<(), AskError> {
        self.kept.update_value(|kept| kept.parting = true);
        let _turn = browser::turn().await;
        let mut parted = Ok(());
        for request in requests {
            parted = self.client().ask(request).await;
            if parted.as_ref().is_err_and(|error| !error.needs_sign_in()) {
                break;
            }
        }
        let parted =
            parted.or_else(|error| if error.needs_sign_in() { Ok(()) } else { Err(error) });
        if parted.is_ok() {
            self.leave(Why::SignedOut).await;
        }
        self.kept.update_value(|kept| kept.parting = false);
        if parted.is_err() {
            // Whatever was left out meanwhile.
            self.check();
        }
        parted
    }

    /// Asks the server something for who is signed in. When the token is too old, the session is
    /// renewed first; when that fails, it waits until they have signed in again.
    ///
    /// # Errors
    ///
    /// What the server says; or that the session has ended, when somebody else has signed in.
    pub async fn ask<T>(self, request: &Request<T>) -> Result<T, AskError> {
        let before = self.account();
        match self.client().ask(request).await {
            Err(error) if error.needs_sign_in() => {
                self.admitted().await;
                if self.account() == before { self.client().ask(request).await } else { Err(error) }
            }
            Err(error) if error.code() == "not-allowed" => {
                // The account's roles may be others than this page knows.
                self.check();
                Err(error)
            }
            answer => answer,
        }
    }

    /// Takes note that the account that is signed in has changed.
    pub fn changed(self, profile: Profile) {
        self.standing.set(Standing::In(profile));
    }

    /// Whether there is something to renew: there is not where nobody is asked who they are.
    pub(crate) fn is_kept(self) -> bool {
        self.standing.with_untracked(|standing| *standing != Standing::Open)
    }

    /// Waits until the session is renewed, or somebody has signed in again.
    pub(crate) async fn admitted(self) {
        let Some(before) = self.kept.try_with_value(|kept| kept.admissions) else { return };
        self.check();
        poll_fn(|cx| {
            let waits = self.kept.try_update_value(|kept| {
                let waits = kept.admissions == before;
                if waits {
                    kept.waiting.push(cx.waker().clone());
                }
                waits
            });
            if waits == Some(true) { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }

    fn account(self) -> Option<String> {
        self.standing.with_untracked(|standing| match standing {
            Standing::In(profile) => Some(profile.account.clone()),
            _ => None,
        })
    }

    /// Asks the server who is signed in, and renews the session if it is time.
    fn check(self) {
        let is_first =
            self.kept.try_update_value(|kept| !std::mem::replace(&mut kept.checking, true));
        if is_first != Some(true) {
            return;
        }
        spawn_local(async move {
            let turn = browser::turn().await;
            let checked = self.look().await;
            drop(turn);
            self.kept.update_value(|kept| kept.checking = false);
            if checked.is_err() {
                self.try_again();
            }
        });
    }

    /// Asks who is signed in; an error when the server is out of reach.
    async fn look(self) -> Result<(), AskError> {
        if self.kept.with_value(|kept| kept.parting) {
            return Ok(());
        }
        let client = self.client();
        let entrance = match client.ask(&accounts::entrance()).await {
            Ok(entrance) => entrance,
            Err(AskError::Odd(_)) => return self.open(),
            Err(AskError::Refused(problem)) if problem.status == 404 => return self.open(),
            Err(error) => return Err(error),
        };
        match &entrance.signed_in {
            None if !entrance.refreshable => {
                self.go_out(self.why(), &entrance);
                return Ok(());
            }
            Some(signed_in) if is_fresh(signed_in) => {
                return self.admit(client.ask(&accounts::profile()).await?);
            }
            _ => {}
        }
        match client.ask(&accounts::refresh()).await {
            Ok(signed_in) => {
                keep(&signed_in);
                self.admit(client.ask(&accounts::profile()).await?)
            }
            Err(error) if error.needs_sign_in() || error.code() == "no-refresh-token" => {
                self.go_out(self.why(), &entrance);
                Ok(())
            }
            Err(error) if error.code() == "account-disabled" => {
                self.go_out(Why::Disabled, &entrance);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn open(self) -> Result<(), AskError> {
        self.standing.set(Standing::Open);
        Ok(())
    }

    /// Why nobody is signed in, when that is found out just now.
    fn why(self) -> Why {
        self.standing.with_untracked(|standing| match standing {
            Standing::In(_) => Why::Ended,
            Standing::Out(out) => out.why,
            // It may have ended long ago.
            Standing::Asking { .. } | Standing::Open if browser::term().is_some() => Why::Ended,
            Standing::Asking { .. } | Standing::Open => Why::New,
        })
    }

    async fn enter(self, request: Request<SignedIn>) -> Result<(), AskError> {
        // What another page is told of the session before would take the new one's cookies away.
        let _turn = browser::turn().await;
        keep(&self.client().ask(&request).await?);
        self.admit(self.client().ask(&accounts::profile()).await?)
    }

    fn admit(self, profile: Profile) -> Result<(), AskError> {
        if self.standing.with_untracked(|it| *it != Standing::In(profile.clone())) {
            self.standing.set(Standing::In(profile));
        }
        let (waiting, focused) = self
            .kept
            .try_update_value(|kept| {
                kept.admissions += 1;
                kept.failures = 0;
                (std::mem::take(&mut kept.waiting), kept.focused.take())
            })
            .unwrap_or_default();
        waiting.into_iter().for_each(std::task::Waker::wake);
        if let Some(focused) = focused {
            browser::focus_soon(focused);
        }
        self.check_in(renewal::wait(browser::now(), browser::term().map(|term| term.due)));
        Ok(())
    }

    /// Takes note that nobody is signed in any more, and asks how one can come in.
    async fn leave(self, why: Why) {
        let entrance = self.client().ask(&accounts::entrance()).await.ok();
        let closed =
            Entrance { signed_in: None, refreshable: false, registration: false, set_up: false };
        self.go_out(why, &entrance.unwrap_or(closed));
    }

    fn go_out(self, why: Why, entrance: &Entrance) {
        browser::forget();
        let focused = browser::focused();
        self.kept.update_value(|kept| {
            kept.failures = 0;
            if let Some(timer) = kept.timer.take() {
                timer.clear();
            }
            if why != Why::SignedOut {
                kept.focused = focused.or(kept.focused.take());
            }
        });
        let Entrance { registration, set_up, .. } = *entrance;
        let account = match self.standing.get_untracked() {
            Standing::In(profile) if why != Why::SignedOut => Some(profile.account),
            Standing::Out(out) if why != Why::SignedOut => out.account,
            _ => None,
        };
        let out = Standing::Out(Out { why, account, registration, set_up });
        // What somebody types there stays.
        if self.standing.with_untracked(|it| *it != out) {
            self.standing.set(out);
        }
    }

    /// The server is out of reach: whoever is signed in stays so, and it is asked again.
    fn try_again(self) {
        let failures = self.kept.try_update_value(|kept| {
            kept.failures = kept.failures.saturating_add(1);
            kept.failures - 1
        });
        let Some(failures) = failures else { return };
        if self.standing.with_untracked(|it| matches!(it, Standing::Asking { .. })) {
            self.standing.set(Standing::Asking { troubled: true });
        }
        self.check_in(renewal::wait_again(failures));
    }

    /// Asks again after so many milliseconds.
    fn check_in(self, milliseconds: u64) {
        let wait = Duration::from_millis(milliseconds);
        let timer = set_timeout_with_handle(move || self.check(), wait).ok();
        self.kept.update_value(|kept| {
            if let Some(old) = std::mem::replace(&mut kept.timer, timer) {
                old.clear();
            }
        });
    }

    /// Takes note of what timers do not tell: that the machine slept, that the network is back, and
    /// what other pages of this browser do.
    fn listen(self) {
        let wake = move || {
            let overdue = browser::term().is_some_and(|term| term.due <= browser::now());
            let standing = self.standing.get_untracked();
            if matches!(standing, Standing::Asking { .. })
                || (overdue && matches!(standing, Standing::In(_)))
            {
                self.check();
            }
        };
        let online = window_event_listener(ev::online, move |_| wake());
        let shown = window_event_listener(ev::pageshow, move |_| wake());
        let seen = window_event_listener(ev::visibilitychange, move |_| wake());
        let told = window_event_listener(ev::storage, move |event| {
            let is_in = matches!(self.standing.get_untracked(), Standing::In(_));
            // Somebody has signed in or out in another page.
            if browser::is_about_session(&event) && is_in != browser::term().is_some() {
                self.check();
            }
        });
        on_cleanup(move || [online, shown, seen, told].into_iter().for_each(|it| it.remove()));
    }
}

/// Whether a token need not be renewed yet. Another page may have renewed it while this one waited
/// for its turn; the server knows that at once, and what pages tell each other may come later.
fn is_fresh(signed_in: &SignedIn) -> bool {
    let term = browser::term();
    if renewal::is_newer(term, signed_in.expires) {
        keep(signed_in);
        return true;
    }
    term.is_some_and(|term| term.due > browser::now())
}

/// Notes when the session has to be renewed, for all pages of this browser.
fn keep(signed_in: &SignedIn) {
    let due = renewal::due(browser::now(), signed_in.lifetime());
    browser::keep(Term { due, expires: signed_in.expires });
}
