//! The web application: starts in the browser, and shows `App`.
#![cfg(target_arch = "wasm32")]
#![allow(unreachable_pub, reason = "`#[component]` writes a second function beside each")]
#![allow(clippy::needless_pass_by_value, reason = "a component owns its properties")]

mod app;
mod chunks;
mod overlay;
mod pages;
mod shell;

use leptos::prelude::*;
use monoxide_ui::{
    Client,
    model::set_base,
    view::{Icon, Notice},
};
use wasm_bindgen::prelude::wasm_bindgen;

/// Takes the frame away that stood until now, and shows the application.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| {
        console_error_panic_hook::hook(panic);
        say_crashed();
    }));
    if let Some(frame) = document().get_element_by_id("frame") {
        frame.remove();
    }
    set_base(told("monoxide-base").unwrap_or_default());
    match Client::of_page() {
        Ok(client) => mount_to_body(move || {
            provide_context(client);
            view! { <app::App/> }
        }),
        Err(error) => mount_to_body(move || {
            view! {
                <Notice icon=Icon::Alert title="This page has no server" trouble=true>
                    <p class="sentence">{format!("{error}.")}</p>
                </Notice>
            }
        }),
    }
}

/// What the server wrote into the page.
fn told(name: &str) -> Option<String> {
    let meta = document().query_selector(&format!("meta[name={name}]")).ok().flatten()?;
    meta.get_attribute("content")
}

/// A program that has stopped cannot change the page any more, so the page says that it has.
fn say_crashed() {
    if let Some(crashed) = document().get_element_by_id("crashed") {
        _ = crashed.remove_attribute("hidden");
    }
}
