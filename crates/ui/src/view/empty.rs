//! What shows where nothing is stored, and what to do about it.

use leptos::prelude::*;
use monoxide_protocol::{Glob, Target};

use crate::{
    model::{Command, Shown},
    view::{
        CommandLine, Icon, Notice,
        document::{as_asker, origin},
    },
};

/// What the examples write.
const EXAMPLE: &str = r#"{"title":"Dune"}"#;

/// Longer data than this is not put into a command.
const SHORT: usize = 400;

/// The whole server is empty.
#[component]
pub fn EmptyServer() -> impl IntoView {
    let command = Glob::parse("books/*")
        .ok()
        .map(|books| as_asker(Command::write(&origin(), &books, EXAMPLE)));
    view! {
        <Notice icon=Icon::Empty title="Nothing is stored yet">
            <p>
                "Write something and it shows here at once, in every open page. Each "
                <code>"POST"</code>
                " to a name with a star adds an object to that list:"
            </p>
            {command.map(|command| view! { <CommandLine command/> })}
        </Notice>
    }
}

/// A list with no objects in it.
#[component]
pub fn EmptyList(
    /// The list.
    list: Glob,
) -> impl IntoView {
    // Only a list whose one star is its end can be pushed to.
    let command = Target::parse(list.as_str())
        .ok()
        .map(|_| as_asker(Command::write(&origin(), &list, EXAMPLE)));
    let hint = if command.is_some() {
        "New objects show here the moment they are written:"
    } else {
        "Objects whose names match show here the moment they are written."
    };
    view! {
        <Notice icon=Icon::Empty title=format!("No objects in {list}")>
            <p>{hint}</p>
            {command.map(|command| view! { <CommandLine command/> })}
        </Notice>
    }
}

/// A key under which nothing is stored.
#[component]
pub fn Missing(
    /// The key.
    glob: Glob,
) -> impl IntoView {
    let command = as_asker(Command::write(&origin(), &glob, EXAMPLE));
    view! {
        <Notice icon=Icon::Object title=format!("Nothing is stored as {glob}")>
            <p>"The page keeps looking: it shows here the moment it is written."</p>
            <CommandLine command/>
        </Notice>
    }
}

/// An object that went away while the page showed it.
#[component]
pub fn Deleted(
    /// What it was last.
    was: Shown,
) -> impl IntoView {
    let data = was.data.to_string();
    let again = (data.len() <= SHORT).then(|| {
        let command = Command::write(&origin(), &was.key.clone().into(), &data);
        view! {
            <p>"This writes back what it was last:"</p>
            <CommandLine command/>
        }
    });
    view! {
        <Notice icon=Icon::Trash title=format!("{} is gone", was.key)>
            <p>"It was there a moment ago. If it is written again, it shows here."</p>
            {again}
        </Notice>
    }
}
