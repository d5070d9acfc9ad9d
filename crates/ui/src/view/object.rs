//! One object, as it comes, changes and goes.

use leptos::prelude::*;

use crate::{
    Live,
    model::{Shown, changes, object},
    view::Tracked,
};

/// What is known of one key.
#[derive(Debug, Clone)]
pub enum Known {
    /// The object is there.
    Here(Tracked),
    /// Nothing is stored there, and nothing was since the page looks.
    Missing,
    /// Nothing is stored there any more; what was there last.
    Deleted(Shown),
}

/// The object that `live` follows; `None` before it is known.
///
/// A change of the object is told by its own signals, so what shows it is not made again.
#[must_use]
pub fn use_object(live: Live) -> RwSignal<Option<Known>> {
    let known = RwSignal::new(None::<Known>);
    Effect::new(move |_| {
        let Some(now) = live.with(|document| document.map(object)) else { return };
        match (now, known.get_untracked()) {
            (Some(now), Some(Known::Here(tracked))) => {
                let places = tracked.object.with_untracked(|old| changes(&old.data, &now.data));
                tracked.change(now, places);
            }
            (Some(now), _) => known.set(Some(Known::Here(Tracked::new(now)))),
            (None, Some(Known::Here(tracked))) => {
                known.set(Some(Known::Deleted(tracked.object.get_untracked())));
            }
            (None, Some(Known::Missing | Known::Deleted(_))) => {}
            (None, None) => known.set(Some(Known::Missing)),
        }
    });
    known
}
