//! The filters: what watches over which keys.

use std::sync::Arc;

use leptos::prelude::*;
use monoxide_client::admin::{self, FilterShown, Filters, LimitShown, Told};
use monoxide_protocol::Glob;
use serde_json::Value;

use super::asked::{Find, Head, use_asked};
use crate::{
    model::{Flashes, Folds, Place, Share, fits},
    view::{Icon, Link, Notice, Tree},
};

/// All filters, and the other servers that this one knows.
#[component]
pub fn FiltersPage() -> impl IntoView {
    let asked = use_asked(admin::filters);
    let find = RwSignal::new(String::new());
    let list = asked.show(move |Filters(filters)| {
        if filters.is_empty() {
            return view! { <NoFilters/> }.into_any();
        }
        let card = move |filter: FilterShown| {
            let name = format!("{} {}", filter.path, filter.kind);
            let hidden = Memo::new(move |_| find.with(|find| fits(find, &name).is_none()));
            view! { <li hidden=hidden><FilterCard filter/></li> }
        };
        view! { <ul class="tool-cards">{filters.into_iter().map(card).collect_view()}</ul> }
            .into_any()
    });
    view! {
        <div class="page tool-page">
            <Head title="Filters" lead="What may be written, read and deleted, and how much of it">
                <Find find label="Find a filter"/>
            </Head>
            {list}
            <Others/>
        </div>
    }
}

#[component]
fn NoFilters() -> impl IntoView {
    view! {
        <Notice icon=Icon::Funnel title="There are no filters">
            <p>
                "Everything may be written, read and deleted by whoever the rules let in. Filters \
                are a few lines of Rust in "
                <code>"server/src/filters.rs"</code>
                "."
            </p>
        </Notice>
    }
}

#[component]
fn FilterCard(filter: FilterShown) -> impl IntoView {
    let FilterShown { path, kind, can_read, can_write, can_delete, about, limit, example, schema } =
        filter;
    let name = match Glob::parse(&path) {
        Ok(glob) => {
            let name = path.clone();
            view! { <Link to=Place::Document(glob)>{name}</Link> }.into_any()
        }
        Err(_) => path.clone().into_any(),
    };
    let may = [("read", can_read), ("write", can_write), ("delete", can_delete)];
    let may = may.map(|(what, can)| {
        let (class, spoken) = if can { ("may", "may ") } else { ("may not", "may not ") };
        view! {
            <li class=class>
                {if can { Icon::Check } else { Icon::Close }.draw()}
                <span class="unseen">{spoken}</span>
                {what}
            </li>
        }
    });
    let said = |(what, text): (&'static str, String)| {
        view! { <div><dt>{what}</dt><dd>{text}</dd></div> }
    };
    let kind_class = format!("tag kind {kind}");
    view! {
        <article class="card tool-card">
            <header>
                <h2 class="mono">{name}</h2>
                <span class=kind_class>{kind}</span>
                <ul class="mays">{may.into_iter().collect_view()}</ul>
            </header>
            {limit.map(|limit| view! { <LimitView limit/> })}
            {(!about.is_empty()).then(|| {
                view! { <dl class="tool-said">{about.into_iter().map(said).collect_view()}</dl> }
            })}
            {example.map(|value| view! { <JsonFold title="Shape" of=path.clone() value open=true/> })}
            {schema.map(|value| view! { <JsonFold title="JSON Schema" of=path.clone() value/> })}
        </article>
    }
}

/// How much there is of what there may be.
#[component]
fn LimitView(limit: LimitShown) -> impl IntoView {
    let LimitShown { objects, count, age, changes, oldest_first } = limit;
    let share = count.map(|count| Share::of(objects, count));
    let text = match count {
        Some(count) => format!("{objects} of {count}"),
        None => objects.to_string(),
    };
    let mut notes = vec![match oldest_first {
        true => "oldest first; a new one is refused when it is full".to_owned(),
        false => "the oldest makes room for a new one".to_owned(),
    }];
    if count.is_none() {
        notes.clear();
    }
    notes.extend(age.map(|age| format!("none older than {age}")));
    notes.extend(changes.then(|| "the limit changes while the server runs".to_owned()));
    let bar = share.map(|share| {
        view! {
            <div
                class=format!("gauge {}", share.class())
                role="meter"
                aria-label="How full it is"
                aria-valuemin="0"
                aria-valuemax="100"
                aria-valuenow=share.percent().to_string()
                aria-valuetext=text.clone()
            >
                <span style:width=format!("{}%", share.percent())></span>
            </div>
        }
    });
    view! {
        <div class="limit">
            <p><strong>{text.clone()}</strong> {if text == "1" { " object" } else { " objects" }}</p>
            {bar}
            <p class="lead">{notes.join("; ")}</p>
        </div>
    }
}

/// JSON that unfolds below its title.
#[component]
pub(super) fn JsonFold(
    title: &'static str,
    of: String,
    value: Value,
    #[prop(optional)] open: bool,
) -> impl IntoView {
    view! {
        <details class="json-fold" open=open>
            <summary>{Icon::Chevron.with_class("icon chevron")} {title}</summary>
            <JsonTree value label=format!("{title} of {of}")/>
        </details>
    }
}

/// JSON as a tree that stays as it is.
#[component]
pub(super) fn JsonTree(value: Value, label: String) -> impl IntoView {
    let folds = RwSignal::new(Folds::all(true));
    let value = Signal::stored(Arc::new(value));
    view! {
        <div class="json">
            <Tree value flashes=Signal::stored(Flashes::default()) folds label/>
        </div>
    }
}

/// Other servers: those whose keys are among this one's, and those that share its state.
#[component]
fn Others() -> impl IntoView {
    let (proxies, cluster) = (use_asked(admin::proxies), use_asked(admin::cluster));
    let told = |title: &'static str, text: &'static str, all: Vec<Told>| {
        let one = move |Told(value): Told| view! { <JsonTree value label=title.to_owned()/> };
        view! {
            <section class="card tool-card" aria-label=title>
                <h2>{title}</h2>
                <p class="lead">{text}</p>
                {all.into_iter().map(one).collect_view()}
            </section>
        }
    };
    let shown_proxies = move || {
        let all = proxies.get().filter(|all| !all.is_empty())?;
        Some(told("Proxies", "Keys of other servers that are to be had here.", all))
    };
    let shown_cluster = move || {
        let it = cluster.get().filter(Told::is_in_a_cluster)?;
        Some(told("Cluster", "The servers that share this state, and how they are.", vec![it]))
    };
    view! {
        {shown_proxies}
        {shown_cluster}
    }
}
