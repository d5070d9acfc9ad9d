//! What comes in from a key or list, message by message.

use leptos::prelude::*;
use monoxide_ui::{model::Place, view::WatchPage};

/// The live view of a place.
#[component]
pub(crate) fn Watch(
    /// Which one.
    place: Place,
) -> impl IntoView {
    let glob = match place {
        Place::Live(glob) => glob,
        _ => None,
    };
    view! { <WatchPage glob/> }
}
