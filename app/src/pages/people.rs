//! The pages about accounts: one's own, and all of them for those who look after the server.

use leptos::prelude::*;
use monoxide_ui::{
    Standing,
    model::Place,
    use_session,
    view::{
        AccountPage, AccountsPage, Icon, Link, NewAccountPage, Notice, ProfilePage,
        use_is_administrator,
    },
};

/// One of these pages, for those whom it is for.
#[component]
pub(crate) fn People(
    /// Which one.
    place: Place,
) -> impl IntoView {
    let standing = use_session().standing();
    let is_in = Memo::new(move |_| matches!(standing.get(), Standing::In(_)));
    let is_administrator = use_is_administrator();
    move || {
        match (&place, is_in.get(), is_administrator.get()) {
        (_, false, _) => view! {
            <Elsewhere title="There are no accounts here" text="This server asks nobody who they are."/>
        }
        .into_any(),
        (Place::Profile, ..) => view! { <ProfilePage/> }.into_any(),
        (Place::Accounts, _, true) => view! { <AccountsPage/> }.into_any(),
        (Place::NewAccount, _, true) => view! { <NewAccountPage/> }.into_any(),
        (Place::Account(account), _, true) => {
            view! { <AccountPage account=account.clone()/> }.into_any()
        }
        (Place::Accounts | Place::NewAccount | Place::Account(_), ..) => view! {
            <Elsewhere title="This is for administrators" text="Your account is not one of them."/>
        }
        .into_any(),
        _ => view! {
            <Elsewhere title="This server is set up" text="The set-up link has done its work."/>
        }
        .into_any(),
    }
    }
}

/// That there is nothing for whoever looks.
#[component]
fn Elsewhere(title: &'static str, text: &'static str) -> impl IntoView {
    view! {
        <h1 class="unseen">{title}</h1>
        <Notice icon=Icon::Lock title>
            <p>{text}</p>
            <Link to=Place::Home class="button">"All keys"</Link>
        </Notice>
    }
}
