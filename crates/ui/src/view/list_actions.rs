//! What can be done with a whole list.

use leptos::prelude::*;
use monoxide_protocol::Glob;

use crate::view::{
    Icon,
    ask::{Ask, Dialogs, Where},
    menu::{MenuButton, MenuItem},
    use_commands,
};

/// Buttons that add to a list, import into it, and export it.
#[component]
pub fn ListActions(
    /// The list.
    glob: Glob,
) -> impl IntoView {
    let asked = RwSignal::new(None::<Ask>);
    let list = StoredValue::new(glob);
    let new = move || {
        let list = list.get_value();
        let (title, place) = (format!("New object in {list}"), Where::In(list));
        asked.set(Some(Ask::New { title, place, text: None }));
    };
    use_commands().offer("New object", "n", new);
    let export = move |()| asked.set(Some(Ask::Export(list.get_value())));
    view! {
        <button type="button" class="button primary" on:click=move |_| new()>
            {Icon::Plus.draw()}
            "New object"
        </button>
        <MenuButton label="Data" icon=Icon::Dots>
            <MenuItem
                label="Import…"
                icon=Icon::Upload
                act=move |()| asked.set(Some(Ask::Import(list.get_value())))
            />
            <MenuItem label="Export…" icon=Icon::Download act=export/>
        </MenuButton>
        <Dialogs asked/>
    }
}
