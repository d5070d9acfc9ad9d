//! Tables of connections and topics: sorted by any column, filtered, and page by page where there
//! are many.

use std::{pin::Pin, sync::Arc, time::Duration};

use leptos::{html, prelude::*, task::spawn_local};
use monoxide_client::{
    accounts::AskError,
    monitor::{self, Query},
};
use monoxide_protocol::{Glob, Monitor};

use crate::{
    Session,
    model::{
        Place, Words,
        columns::{
            CONNECTIONS, Cell, Column, Head, Kind, Line, Order, TOPICS, connection_lines,
            topic_lines,
        },
        unit::grouped,
    },
    session::use_session,
    view::{Action, Link, query, time::local, use_toasts},
};

/// How many rows a page has.
const PAGE: usize = 50;

/// How often a page of many is read again.
const AGAIN: Duration = Duration::from_secs(2);

/// How many there are, and some of them.
type Part = (usize, Vec<Line>);

type Asking = Pin<Box<dyn Future<Output = Result<Part, AskError>>>>;

/// What a table is about.
#[derive(Clone, Copy)]
struct About {
    title: &'static str,
    /// What its rows are called.
    what: &'static str,
    /// What its parameters in the address begin with.
    name: &'static str,
    heads: fn() -> Vec<Head>,
    /// All rows, where the server tells them all.
    told: fn(&Monitor, &Order) -> Option<Part>,
    /// Some of many rows, read at a time in seconds after 1970.
    ask: fn(Session, Query, u64) -> Asking,
    /// Whether a row can be closed.
    closes: bool,
}

const CONNECTION_TABLE: About = About {
    title: "Connections",
    what: "sockets",
    name: "c",
    heads: || heads(&CONNECTIONS),
    told: |Monitor { connections, now, .. }, order| {
        let rows: Vec<_> = connections.top.values().rev().cloned().collect();
        let is_all = rows.len() == connections.total;
        let lines = || connection_lines(&rows, order, now.at);
        is_all.then(lines).map(|lines| (lines.len(), lines))
    },
    ask: |session, query, now| {
        Box::pin(async move {
            let part = session.ask(&monitor::connections(&query)).await?;
            Ok((part.total, connection_lines(&part.rows, &Order::default(), now)))
        })
    },
    closes: true,
};

const TOPIC_TABLE: About = About {
    title: "Topics",
    what: "keys and lists",
    name: "t",
    heads: || heads(&TOPICS),
    told: |Monitor { topics, now, .. }, order| {
        let rows: Vec<_> = topics.top.iter().map(|(key, it)| (key.clone(), it.clone())).collect();
        let is_all = rows.len() == topics.total;
        let lines = || topic_lines(&rows, order, now.at);
        is_all.then(lines).map(|lines| (lines.len(), lines))
    },
    ask: |session, query, now| {
        Box::pin(async move {
            let part = session.ask(&monitor::topics(&query)).await?;
            Ok((part.total, topic_lines(&part.rows, &Order::default(), now)))
        })
    },
    closes: false,
};

fn heads<T>(columns: &[Column<T>]) -> Vec<Head> {
    columns.iter().map(|column| column.head).collect()
}

/// Who is connected, and what is watched.
#[component]
pub(super) fn Tables(now: Signal<Arc<Monitor>>) -> impl IntoView {
    [CONNECTION_TABLE, TOPIC_TABLE].map(|about| view! { <TableView about now/> }).collect_view()
}

/// Which rows a table shows.
#[derive(Clone, Copy)]
struct Shown {
    order: RwSignal<Order>,
    page: RwSignal<usize>,
    part: Memo<Part>,
}

impl Shown {
    fn pages(self) -> usize {
        self.part.with(|(total, _)| total.div_ceil(PAGE))
    }

    fn turn(self, step: isize) {
        self.page.update(|page| *page = page.saturating_add_signed(step).max(1));
    }

    fn line(self, id: &str) -> Option<Line> {
        self.part.with(|(_, lines)| lines.iter().find(|line| line.id == id).cloned())
    }
}

