//! Asks what filters say about what there is.

use leptos::{prelude::*, task::spawn_local};
use monoxide_client::admin::filters;

use crate::{model::Badges, use_session};

/// Asks what filters say about what there is, for those who may know it. It shows nothing by itself.
#[component]
pub fn AskBadges(
    /// Where it is told.
    badges: RwSignal<Badges>,
) -> impl IntoView {
    let session = use_session();
    spawn_local(async move {
        // Without them it is as before.
        if let Ok(told) = session.ask(&filters()).await {
            _ = badges.try_set(told);
        }
    });
}
