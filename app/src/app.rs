//! The whole application: the gate before it, and its title.

use leptos::prelude::*;
use monoxide_ui::{
    Session, Standing,
    model::Place,
    view::{Gate, Later, Route},
};

use crate::{chunks, shell::Shell, told};

/// The whole application, for those who are let in.
#[component]
pub fn App() -> impl IntoView {
    let here = Route::provide().here();
    let standing = Session::provide().standing();
    let name = told("application-name").unwrap_or_else(|| "Monoxide".to_owned());
    let (title, brand) = (name.clone(), name.clone());
    Effect::new(move || document().set_title(&page_title(&standing.get(), &here.get(), &title)));
    view! {
        <Gate name admission=|newcomer| view! { <Later load=chunks::admission of=newcomer/> }.into_any()>
            <Shell name=brand.clone()/>
        </Gate>
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
        (_, Place::Live(None)) => "Live view".to_owned(),
        (_, Place::Live(Some(glob))) => format!("Live: {glob}"),
        (_, Place::Monitor) => "Monitor".to_owned(),
        (_, Place::Filters) => "Filters".to_owned(),
        (_, Place::Endpoints) => "Endpoints".to_owned(),
        (_, Place::Orphans) => "Orphan keys".to_owned(),
        (_, Place::Backups) => "Backups".to_owned(),
        (_, Place::SetUp) => "Set up".to_owned(),
        (_, Place::Profile) => "Your profile".to_owned(),
        (_, Place::Accounts) => "Accounts".to_owned(),
        (_, Place::NewAccount) => "New account".to_owned(),
        (_, Place::Account(account)) => account.clone(),
    };
    format!("{page} · {name}")
}
