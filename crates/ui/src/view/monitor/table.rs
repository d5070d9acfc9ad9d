//! Tables of connections and topics: sorted by any column, filtered, and page by page where there
//! are many.

use std::{sync::Arc, time::Duration};

use leptos::{html, prelude::*, task::spawn_local};
use monoxide_client::{
    accounts::AskError,
    monitor::{self, Part, Query},
};
use monoxide_protocol::{ConnectionUse, Glob, Monitor, Top, TopicUse, Version};

use crate::{
    model::{
        Place, Words,
        columns::{CONNECTIONS, Column, Entry, Order, TOPICS},
        unit::{Unit, grouped, span},
    },
    session::use_session,
    view::{Action, Link, query, time::local},
};

/// How many rows a page has.
const PAGE: usize = 50;

/// How often a page of many is read again.
const AGAIN: Duration = Duration::from_secs(2);

/// Which rows a table shows.
struct Shown<T: Entry> {
    order: RwSignal<Order>,
    page: RwSignal<usize>,
    rows: Memo<Vec<T>>,
    total: Memo<usize>,
}

impl<T: Entry> Clone for Shown<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Entry> Copy for Shown<T> {}

/// Who is connected.
#[component]
pub(super) fn Connections(now: Signal<Arc<Monitor>>) -> impl IntoView {
    let session = use_session();
    let top = Memo::new(move |_| now.with(|now| now.connections.clone()));
    let rows = |top: &Top<u64, ConnectionUse>| top.top.values().rev().cloned().collect();
    let shown = use_rows("c", top, rows, &CONNECTIONS, move |query| {
        Box::pin(async move { session.ask(&monitor::connections(&query)).await })
    });
    let closing = RwSignal::new(None::<ConnectionUse>);
    let said = RwSignal::new(String::new());
    let clock = Memo::new(move |_| now.with(|now| now.now.at));
    let cells = move |row: Signal<ConnectionUse>| {
        let close = move |_| closing.set(Some(row.get_untracked()));
        view! {
            <td data-label="Who">{move || row.with(|row| row.account.clone()).unwrap_or_else(|| "–".to_owned())}</td>
            <td data-label="From" class="mono">{move || row.with(|row| row.address.clone())}</td>
            <td data-label="Watches" class="mono"><Watches of=Signal::derive(move || row.with(|row| row.watches.clone()))/></td>
            <td data-label="Since" class="number"><Age since=Signal::derive(move || row.with(|row| row.since)) clock/></td>
            {numbers(row, &CONNECTIONS[4..])}
            <td class="act">
                <button
                    type="button"
                    class="button danger"
                    aria-label=move || row.with(|row| format!("Close connection {}", row.id))
                    on:click=close
                >
                    "Close"
                </button>
            </td>
        }
        .into_any()
    };
    view! {
        <section class="use-table" aria-labelledby="connections-title">
            <Head id="connections-title" title="Connections" what="sockets" shown/>
            <p class="said" role="status">{said}</p>
            <TableView label="Connections" columns=&CONNECTIONS shown cells acts=true/>
            <CloseDialog closing said/>
        </section>
    }
}

/// What is watched.
#[component]
pub(super) fn Topics(now: Signal<Arc<Monitor>>) -> impl IntoView {
    let session = use_session();
    let top = Memo::new(move |_| now.with(|now| now.topics.clone()));
    let rows = |top: &Top<String, TopicUse>| {
        top.top.iter().map(|(key, used)| (key.clone(), used.clone())).collect()
    };
    let shown = use_rows("t", top, rows, &TOPICS, move |query| {
        Box::pin(async move { session.ask(&monitor::topics(&query)).await })
    });
    let cells = move |row: Signal<(String, TopicUse)>| {
        let version = move || row.with(|(_, used)| used.version.clone());
        let written = move || {
            let version: Option<Version> = version().parse().ok();
            version.map(|version| local(version.number()).exact()).unwrap_or_default()
        };
        let window = move || {
            row.with(|(_, used)| {
                #[expect(clippy::cast_precision_loss, reason = "it shows three digits")]
                let bytes = Unit::Bytes.show(used.window_bytes as f64);
                format!("{} in {bytes}", grouped(used.window_messages as u64))
            })
        };
        view! {
            <td data-label="Key" class="mono"><Watches of=Signal::derive(move || row.with(|(key, _)| key.clone()))/></td>
            {numbers(row, &TOPICS[1..2])}
            <td data-label="Version" class="mono" title=written>{version}</td>
            <td data-label="Window" class="number">{window}</td>
            {numbers(row, &TOPICS[4..])}
        }
        .into_any()
    };
    view! {
        <section class="use-table" aria-labelledby="topics-title">
            <Head id="topics-title" title="Topics" what="keys and lists" shown/>
            <TableView label="Topics" columns=&TOPICS shown cells acts=false/>
        </section>
    }
}

