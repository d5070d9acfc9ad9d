//! How the server is doing.

use leptos::prelude::*;
use monoxide_ui::{model::Place, view::MonitorPage};

/// The state monitor.
#[component]
pub(crate) fn Monitor(
    /// Where it is.
    place: Place,
) -> impl IntoView {
    drop(place);
    view! { <MonitorPage/> }
}
