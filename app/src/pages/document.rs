//! One key or list.

use leptos::prelude::*;
use monoxide_ui::{model::Place, view::Document};

/// The key or list of a place.
#[component]
pub(crate) fn DocumentPage(
    /// Which one.
    place: Place,
) -> impl IntoView {
    place.glob().cloned().map(|glob| view! { <Document glob/> })
}