/// Cells that show what their columns say.
fn numbers<T: Entry>(row: Signal<T>, columns: &'static [Column<T>]) -> impl IntoView {
    let cell = |column: &'static Column<T>| {
        view! { <td data-label=column.title class="number">{move || row.with(column.show)}</td> }
    };
    columns.iter().map(cell).collect_view()
}

/// A key or list as a link to its live view.
#[component]
fn Watches(of: Signal<String>) -> impl IntoView {
    let of = Memo::new(move |_| of.get());
    move || {
        let name = of.get();
        match Glob::parse(&name) {
            Ok(glob) => view! { <Link to=Place::Live(Some(glob))>{name}</Link> }.into_any(),
            Err(_) => view! { <span>{name}</span> }.into_any(),
        }
    }
}

/// For how long something has been.
#[component]
fn Age(since: Signal<u64>, clock: Memo<u64>) -> impl IntoView {
    let age = move || span(clock.get().saturating_sub(since.get() / 1_000_000_000));
    view! { <span title=move || local(since.get()).exact()>{age}</span> }
}

type Asking<T> = std::pin::Pin<Box<dyn Future<Output = Result<Part<T>, AskError>>>>;

/// The rows of a table: those that are told live while they are all there are, and else a page of
/// them, read again and again.
fn use_rows<K: Ord + Clone + PartialEq + Send + Sync + 'static, V, T: Entry>(
    name: &'static str,
    top: Memo<Top<K, V>>,
    rows: fn(&Top<K, V>) -> Vec<T>,
    columns: &'static [Column<T>],
    ask: impl Fn(Query) -> Asking<T> + Send + Sync + 'static,
) -> Shown<T>
where
    V: Clone + PartialEq + Send + Sync + 'static,
{
    let order = RwSignal::new(kept_order(name));
    let page = RwSignal::new(1);
    Effect::new(move || keep_order(name, &order.get()));
    let is_all = Memo::new(move |_| top.with(|top| top.total <= top.top.len()));
    let read = RwSignal::new(Part { total: 0, rows: Vec::<T>::new() });
    let wanted = Memo::new(move |_| {
        let Order { sort, is_ascending, find } = order.get();
        let find = find.trim().to_owned();
        (!is_all.get()).then(|| Query { sort, is_ascending, find, page: page.get(), limit: PAGE })
    });
    let look = Arc::new(move || {
        let Some(query) = wanted.get_untracked() else { return };
        let asking = ask(query.clone());
        spawn_local(async move {
            // What was wanted meanwhile has been asked for, too.
            if let Ok(part) = asking.await
                && wanted.try_get_untracked().flatten() == Some(query)
            {
                _ = read.try_set(part);
            }
        });
    });
    let look_again = Arc::clone(&look);
    Effect::new(move || {
        wanted.track();
        look();
    });
    if let Ok(timer) = set_interval_with_handle(move || look_again(), AGAIN) {
        on_cleanup(move || timer.clear());
    }
    let shown = Memo::new(move |_| {
        if !is_all.get() {
            return read.with(|part| part.rows.clone());
        }
        let all = top.with(rows);
        order.with(|order| order.of(all, columns))
    });
    let total =
        Memo::new(
            move |_| {
                if is_all.get() { shown.with(Vec::len) } else { read.with(|part| part.total) }
            },
        );
    Shown { order, page, rows: shown, total }
}

/// The order that the address names, so that it survives a reload.
fn kept_order(name: &str) -> Order {
    let is_ascending = query::get(&format!("{name}-order")).as_deref() == Some("asc");
    Order {
        sort: query::get(&format!("{name}-sort")).unwrap_or_default(),
        is_ascending,
        find: query::get(&format!("{name}-find")).unwrap_or_default(),
    }
}

fn keep_order(name: &str, Order { sort, is_ascending, find }: &Order) {
    let order = if *is_ascending { "asc" } else { "" };
    query::set(&[
        (&format!("{name}-sort"), sort),
        (&format!("{name}-order"), order),
        (&format!("{name}-find"), find),
    ]);
}

/// What stands above a table: how many there are, and what is looked for.
#[component]
fn Head<T: Entry>(
    id: &'static str,
    title: &'static str,
    what: &'static str,
    shown: Shown<T>,
) -> impl IntoView {
    let Shown { order, page, total, .. } = shown;
    let label = format!("Find in {}", title.to_lowercase());
    let find = move |event| {
        page.set(1);
        order.update(|order| order.find = event_target_value(&event));
    };
    view! {
        <div class="table-head">
            <h2 id=id class="section-title">{title}</h2>
            <span class="count">{move || format!("{} {what}", grouped(total.get() as u64))}</span>
            <input
                type="search"
                class="find"
                placeholder="Find"
                aria-label=label
                prop:value=move || order.with(|order| order.find.clone())
                on:input=find
            />
        </div>
    }
}

