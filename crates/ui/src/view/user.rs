//! Who is signed in, in the header, and what they can do there.

use leptos::{html, prelude::*, task::spawn_local};

use crate::{
    Standing,
    model::{Place, Words},
    session::use_session,
    view::{Icon, Link, use_is_administrator, use_route},
};

/// Who is signed in, with a menu; or that the server asks nobody.
#[component]
pub fn User() -> impl IntoView {
    let standing = use_session().standing();
    let name = Memo::new(move |_| match standing.get() {
        Standing::In(profile) => Some(profile.account),
        _ => None,
    });
    let is_open = Memo::new(move |_| standing.get() == Standing::Open);
    move || match (name.get(), is_open.get()) {
        (Some(name), _) => view! { <Menu name/> }.into_any(),
        (None, true) => {
            let title =
                "This server asks nobody who they are: whoever reaches it may do everything";
            view! { <span class="open-house" title=title>"open: no sign-in"</span> }.into_any()
        }
        (None, false) => ().into_any(),
    }
}

#[component]
fn Menu(name: String) -> impl IntoView {
    let (session, route) = (use_session(), use_route());
    let is_administrator = use_is_administrator();
    let menu = NodeRef::<html::Div>::new();
    let trouble = RwSignal::new(String::new());
    let close = move || _ = menu.get_untracked().map(|menu| menu.hide_popover());
    let here = route.here();
    Effect::new(move |before: Option<()>| {
        here.track();
        if before.is_some() {
            close();
        }
    });
    let sign_out = move |_| {
        spawn_local(async move {
            match session.sign_out().await {
                // Who comes next need not see where somebody else was.
                Ok(()) => route.replace(Place::Home),
                Err(error) => _ = trouble.try_set(Words::of(&error).whole),
            }
        });
    };
    view! {
        <button type="button" class="user" popovertarget="user-menu" aria-haspopup="true">
            {Icon::Person.draw()}
            <span class="unseen">"Signed in as "</span>
            <span class="user-name">{name}</span>
        </button>
        <div id="user-menu" class="menu card" popover="auto" node_ref=menu>
            <Link to=Place::Profile class="menu-item">{Icon::Person.draw()} "Your profile"</Link>
            {move || {
                is_administrator.get().then(|| {
                    view! {
                        <Link to=Place::Accounts class="menu-item">
                            {Icon::People.draw()} "Accounts"
                        </Link>
                    }
                })
            }}
            <button type="button" class="menu-item" on:click=sign_out>
                {Icon::Leave.draw()} "Sign out"
            </button>
            <p class="field-error" role="alert">{trouble}</p>
        </div>
    }
}
