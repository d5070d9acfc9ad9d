//! Sentences in which something stands between backticks.

use leptos::prelude::*;

/// The sentence, with what stands between backticks as code.
pub(super) fn coded(text: &str) -> Vec<AnyView> {
    let part = |(nth, part): (usize, &str)| {
        let part = part.to_owned();
        if nth % 2 == 1 { view! { <code>{part}</code> }.into_any() } else { part.into_any() }
    };
    text.split('`').enumerate().map(part).collect()
}
