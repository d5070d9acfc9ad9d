//! What shows where nothing is stored, and what to do about it.

use leptos::prelude::*;
use monoxide_protocol::Glob;

use crate::{
    model::{Shown, write_command},
    view::{Command, Icon, Notice, document::origin},
};

/// What the examples write.
const EXAMPLE: &str = r#"{"title":"Dune"}"#;

/// Longer data than this is not put into a command.
const SHORT: usize = 400;

/// The whole server is empty.
#[component]
pub fn EmptyServer() -> impl IntoView {
    let command =
        Glob::parse("books/*").ok().map(|books| write_command(&origin(), &books, EXAMPLE));
    view! {
        <Notice icon=Icon::Empty title="Nothing is stored yet">
            <p>
                "Write something and it shows here at once, in every open page. Each "
                <code>"POST"</code>
                " to a name with a star adds an object to that list:"
            </p>
            {command.map(|text| view! { <Command text/> })}
        </Notice>
    }
}

/// A list with no objects in it.
#[component]
pub fn EmptyList(
    /// The list.
    list: Glob,
) -> impl IntoView {
    // Only a list whose one star is its end can be written to.
    let command = list
        .as_str()
        .strip_suffix("/*")
        .is_some_and(|parent| !parent.contains('*'))
        .then(|| write_command(&origin(), &list, EXAMPLE));
    let hint = if command.is_some() {
        "New objects show here the moment they are written:"
    } else {
        "Objects whose names match show here the moment they are written."
    };
    view! {
        <Notice icon=Icon::Empty title=format!("No objects in {list}")>
            <p>{hint}</p>
            {command.map(|text| view! { <Command text/> })}
        </Notice>
    }
}

/// A key under which nothing is stored.
#[component]
pub fn Missing(
    /// The key.
    glob: Glob,
) -> impl IntoView {
    let text = write_command(&origin(), &glob, EXAMPLE);
    view! {
        <Notice icon=Icon::Object title=format!("Nothing is stored as {glob}")>
            <p>"The page keeps looking: it shows here the moment it is written."</p>
            <Command text/>
        </Notice>
    }
}

/// An object that was deleted while the page showed it.
#[component]
pub fn Deleted(
    /// What was stored last.
    was: Shown,
) -> impl IntoView {
    let data = was.data.to_string();
    let again = (data.len() <= SHORT).then(|| {
        let text = write_command(&origin(), &was.key.clone().into(), &data);
        view! {
            <p>"This writes back what was stored last:"</p>
            <Command text/>
        }
    });
    view! {
        <Notice icon=Icon::Trash title=format!("{} was deleted", was.key)>
            <p>"It was there a moment ago. If it is written again, it shows here."</p>
            {again}
        </Notice>
    }
}
