//! The shell around every page, and which page an address means.

use leptos::prelude::*;
use monoxide_protocol::Watched;
use monoxide_ui::{
    model::Place,
    use_clock, use_live,
    view::{Connection, Link, Logo, Route, ServerClock},
};

use crate::pages::browser::Browser;

/// The whole application.
#[component]
pub fn App() -> impl IntoView {
    let here = Route::provide().here();
    let name = server_name();
    let keys = use_live(|| Some(Watched::Keys));
    let (now, clock) = use_clock();
    let (title, brand) = (name.clone(), name.clone());
    Effect::new(move || {
        document().set_title(&match here.get() {
            Place::Document(glob) => format!("{glob} · {title}"),
            Place::Home | Place::Nowhere { .. } => title.clone(),
        });
    });
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
            </header>
            <Browser keys name/>
        </div>
    }
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
