//! What the server is, and how it is set.

use std::sync::Arc;

use leptos::prelude::*;
use monoxide_protocol::{Monitor, ServerState};

/// What the server is, and how it is set.
#[component]
pub(super) fn Facts(now: Signal<Arc<Monitor>>) -> impl IntoView {
    let server = Memo::new(move |_| now.with(|now| now.server.clone()));
    let about = move || server.with(|server| about(server).into_iter().map(fact).collect_view());
    let settings = move || {
        server.with(|server| {
            let settings = server.settings.iter();
            settings.map(|(name, value)| fact((name.clone(), value.clone()))).collect_view()
        })
    };
    view! {
        <div class="monitor-facts">
            <section class="card panel" aria-labelledby="server-title">
                <h2 id="server-title">"Server"</h2>
                <dl class="pairs">{about}</dl>
            </section>
            <section class="card panel" aria-labelledby="settings-title">
                <h2 id="settings-title">"Settings in effect"</h2>
                <dl class="pairs mono">{settings}</dl>
            </section>
        </div>
    }
}

fn fact((name, value): (String, String)) -> impl IntoView {
    view! { <div><dt>{name}</dt><dd>{value}</dd></div> }
}

fn about(server: &ServerState) -> Vec<(String, String)> {
    let storage = match &server.storage {
        Some(it) => vec![
            ("Backend", it.backend.clone()),
            ("Durability", it.durability.clone()),
            ("Folder", it.folder.clone()),
        ],
        None => vec![("Backend", "none: everything is in memory".to_owned())],
    };
    [
        ("Name", server.name.clone()),
        ("Version", server.version.clone()),
        ("Listens on", server.address.clone()),
        ("Health", server.health.clone()),
    ]
    .into_iter()
    .chain(storage)
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