/// The rows of a table: those that are told live while they are all there are, and else a page of
/// them, read again and again.
fn use_rows(about: About, now: Signal<Arc<Monitor>>) -> Shown {
    let session = use_session();
    let (order, page) = (RwSignal::new(kept_order(about.name)), RwSignal::new(1));
    Effect::new(move || keep_order(about.name, &order.get()));
    let told = Memo::new(move |_| now.with(|now| order.with(|order| (about.told)(now, order))));
    let is_all = Memo::new(move |_| told.with(Option::is_some));
    let wanted = Memo::new(move |_| {
        let Order { sort, is_ascending, find } = order.get();
        let find = find.trim().to_owned();
        (!is_all.get()).then(|| Query { sort, is_ascending, find, page: page.get(), limit: PAGE })
    });
    let read = RwSignal::new(Part::default());
    let look = move || {
        let Some(query) = wanted.get_untracked() else { return };
        let asking = (about.ask)(session, query.clone(), now.with_untracked(|now| now.now.at));
        spawn_local(async move {
            // What was wanted meanwhile has been asked for, too.
            if let Ok(part) = asking.await
                && wanted.try_get_untracked().flatten() == Some(query)
            {
                _ = read.try_set(part);
            }
        });
    };
    Effect::new(move || {
        wanted.track();
        look();
    });
    if let Ok(timer) = set_interval_with_handle(look, AGAIN) {
        on_cleanup(move || timer.clear());
    }
    let shown =
        Shown { order, page, part: Memo::new(move |_| told.get().unwrap_or_else(|| read.get())) };
    // What was on the last page may go.
    Effect::new(move || {
        let last = shown.pages().max(1);
        if page.get() > last && shown.part.with(|(total, _)| *total > 0) {
            page.set(last);
        }
    });
    shown
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

/// A table with what stands above and below it.
#[component]
fn TableView(about: About, now: Signal<Arc<Monitor>>) -> impl IntoView {
    let shown = use_rows(about, now);
    let closing = RwSignal::new(None::<Line>);
    let count =
        move || shown.part.with(|(total, _)| format!("{} {}", grouped(*total as u64), about.what));
    let find = move |event| {
        shown.page.set(1);
        shown.order.update(|order| order.find = event_target_value(&event));
    };
    let heads = StoredValue::new((about.heads)());
    let row = move |line: Line| row(line, heads, shown, about.closes.then_some(closing)).into_any();
    let head = |it: Head| head(it, shown).into_any();
    view! {
        <div class="use-table">
            <div class="uses-head">
                <h2 class="section-title">{about.title}</h2>
                <span class="count">{count}</span>
                <input
                    type="search"
                    class="uses-find"
                    placeholder="Find"
                    aria-label=format!("Find in {}", about.title.to_lowercase())
                    prop:value=move || shown.order.with(|order| order.find.clone())
                    on:input=find
                />
            </div>
            <div class="card uses-card">
                <div class="scrolls" tabindex="0" role="region" aria-label=about.title>
                    <table class="uses">
                        <thead>
                            <tr>
                                {heads.get_value().into_iter().map(head).collect_view()}
                                {about.closes.then(|| {
                                    view! { <th scope="col"><span class="unseen">"Close"</span></th> }
                                })}
                            </tr>
                        </thead>
                        <tbody>
                            <For
                                each=move || shown.part.with(|(_, lines)| lines.clone())
                                key=|line| line.id.clone()
                                children=row
                            />
                        </tbody>
                    </table>
                    {move || {
                        let is_empty = shown.part.with(|(_, lines)| lines.is_empty());
                        is_empty.then(|| view! { <p class="uses-nothing">"None"</p> })
                    }}
                </div>
            </div>
            <Pages shown label=about.title/>
            {about.closes.then(|| view! { <CloseDialog closing/> })}
        </div>
    }
}

/// Turns pages, where there are several.
#[component]
fn Pages(shown: Shown, label: &'static str) -> impl IntoView {
    let several = Memo::new(move |_| shown.pages() > 1);
    let button = move |text, step: isize, disabled: Signal<bool>| {
        view! {
            <button type="button" class="button" disabled=disabled on:click=move |_| shown.turn(step)>
                {text}
            </button>
        }
    };
    move || {
        several.get().then(|| {
            let is_first = Signal::derive(move || shown.page.get() <= 1);
            let is_last = Signal::derive(move || shown.pages() <= shown.page.get());
            view! {
                <nav class="pages" aria-label=format!("Pages of {}", label.to_lowercase())>
                    {button("Before", -1, is_first)}
                    <span>{move || format!("Page {} of {}", shown.page.get(), shown.pages())}</span>
                    {button("After", 1, is_last)}
                </nav>
            }
        })
    }
}

/// One row. What changes in it changes by itself.
fn row(
    first: Line,
    heads: StoredValue<Vec<Head>>,
    shown: Shown,
    closing: Option<RwSignal<Option<Line>>>,
) -> impl IntoView {
    let id = first.id.clone();
    let line = Memo::new(move |old: Option<&Line>| {
        // A row that is about to go stays as it was.
        shown.line(&id).or_else(|| old.cloned()).unwrap_or_else(|| first.clone())
    });
    let cell = |(nth, head): (usize, Head)| {
        let of =
            Memo::new(move |_| line.with(|line| line.cells.get(nth).cloned().unwrap_or_default()));
        cell(head, of).into_any()
    };
    let close = closing.map(|closing| {
        let label = line.with_untracked(|line| format!("Close connection {}", line.id));
        view! {
            <td class="act">
                <button
                    type="button"
                    class="button danger"
                    aria-label=label
                    on:click=move |_| closing.set(Some(line.get_untracked()))
                >
                    "Close"
                </button>
            </td>
        }
    });
    let cells = heads.get_value().into_iter().enumerate().map(cell).collect_view();
    view! { <tr>{cells} {close}</tr> }
}

fn cell(head: Head, of: Memo<Cell>) -> impl IntoView {
    let class = match head.kind {
        Kind::Words => "",
        Kind::Code | Kind::Key => "mono",
        Kind::Number => "uses-number",
    };
    let exact = move || of.with(|it| (it.at > 0).then(|| local(it.at).exact()));
    let content = move || {
        let text = of.with(|it| it.text.clone());
        match Glob::parse(&text) {
            Ok(glob) if head.kind == Kind::Key => {
                view! { <Link to=Place::Live(Some(glob))>{text}</Link> }.into_any()
            }
            _ if text.is_empty() => "–".into_any(),
            _ => text.into_any(),
        }
    };
    view! { <td class=class data-label=head.title title=exact>{content}</td> }
}

/// The head of a column, which sorts by it.
fn head(head: Head, shown: Shown) -> impl IntoView {
    let Shown { order, page, .. } = shown;
    let said = Memo::new(move |_| {
        order.with(|order| match order.is_ascending {
            _ if order.sort != head.id => "none",
            true => "ascending",
            false => "descending",
        })
    });
    let press = move |_| {
        page.set(1);
        order.update(|order| *order = order.pressed(&head));
    };
    let way = move || match said.get() {
        "ascending" => "↑",
        "descending" => "↓",
        _ => "",
    };
    let class = if head.kind == Kind::Number { "uses-number" } else { "" };
    view! {
        <th scope="col" class=class aria-sort=said>
            <button type="button" class="uses-sort" on:click=press>
                {head.title}
                <span class="way" aria-hidden="true">{way}</span>
            </button>
        </th>
    }
}

/// Asks before a connection is closed.
#[component]
fn CloseDialog(closing: RwSignal<Option<Line>>) -> impl IntoView {
    let (session, toasts) = (use_session(), use_toasts());
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
            let text = |nth: usize| it.as_ref()?.cells.get(nth).map(|cell| cell.text.clone());
            let who =
                text(0).filter(|who| !who.is_empty()).unwrap_or_else(|| "Somebody".to_owned());
            Some(format!("{who} at {} watches {}.", text(1)?, text(2)?))
        })
    };
    let act = move |()| {
        let id = closing.with_untracked(|it| it.as_ref().and_then(|it| it.id.parse::<u64>().ok()));
        let Some(id) = id else { return };
        shut();
        spawn_local(async move {
            match session.ask(&monitor::close_connection(id)).await {
                Ok(()) => toasts.say(format!("Closed connection {id}")),
                Err(error) if error.is_missing() => {
                    toasts.say(format!("Connection {id} was gone already"));
                }
                Err(error) => toasts.complain(Words::of(&error).whole),
            }
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
            <p>
                "It is told that an administrator closed it, and may come back. To keep somebody \
                out, end their sessions or disable their account."
            </p>
            <div class="form-end">
                <Action label="Keep it" act=move |()| shut()/>
                <Action label="Close it" class="button danger filled" act/>
            </div>
        </dialog>
    }
}
