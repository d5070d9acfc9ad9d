//! Where one says what is to be watched.

use leptos::{ev::SubmitEvent, prelude::*};
use monoxide_protocol::{Glob, Keys};

use crate::{model::Place, view::use_route};

/// How many keys are proposed.
const PROPOSED: usize = 50;

/// A field for a key or a list, which proposes those that exist.
#[component]
pub(super) fn Picker(
    /// What is watched now.
    of: Option<Glob>,
) -> impl IntoView {
    let route = use_route();
    let first = of.map(|glob| glob.to_string()).unwrap_or_default();
    let text = RwSignal::new(first.clone());
    let is_touched = RwSignal::new(false);
    let wrong = Memo::new(move |_| match text.with(|text| Glob::parse(text.trim())) {
        Err(error) if is_touched.get() => Some(format!("{error}.")),
        _ => None,
    });
    let go = move |event: SubmitEvent| {
        event.prevent_default();
        is_touched.set(true);
        if let Ok(glob) = text.with_untracked(|text| Glob::parse(text.trim())) {
            route.go(Place::Live(Some(glob)));
        }
    };
    let known = use_context::<Memo<Option<Keys>>>();
    let proposals = move || {
        let typed = text.get();
        let typed = typed.trim().to_owned();
        let propose = |keys: &Keys| {
            let keys = keys.keys().filter(|key| key.as_str().contains(&typed));
            keys.take(PROPOSED).map(ToString::to_string).collect::<Vec<_>>()
        };
        let found = known.map(|known| known.with(|keys| keys.as_ref().map(propose)));
        let options = found.flatten().unwrap_or_default().into_iter();
        options.map(|key| view! { <option value=key></option> }).collect_view()
    };
    view! {
        <form class="live-picker field" class:wrong=move || wrong.get().is_some() on:submit=go novalidate=true>
            <label for="live-key">"Key or list"</label>
            <div class="live-picker-row">
                <div class="input">
                    <input
                        id="live-key"
                        list="live-keys"
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                        placeholder="books/*"
                        aria-describedby="live-key-says"
                        aria-invalid=move || wrong.get().is_some().to_string()
                        prop:value=first
                        on:input=move |event| {
                            text.set(event_target_value(&event));
                            is_touched.set(true);
                        }
                    />
                </div>
                <datalist id="live-keys">{proposals}</datalist>
                <button type="submit" class="button primary">"Watch"</button>
            </div>
            <p id="live-key-says" class="field-error sentence" role="alert">{wrong}</p>
        </form>
    }
}
