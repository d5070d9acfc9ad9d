//! What can be done with a whole list.

use leptos::prelude::*;
use monoxide_protocol::{Glob, Key};

use crate::view::{
    Icon,
    dialogs::{NewDialog, Where},
    export::ExportDialog,
    import::ImportDialog,
    menu::{MenuButton, MenuItem},
};

/// Which dialog is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    New,
    Import,
    Export,
}

/// Buttons that add to a list, import into it, and export it.
#[component]
pub fn ListActions(
    /// The list.
    glob: Glob,
    /// Which objects are chosen in it, when some can be.
    #[prop(into, optional)]
    chosen: Option<Signal<Vec<Key>>>,
) -> impl IntoView {
    let asked = RwSignal::new(None::<Asked>);
    let chosen = chosen.unwrap_or_else(|| Signal::stored(Vec::new()));
    let close = move |()| asked.set(None);
    let dialog = move || {
        let list = glob.clone();
        asked.get().map(|asked| match asked {
            Asked::New => {
                let (title, place) = (format!("New object in {list}"), Where::In(list));
                view! { <NewDialog title place close/> }.into_any()
            }
            Asked::Import => view! { <ImportDialog list close/> }.into_any(),
            Asked::Export => view! { <ExportDialog list chosen close/> }.into_any(),
        })
    };
    view! {
        <button type="button" class="button primary" on:click=move |_| asked.set(Some(Asked::New))>
            {Icon::Plus.draw()}
            "New object"
        </button>
        <MenuButton label="Data" icon=Icon::Dots>
            <MenuItem
                label="Import…"
                icon=Icon::Upload
                act=move |()| asked.set(Some(Asked::Import))
            />
            <MenuItem
                label="Export…"
                icon=Icon::Download
                act=move |()| asked.set(Some(Asked::Export))
            />
        </MenuButton>
        {dialog}
    }
}
