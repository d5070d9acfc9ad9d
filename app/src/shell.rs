//! The shell around every page.

use leptos::prelude::*;
use monoxide_protocol::Watched;
use monoxide_ui::{
    model::Place,
    use_clock, use_live,
    view::{Commands, Connection, Link, Logo, Nav, ServerClock, Themes, Toasts, User, use_route},
};

use crate::{overlay::OverlayLater, pages::browser::Browser};

/// What is around every page.
#[component]
pub(crate) fn Shell(
    /// What the server is called.
    name: String,
) -> impl IntoView {
    let here = use_route().here();
    Themes::provide();
    Toasts::provide();
    Commands::provide();
    let keys = use_live(|| Some(Watched::Keys));
    let (now, clock) = use_clock();
    let brand = name.clone();
    view! {
        <div
            class="shell"
            class:apart=move || here.with(|here| !here.is_about_data())
            class:chosen=move || here.with(|here| *here != Place::Home)
        >
            <a class="skip" href="#main">"Skip to the document"</a>
            <header class="bar">
                <Link to=Place::Home class="brand">
                    <Logo/>
                    <span class="name">{brand}</span>
                </Link>
                <Nav/>
                <ServerClock now ticking=Signal::derive(move || clock.get().is_live())/>
                <Connection state=keys.state/>
                <User/>
            </header>
            <Browser keys name/>
            <OverlayLater keys/>
        </div>
    }
}