/// The table itself.
#[component]
fn TableView<T: Entry>(
    label: &'static str,
    columns: &'static [Column<T>],
    shown: Shown<T>,
    cells: impl Fn(Signal<T>) -> AnyView + Copy + Send + 'static,
    /// Whether something can be done with each row.
    acts: bool,
) -> impl IntoView {
    let Shown { order, page, rows, total } = shown;
    let row = move |first: T| {
        let id = first.id();
        let row = Memo::new(move |old: Option<&T>| {
            let now = rows.with(|rows| rows.iter().find(|row| row.id() == id).cloned());
            // A row that is about to go stays as it was.
            now.or_else(|| old.cloned()).unwrap_or_else(|| first.clone())
        });
        view! { <tr>{cells(row.into())}</tr> }
    };
    let pages = move || total.get().div_ceil(PAGE);
    // What was on the last page may go.
    Effect::new(move || {
        let last = pages().max(1);
        if page.get() > last {
            page.set(last);
        }
    });
    let turn =
        move |step: isize| page.update(|page| *page = page.saturating_add_signed(step).max(1));
    view! {
        <div class="card table-card">
            <div class="scrolls" tabindex="0" role="region" aria-label=label>
                <table class="table">
                    <thead>
                        <tr>
                            {columns.iter().map(|column| head(column, order, page)).collect_view()}
                            {acts.then(|| view! { <th scope="col"><span class="unseen">"Close"</span></th> })}
                        </tr>
                    </thead>
                    <tbody>
                        <For each=move || rows.get() key=Entry::id children=row/>
                    </tbody>
                </table>
                {move || (total.get() == 0).then(|| view! { <p class="nothing">"None"</p> })}
            </div>
        </div>
        {move || (pages() > 1).then(|| view! {
            <nav class="pages" aria-label=format!("Pages of {}", label.to_lowercase())>
                <button type="button" class="button" disabled=move || page.get() <= 1 on:click=move |_| turn(-1)>
                    "Before"
                </button>
                <span>{move || format!("Page {} of {}", page.get(), pages())}</span>
                <button type="button" class="button" disabled=move || pages() <= page.get() on:click=move |_| turn(1)>
                    "After"
                </button>
            </nav>
        })}
    }
}

/// The head of a column, which sorts by it.
fn head<T: Entry>(
    column: &'static Column<T>,
    order: RwSignal<Order>,
    page: RwSignal<usize>,
) -> impl IntoView {
    let sorted =
        move || order.with(|order| (order.sort == column.id).then_some(order.is_ascending));
    let said = move || match sorted() {
        None => "none",
        Some(true) => "ascending",
        Some(false) => "descending",
    };
    let press = move |_| {
        page.set(1);
        order.update(|order| *order = order.pressed(column));
    };
    view! {
        <th scope="col" class:number=column.is_number aria-sort=said>
            <button type="button" class="sort" on:click=press>
                {column.title}
                <span class="way" aria-hidden="true">
                    {move || match sorted() {
                        None => "",
                        Some(true) => "↑",
                        Some(false) => "↓",
                    }}
                </span>
            </button>
        </th>
    }
}

/// Asks before a connection is closed.
#[component]
fn CloseDialog(closing: RwSignal<Option<ConnectionUse>>, said: RwSignal<String>) -> impl IntoView {
    let session = use_session();
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        if let (Some(_), Some(dialog)) = (closing.get(), dialog.get()) {
            _ = dialog.show_modal();
        }
    });
    let shut = move || _ = dialog.get_untracked().map(|dialog| dialog.close());
    let title =
        move || closing.with(|it| it.as_ref().map(|it| format!("Close connection {}?", it.id)));
    let about = move || {
        closing.with(|it| {
            let it = it.as_ref()?;
            let who = it.account.as_ref().map_or_else(|| "Somebody".to_owned(), Clone::clone);
            Some(format!("{who} at {} watches {}.", it.address, it.watches))
        })
    };
    let act = move |()| {
        let Some(connection) = closing.get_untracked() else { return };
        shut();
        spawn_local(async move {
            let id = connection.id;
            let text = match session.ask(&monitor::close_connection(id)).await {
                Ok(()) => format!("Connection {id} is closed."),
                Err(error) if error.is_missing() => format!("Connection {id} was gone already."),
                Err(error) => Words::of(&error).whole,
            };
            _ = said.try_set(text);
        });
    };
    view! {
        <dialog
            class="card dialog"
            aria-labelledby="close-title"
            node_ref=dialog
            on:close=move |_| closing.set(None)
        >
            <h2 id="close-title">{title}</h2>
            <p>{about}</p>
            <p>"It is told that an administrator closed it, and it may come back. Whoever is not to come \
                back needs their session ended, or their account disabled."</p>
            <div class="form-end">
                <Action label="Keep it" act=move |()| shut()/>
                <Action label="Close it" class="button danger filled" act/>
            </div>
        </dialog>
    }
}
