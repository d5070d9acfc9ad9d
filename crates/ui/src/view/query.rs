//! What is chosen inside of a page, in the query of its address: it survives a reload, and can be
//! sent to somebody.

use leptos::prelude::window;
use wasm_bindgen::JsValue;
use web_sys::UrlSearchParams;

fn all() -> Option<UrlSearchParams> {
    UrlSearchParams::new_with_str(&window().location().search().ok()?).ok()
}

/// What the address says of `name`.
pub(super) fn get(name: &str) -> Option<String> {
    all()?.get(name)
}

/// Notes `value` in the address, or that there is none. The back button does not lead before it.
pub(super) fn set(name: &str, value: Option<&str>) {
    let Some(query) = all() else { return };
    match value {
        Some(value) => query.set(name, value),
        None => query.delete(name),
    }
    let query = String::from(query.to_string());
    let path = window().location().pathname().unwrap_or_default();
    let address = if query.is_empty() { path } else { format!("{path}?{query}") };
    _ = window()
        .history()
        .and_then(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(&address)));
}
