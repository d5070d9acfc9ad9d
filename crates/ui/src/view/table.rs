//! A list as a table that is live, however long it is.

mod deletion;
mod grid;
mod keyboard;
mod live;
mod tools;

use leptos::{html, prelude::*};
use monoxide_protocol::Glob;

use self::{deletion::Deletion, grid::Grid, live::Table, tools::Tools};
use crate::{
    State,
    model::{
        Command,
        table::{Query, Question},
    },
    view::{
        Age, CopyButton, EmptyList, Icon, Link, Notice, Waiting,
        document::{Name, as_asker, origin},
    },
};

/// The page of a list.
#[component]
pub fn TablePage(
    /// The list.
    glob: Glob,
    /// What else can be done with the list: buttons in its head.
    #[prop(optional)]
    children: Option<ChildrenFn>,
) -> impl IntoView {
    let table = Table::follow(glob.clone());
    let state = table.said();
    let is_known = Memo::new(move |_| table.is_known());
    let old = Memo::new(move |_| !state.with(State::is_live));
    let command = {
        let glob = glob.clone();
        move || as_asker(Command::read(&origin(), &glob)).to_string()
    };
    let facts = move || is_known.get().then(|| view! { <p class="facts">{facts(table)}</p> });
    let list = glob.clone();
    let content = move || {
        let list = list.clone();
        if is_known.get() {
            view! { <Content table list/> }.into_any()
        } else {
            view! { <Waiting state/> }.into_any()
        }
    };
    view! {
        <article class="page table-page" class:old=move || is_known.get() && old.get()>
            <Link to=crate::model::Place::Home class="back">{Icon::Back.draw()} "All keys"</Link>
            <header class="head">
                <div class="what">
                    <Name glob/>
                    {facts}
                </div>
                <div class="tools actions">
                    {children.map(|children| children())}
                    <CopyButton text=command label="Copy curl" icon=Icon::Terminal/>
                </div>
            </header>
            {move || is_known.get().then(|| view! { <Age state/> })}
            {content}
            <Deletion table/>
        </article>
    }
}

/// How much there is, and in which order.
fn facts(table: Table) -> String {
    let (total, matching) = table.rows.with(|rows| (rows.total(), rows.matching()));
    let question = table.question.read();
    let objects = match total {
        0 => return "Empty list".to_owned(),
        1 => "1 object".to_owned(),
        total => format!("{total} objects"),
    };
    let objects = match question.find.trim().is_empty() {
        true => objects,
        false => format!("{matching} of {objects}"),
    };
    match &question.order {
        None if total > 1 => format!("{objects}, {}", table.own_order()),
        _ => objects,
    }
}

/// What is below the head.
#[component]
fn Content(table: Table, list: Glob) -> impl IntoView {
    let is_narrowed = move || {
        table
            .question
            .with(|it| !it.find.trim().is_empty() || it.stars.iter().any(|it| !it.is_empty()))
    };
    let is_empty = Memo::new(move |_| table.rows.with(|rows| rows.matching() == 0));
    let show_all = move |_| {
        table.ask(|question| {
            question.find = String::new();
            question.stars = Vec::new();
        });
    };
    let content = move || match (is_empty.get(), is_narrowed()) {
        (true, false) => view! { <EmptyList list=list.clone()/> }.into_any(),
        (true, true) => view! {
            <Notice icon=Icon::Search title="No object matches">
                <p>"None has all of these words in its key or in a value."</p>
                <button type="button" class="button" on:click=show_all>"Show all"</button>
            </Notice>
        }
        .into_any(),
        (false, _) => view! { <Grid table/> }.into_any(),
    };
    let has_tools = Memo::new(move |_| !is_empty.get() || is_narrowed());
    view! {
        {move || has_tools.get().then(|| view! { <Tools table/> })}
        {content}
    }
}

/// What the address asks.
fn asked() -> Question {
    let search = window().location().search().unwrap_or_default();
    Question::read(&Query::read(&search))
}

/// The grid's element.
type GridRef = NodeRef<html::Div>;
