//! The state monitor: how the server is and was, who is connected, and what is watched.

mod charts;
mod facts;
mod table;

use std::sync::Arc;

use leptos::prelude::*;
use monoxide_client::monitor;
use monoxide_protocol::{Monitor, Sample, ServerState};

use self::{charts::Charts, facts::Facts, table::Tables};
use crate::{
    Client, State,
    model::{
        ring::rate,
        unit::{Unit, grouped, span},
    },
    use_subscription,
    view::{Age, Icon, Notice, Waiting, time::local, use_looks_after},
};

/// What the server says of itself, live.
type Told = Memo<Option<Result<Arc<Monitor>, String>>>;

/// How the server is, for those who look after it.
#[component]
pub fn MonitorPage() -> impl IntoView {
    let looks_after = use_looks_after();
    move || {
        if looks_after.get() {
            view! { <Watched/> }.into_any()
        } else {
            view! {
                <h1 class="unseen">"Monitor"</h1>
                <Notice icon=Icon::Lock title="This is for administrators">
                    <p>"Your account is not one of them."</p>
                </Notice>
            }
            .into_any()
        }
    }
}

#[component]
fn Watched() -> impl IntoView {
    let client = expect_context::<Client>();
    let live = use_subscription(move || Some(client.monitor()));
    let state = live.state;
    let told: Told = Memo::new(move |_| {
        live.with(|document| {
            let read = monitor::read(document?);
            Some(read.map(Arc::new).map_err(|error| error.to_string()))
        })
    });
    let known = Memo::new(move |_| told.with(|told| told.as_ref().map(Result::is_ok)));
    let now = Signal::derive(move || {
        told.with(|told| told.as_ref().and_then(|it| it.as_ref().ok().cloned())).unwrap_or_default()
    });
    let content = move || match known.get() {
        None => view! { <Waiting state/> }.into_any(),
        Some(false) => view! {
            <Notice icon=Icon::Alert title="This page does not understand the server" trouble=true>
                <p>"The server is of another version than this page. Loading it again may help."</p>
                <a class="button" href="">"Load the page again"</a>
            </Notice>
        }
        .into_any(),
        Some(true) => view! {
            <Age state/>
            <Tiles now/>
            <Charts now/>
            <Tables now/>
            <Facts now/>
        }
        .into_any(),
    };
    let old = Memo::new(move |_| !state.with(State::is_live));
    view! {
        <article class="page monitor" class:old=move || known.get().is_some() && old.get()>
            <header class="page-head">
                <h1>"Monitor"</h1>
                <p class="lead">"How the server is doing: now, and over the last hour"</p>
            </header>
            {content}
        </article>
    }
}

/// One number, with what it means.
struct Tile {
    title: &'static str,
    value: String,
    /// Said below it.
    note: String,
    /// Said when one hovers over it.
    exact: String,
    class: &'static str,
}

/// The numbers that one looks at first.
#[component]
fn Tiles(now: Signal<Arc<Monitor>>) -> impl IntoView {
    // Each tile changes by itself, and none is made again.
    let tiles = Memo::new(move |_| now.with(|now| tiles(now)));
    let count = tiles.with_untracked(Vec::len);
    let tile = move |nth: usize| {
        let of = move |read: fn(&Tile) -> String| {
            move || tiles.with(|tiles| tiles.get(nth).map(read).unwrap_or_default())
        };
        let class = Memo::new(move |_| tiles.with(|it| it.get(nth).map_or("", |it| it.class)));
        view! {
            <div class=move || format!("tile {}", class.get()) title=of(|it| it.exact.clone())>
                <dt>{of(|it| it.title.to_owned())}</dt>
                <dd>
                    <span class="tile-value">{of(|it| it.value.clone())}</span>
                    <span class="tile-note">{of(|it| it.note.clone())}</span>
                </dd>
            </div>
        }
    };
    view! { <dl class="tiles">{(0..count).map(tile).collect_view()}</dl> }
}

impl PartialEq for Tile {
    fn eq(&self, other: &Self) -> bool {
        (&self.value, &self.note, self.class) == (&other.value, &other.note, other.class)
    }
}

fn tile(title: &'static str, value: String, note: String, exact: String) -> Tile {
    Tile { title, value, note, exact, class: "" }
}

fn tiles(Monitor { server, now, .. }: &Monitor) -> Vec<Tile> {
    let started = local(server.started * 1_000_000_000);
    let mut tiles = vec![
        health(server),
        tile(
            "Uptime",
            span(now.at.saturating_sub(server.started)),
            format!("since {} {}", started.date(), started.time()),
            started.exact(),
        ),
    ];
    tiles.extend(traffic(now));
    tiles.extend(stored(server, now));
    tiles
}

fn health(server: &ServerState) -> Tile {
    let (health, class) = match server.health.as_str() {
        "ok" => ("Well", "well"),
        "loading" => ("Loading", "unwell"),
        _ => ("Failing", "unwell"),
    };
    let why = server.failing.as_ref().map(|failing| failing.reason.clone());
    let note = why.unwrap_or_else(|| "reads and writes work".to_owned());
    Tile { class, ..tile("Health", health.to_owned(), note, String::new()) }
}

/// What comes and goes.
fn traffic(now: &Sample) -> [Tile; 3] {
    let in_all = |count: u64| format!("{} in the last {} ms", grouped(count), now.span);
    [
        tile(
            "Requests",
            Unit::Rate.show(rate(now, now.requests())),
            format!("{} refused, {} failed", now.refused, now.failed),
            in_all(now.requests()),
        ),
        tile(
            "Messages",
            Unit::Rate.show(rate(now, now.messages)),
            Unit::ByteRate.show(rate(now, now.bytes)),
            in_all(now.messages),
        ),
        tile(
            "Connections",
            grouped(now.connections),
            format!("{} of them sockets", grouped(now.sockets)),
            String::new(),
        ),
    ]
}

/// What is kept, and where.
fn stored(server: &ServerState, now: &Sample) -> [Tile; 3] {
    let exact = |count: u64| format!("{} bytes", grouped(count));
    let objects = format!("{} objects", grouped(now.objects));
    let memory = "of the whole process".to_owned();
    let memory = tile("Memory", bytes(now.memory), memory, exact(now.memory));
    match &server.storage {
        Some(it) => [
            memory,
            tile("Stored", objects, bytes(now.disk), exact(now.disk)),
            tile(
                "Storage",
                it.backend.clone(),
                format!("a write is answered: {}", it.durability),
                it.folder.clone(),
            ),
        ],
        None => [
            memory,
            tile("Stored", objects, "in memory only".to_owned(), String::new()),
            tile(
                "Storage",
                "Memory".to_owned(),
                "nothing is kept over a restart".to_owned(),
                String::new(),
            ),
        ],
    }
}

fn bytes(count: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "it shows three digits")]
    let count = count as f64;
    Unit::Bytes.show(count)
}
