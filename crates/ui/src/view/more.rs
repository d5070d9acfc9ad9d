//! The end of what is shown of something long.

use js_sys::Array;
use leptos::{html, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit};

/// How far below the screen the next part is made, so that scrolling does not meet the end.
const AHEAD: &str = "1200px";

/// A button for the next part of something long. It presses itself when it comes near the screen.
#[component]
pub fn More(
    /// How many are not shown.
    #[prop(into)]
    rest: Signal<usize>,
    /// Shows the next part.
    show: impl Fn() + Clone + Send + Sync + 'static,
) -> impl IntoView {
    let button = NodeRef::<html::Button>::new();
    let press = show.clone();
    Effect::new(move |_| {
        let observer = button.get().and_then(|button| Observer::new(&button, show.clone()));
        // Kept until the effect ends, which is when the button goes.
        StoredValue::new_local(observer);
    });
    view! {
        <div class="more" hidden=move || rest.get() == 0>
            <button type="button" class="button" node_ref=button on:click=move |_| press()>
                {move || format!("Show more ({})", rest.get())}
            </button>
        </div>
    }
}

/// Watches an element come near the screen, until it is dropped.
struct Observer {
    observer: IntersectionObserver,
    _seen: Closure<dyn FnMut(Array, IntersectionObserver)>,
}

impl Observer {
    fn new(element: &Element, show: impl Fn() + 'static) -> Option<Self> {
        let watched = element.clone();
        let seen = Closure::new(move |entries: Array, observer: IntersectionObserver| {
            let near = entries
                .iter()
                .any(|entry| entry.unchecked_into::<IntersectionObserverEntry>().is_intersecting());
            if near {
                show();
                // It tells only of changes: asked anew, it tells once more when the element is
                // still near after what was added above it.
                observer.unobserve(&watched);
                observer.observe(&watched);
            }
        });
        let options = IntersectionObserverInit::new();
        options.set_root_margin(AHEAD);
        let observer =
            IntersectionObserver::new_with_options(seen.as_ref().unchecked_ref(), &options).ok()?;
        observer.observe(element);
        Some(Self { observer, _seen: seen })
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
