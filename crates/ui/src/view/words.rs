//! Sentences in which something stands between backticks.

use leptos::prelude::*;

/// The sentence, with what stands between backticks as code.
pub(super) fn coded(text: &str) -> Vec<AnyView> {
    let part = |(nth, part): (usize, &str)| {
        let text = part.to_owned();
        match nth % 2 == 1 {
            true if part.trim().is_empty() => "blank".into_any(),
            true => view! { <code>{text}</code> }.into_any(),
            false => text.into_any(),
        }
    };
    text.split('`').enumerate().map(part).collect()
}
