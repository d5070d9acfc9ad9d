//! Coming in: the page that shows instead of the application while nobody is signed in.

use leptos::prelude::*;

use crate::{
    Out, Standing, Why,
    model::Place,
    session::use_session,
    view::{Icon, Login, Logo, Notice, Skeleton, use_route},
};

/// Somebody without an account, who may make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Newcomer {
    /// The first, who becomes administrator.
    First {
        /// The secret of the set-up link.
        secret: String,
    },
    /// Anybody, where that is open.
    Another,
}

/// Shows what is inside to those who are signed in, and to everybody where the server asks nobody.
/// Everybody else gets the page to come in by, and nothing else is asked of the server.
///
/// When a session ends by itself, what is inside stays as it was, out of sight, until the same
/// account is signed in again.
#[component]
pub fn Gate(
    /// What the server is called.
    name: String,
    /// How a newcomer is made known: an [`Admission`].
    admission: fn(Newcomer) -> AnyView,
    /// What is inside.
    children: ChildrenFn,
) -> impl IntoView {
    let standing = use_session().standing();
    let whose = Memo::new(move |before: Option<&Option<String>>| match standing.get() {
        Standing::Open => Some(String::new()),
        Standing::In(profile) => Some(profile.account),
        Standing::Out(Out { why: Why::SignedOut, .. }) => None,
        Standing::Asking { .. } | Standing::Out(_) => before.cloned().flatten(),
    });
    let outside = Memo::new(move |_| match standing.get() {
        Standing::Open | Standing::In(_) => None,
        Standing::Asking { troubled } => Some(Err(troubled)),
        Standing::Out(out) => Some(Ok(out)),
    });
    let threshold = move || {
        let name = name.clone();
        outside.get().map(|outside| view! { <Threshold name outside admission/> })
    };
    let inside = move || whose.get().map(|_| children());
    view! {
        <div hidden=move || outside.with(Option::is_some)>{inside}</div>
        {threshold}
    }
}

/// The page for those who are not inside: how to come in, or that it is not known yet whether they
/// are.
#[component]
fn Threshold(
    name: String,
    outside: Result<Out, bool>,
    admission: fn(Newcomer) -> AnyView,
) -> impl IntoView {
    let content = match outside {
        Ok(out) => view! { <Entrance out admission/> }.into_any(),
        Err(false) => view! { <Skeleton/> }.into_any(),
        Err(true) => view! {
            <Notice icon=Icon::Offline title="Still trying">
                <p>
                    "The server cannot be reached. This page tries again by itself, nothing has to \
                    be done."
                </p>
            </Notice>
        }
        .into_any(),
    };
    view! {
        <main class="entrance">
            <div class="entrance-brand">
                <Logo/>
                <span class="name">{name}</span>
            </div>
            {content}
        </main>
    }
}

/// How to come in: by the set-up link, by signing in, or with a new account.
#[component]
fn Entrance(out: Out, admission: fn(Newcomer) -> AnyView) -> impl IntoView {
    let session = use_session();
    let here = use_route().here();
    let registering = RwSignal::new(false);
    let Out { why, account, registration, set_up } = out;
    move || {
        let secret = session.secret().filter(|_| set_up);
        if let Some(secret) = secret {
            return admission(Newcomer::First { secret });
        }
        if registering.get() {
            return view! {
                {admission(Newcomer::Another)}
                <p class="entrance-other">
                    "You have an account? " <Choice to=false registering>"Sign in"</Choice>
                </p>
            }
            .into_any();
        }
        let other = registration.then(|| {
            view! {
                <p class="entrance-other">
                    "New here? " <Choice to=true registering>"Make an account"</Choice>
                </p>
            }
        });
        let is_link = here.with(|here| *here == Place::SetUp);
        view! {
            <Said why set_up is_link/>
            <Login account=account.clone()/>
            {other}
        }
        .into_any()
    }
}

/// A button that looks like the link that it stands for.
#[component]
fn Choice(to: bool, registering: RwSignal<bool>, children: Children) -> impl IntoView {
    view! {
        <button type="button" class="text-button" on:click=move |_| registering.set(to)>
            {children()}
        </button>
    }
}

/// What there is to know before signing in, if anything.
#[component]
fn Said(why: Why, set_up: bool, is_link: bool) -> impl IntoView {
    let (icon, title, text) = match (why, set_up, is_link) {
        (_, true, _) => (
            Icon::Terminal,
            "Nobody looks after this server yet",
            "Open the set-up link that it shows in its terminal, as a whole, to become its \
             administrator. Starting the server again makes a new one.",
        ),
        (_, false, true) => (
            Icon::Lock,
            "This server is set up already",
            "The link has done its work. Sign in with the account that was made with it.",
        ),
        (Why::Ended, ..) => {
            (Icon::Lock, "Your session has ended", "Sign in, and you are where you were.")
        }
        (Why::Disabled, ..) => {
            (Icon::Lock, "This account is disabled", "An administrator can enable it again.")
        }
        (Why::SignedOut, ..) => (Icon::Check, "You have signed out", ""),
        (Why::New, ..) => return None,
    };
    Some(view! {
        <div class="entrance-said" role="status">
            {icon.draw()}
            <div>
                <strong>{title}</strong>
                <p>{text}</p>
            </div>
        </div>
    })
}
