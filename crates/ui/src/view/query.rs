//! What a page keeps of itself in the address, so that it survives a reload and can be sent to
//! somebody.

use leptos::prelude::window;
use wasm_bindgen::JsValue;
use web_sys::UrlSearchParams;

/// What the address has under `name`, if it is not empty.
pub(super) fn get(name: &str) -> Option<String> {
    parameters()?.get(name).filter(|value| !value.is_empty())
}

/// Has the address say this; what is empty is left out. The browser's back button does not lead to
/// what it said before.
pub(super) fn set(values: &[(&str, &str)]) {
    let Some(parameters) = parameters() else { return };
    for (name, value) in values {
        if value.is_empty() {
            parameters.delete(name);
        } else {
            parameters.set(name, value);
        }
    }
    let text = String::from(parameters.to_string());
    let query = if text.is_empty() { String::new() } else { format!("?{text}") };
    let path = window().location().pathname().unwrap_or_default();
    // Browsers refuse only when a page does this a hundred times in seconds.
    _ = window().history().and_then(|history| {
        history.replace_state_with_url(&JsValue::NULL, "", Some(&(path + &query)))
    });
}

fn parameters() -> Option<UrlSearchParams> {
    let query = window().location().search().ok()?;
    UrlSearchParams::new_with_str(&query).ok()
}
