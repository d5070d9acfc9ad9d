//! What the server is made of: filters, endpoints, keys under no filter, backups.

use leptos::prelude::*;
use monoxide_ui::{
    model::Place,
    view::{
        BackupsPage, EndpointsPage, FiltersPage, Icon, Link, Notice, OrphansPage, use_looks_after,
    },
};

/// One of these pages, for those who look after the server.
#[component]
pub(crate) fn Tools(
    /// Which one.
    place: Place,
) -> impl IntoView {
    let looks_after = use_looks_after();
    move || match (&place, looks_after.get()) {
        (_, false) => view! {
            <h1 class="unseen">"For administrators"</h1>
            <Notice icon=Icon::Lock title="This is for administrators">
                <p>"Your account is not one of them."</p>
                <Link to=Place::Home class="button">"All keys"</Link>
            </Notice>
        }
        .into_any(),
        (Place::Endpoints, _) => view! { <EndpointsPage/> }.into_any(),
        (Place::Orphans, _) => view! { <OrphansPage/> }.into_any(),
        (Place::Backups, _) => view! { <BackupsPage/> }.into_any(),
        _ => view! { <FiltersPage/> }.into_any(),
    }
}
