//! The document: as it is, or as it was at a message.

use std::{sync::Arc, time::Duration};

use leptos::prelude::*;
use monoxide_protocol::Glob;
use serde_json::Value;

use super::Watching;
use crate::{
    model::{Flashes, Folds, changes},
    view::{Tree, time::local},
};

/// How long a change flashes; the style sheet's `--flash` is a little shorter.
const FLASH: Duration = Duration::from_millis(1600);

/// How much of a list is compared to find what flashes.
const COMPARED: usize = 2_000;

/// The document, and which state it is.
#[component]
pub(super) fn DocumentPane(watching: Watching, glob: Glob) -> impl IntoView {
    let Watching { still, chosen, .. } = watching;
    let Shown { value, flashes, is_unknown } = use_document(watching);
    let folds = RwSignal::new(Folds::default());
    let is_still = Memo::new(move |_| still.with(Option::is_some));
    let title = move || match chosen.get() {
        None if is_still.get() => "The document when it was paused".to_owned(),
        None => "The document now".to_owned(),
        Some(number) => {
            let at = watching.with_shown(|log| log.entry(number).map(|entry| entry.at));
            let time = at.map(|at| local(at).time()).unwrap_or_default();
            format!("The document at message {number}, {time}")
        }
    };
    let label = glob.to_string();
    let content = move || {
        if is_unknown.get() {
            view! {
                <p class="uses-nothing">
                    "What came before this message is not kept, so the document is not known."
                </p>
            }
            .into_any()
        } else {
            view! { <Tree value flashes folds label=label.clone()/> }.into_any()
        }
    };
    view! {
        <section class="live-document" aria-labelledby="live-document-title" class:then=move || chosen.get().is_some()>
            <h2 id="live-document-title" class="section-title">{title}</h2>
            <div class="card">{content}</div>
        </section>
    }
}

/// What is shown of a document.
struct Shown {
    value: RwSignal<Arc<Value>>,
    flashes: RwSignal<Flashes>,
    /// It cannot be told how it was.
    is_unknown: RwSignal<bool>,
}

/// The document as it is, with what has just changed; or as it was at a message, with what that
/// changed.
fn use_document(watching: Watching) -> Shown {
    let Watching { live, log, still, chosen } = watching;
    let value = RwSignal::new(Arc::new(Value::Null));
    let flashes = RwSignal::new(Flashes::default());
    let is_unknown = RwSignal::new(false);
    let is_still = Memo::new(move |_| still.with(Option::is_some));
    // As it was at a message, with what that changed.
    Effect::new(move || {
        let Some(number) = chosen.get() else { return };
        let found = still.with(|still| still.as_ref().and_then(|it| it.document_at(number)));
        is_unknown.set(found.is_none());
        let mut marked = Flashes::default();
        if let Some((before, now)) = found {
            if let Some(before) = before {
                marked.mark(changes(&before, &now));
            }
            value.set(Arc::new(now));
        }
        flashes.set(marked);
    });
    // As it is, with what has just changed. While it is paused it stays.
    Effect::new(move |before: Option<bool>| {
        let is_live = !is_still.get();
        // With the messages, and no more often.
        log.track();
        let Some(now) = live.with_untracked(|it| is_live.then(|| it.cloned()).flatten()) else {
            return is_live;
        };
        is_unknown.set(false);
        let old = value.get_untracked();
        let is_small = !matches!(&now, Value::Array(it) if it.len() > COMPARED);
        let places = match before {
            Some(true) if is_small => changes(&old, &now),
            _ => Vec::new(),
        };
        value.set(Arc::new(now));
        if before != Some(true) {
            flashes.set(Flashes::default());
        }
        if !places.is_empty()
            && let Some(batch) = flashes.try_update(|flashes| flashes.mark(places))
        {
            let fade = move || _ = flashes.try_update(|flashes| flashes.clear(batch));
            set_timeout(fade, FLASH);
        }
        is_live
    });
    Shown { value, flashes, is_unknown }
}
