//! The shell around every page, and which page an address means.

use leptos::prelude::*;
use monoxide_protocol::Watched;
use monoxide_ui::{
    Session, Standing,
    model::Place,
    use_clock, use_live,
    view::{Connection, Gate, Link, Logo, Route, ServerClock, User, use_route},
};

use crate::pages::browser::Browser;

/// The whole application, for those who are let in.
#[component]
pub fn App() -> impl IntoView {
    let here = Route::provide().here();
    let standing = Session::provide().standing();
    let name = server_name();
    let (title, brand) = (name.clone(), name.clone());
    Effect::new(move || document().set_title(&page_title(&standing.get(), &here.get(), &title)));
    view! {
        <Gate name>
            <Shell name=brand.clone()/>
        </Gate>
    }
}

/// What is around every page.
#[component]
fn Shell(name: String) -> impl IntoView {
    let here = use_route().here();
    let keys = use_live(|| Some(Watched::Keys));
    let (now, clock) = use_clock();
    let brand = name.clone();
    view! {
        <div class="shell" class:chosen=move || here.with(|here| *here != Place::Home)>
            <a class="skip" href="#main">"Skip to the document"</a>
            <header class="bar">
                <Link to=Place::Home class="brand">
                    <Logo/>
                    <span class="name">{brand}</span>
                </Link>
                <span class="space"></span>
                <ServerClock now ticking=Signal::derive(move || clock.get().is_live())/>
                <Connection state=keys.state/>
                <User/>
            </header>
            <Browser keys name/>
        </div>
    }
}

/// What the browser calls the page.
fn page_title(standing: &Standing, here: &Place, name: &str) -> String {
    let page = match (standing, here) {
        (Standing::Asking { .. }, _) | (_, Place::Home | Place::Nowhere { .. }) => {
            return name.to_owned();
        }
        (Standing::Out(_), _) => "Sign in".to_owned(),
        (_, Place::Document(glob)) => glob.to_string(),
        (_, Place::SetUp) => "Set up".to_owned(),
        (_, Place::Profile) => "Your profile".to_owned(),
        (_, Place::Accounts) => "Accounts".to_owned(),
        (_, Place::NewAccount) => "New account".to_owned(),
        (_, Place::Account(account)) => account.clone(),
    };
    format!("{page} · {name}")
}

/// What the server is called, as it wrote into the page.
fn server_name() -> String {
    document()
        .query_selector("meta[name=application-name]")
        .ok()
        .flatten()
        .and_then(|meta| meta.get_attribute("content"))
        .unwrap_or_else(|| "Monoxide".to_owned())
}
