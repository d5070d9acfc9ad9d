//! The pages of the application: which part of it shows which place.

use leptos::{prelude::*, task::spawn_local};
use monoxide_ui::{
    Live,
    model::{Badges, Place},
    view::{Explorer, Later, use_looks_after},
};

use crate::chunks;

/// All pages, with the keys beside those about data.
#[component]
pub(crate) fn Browser(
    /// What exists, live.
    keys: Live,
    /// What the server is called.
    name: String,
) -> impl IntoView {
    chunks::parts().provide();
    let badges = RwSignal::new(Badges::default());
    let looks_after = use_looks_after();
    Effect::new(move |_| {
        if looks_after.get() {
            let owner = Owner::current();
            spawn_local(async move {
                if let (Some(ask), Some(owner)) = (chunks::badges().await, owner) {
                    owner.with(|| drop(ask(badges)));
                }
            });
        }
    });
    view! { <Explorer keys name badges page/> }
}

/// Shows a place with the part of the application that knows how.
fn page(place: Place) -> AnyView {
    match place {
        Place::Document(_) => view! { <Later load=chunks::document of=place/> }.into_any(),
        Place::Live(_) => view! { <Later load=chunks::watch of=place/> }.into_any(),
        Place::Monitor => view! { <Later load=chunks::monitor of=place/> }.into_any(),
        Place::Filters | Place::Endpoints | Place::Orphans | Place::Backups => {
            view! { <Later load=chunks::tools of=place/> }.into_any()
        }
        Place::SetUp | Place::Profile | Place::Accounts | Place::NewAccount | Place::Account(_) => {
            view! { <Later load=chunks::people of=place/> }.into_any()
        }
        // The explorer shows these itself.
        Place::Home | Place::Nowhere { .. } => ().into_any(),
    }
}
