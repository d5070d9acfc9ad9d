//! Charts over the last hour. One moment is looked at in all of them at once.

use std::sync::Arc;

use leptos::{
    ev::{self, KeyboardEvent, PointerEvent},
    html,
    prelude::*,
};
use monoxide_protocol::{Monitor, Sample};
use wasm_bindgen::JsCast;
use web_sys::Element;

use crate::{
    model::{
        chart::{Drawing, Shape, draw},
        ring::{self, TOPICS, lines, minutes, samples},
    },
    view::time::local,
};

/// How high a chart is, in pixels.
const HEIGHT: u32 = 180;

/// How wide a chart is before it is on the page.
const WIDTH: u32 = 480;

/// How many rows the table beside a chart has at most.
const ROWS: usize = 60;

/// All charts.
#[component]
pub(super) fn Charts(now: Signal<Arc<Monitor>>) -> impl IntoView {
    let samples = Memo::new(move |_| now.with(|now| samples(now)));
    // The moment that is looked at, by its time: what is drawn moves on meanwhile.
    let looked = RwSignal::new(None::<u64>);
    let nth = Memo::new(move |_| {
        let at = looked.get()?;
        samples.with(|samples| samples.iter().position(|sample| sample.at >= at))
    });
    let is_stored = Memo::new(move |_| now.with(|now| now.server.storage.is_some()));
    let charts = move || {
        let topics = TOPICS.into_iter().filter(|it| is_stored.get() || it.title != "On disk");
        topics.map(|topic| view! { <Chart topic samples nth looked/> }).collect_view()
    };
    view! {
        <section aria-labelledby="charts-title">
            <h2 id="charts-title" class="section-title">"The last hour"</h2>
            <div class="charts">{charts}</div>
        </section>
    }
}

/// Lines over time, and their values at one moment.
#[component]
fn Chart(
    topic: ring::Topic,
    samples: Memo<Vec<Sample>>,
    nth: Memo<Option<usize>>,
    looked: RwSignal<Option<u64>>,
) -> impl IntoView {
    let (width, frame) = use_width();
    let drawing = Memo::new(move |_| {
        samples.with(|samples| {
            draw((width.get(), HEIGHT), &minutes(samples), &lines(&topic, samples), topic.unit)
        })
    });
    let sample = Signal::derive(move || {
        samples
            .with(|samples| nth.get().and_then(|nth| samples.get(nth)).or(samples.last()).copied())
    });
    let moment = Signal::derive(move || match (nth.get(), sample.get()) {
        (Some(_), Some(sample)) => local(sample.at * 1_000_000_000).time(),
        _ => "now".to_owned(),
    });
    let said = move || {
        let value = |(name, value): &(&'static str, ring::Value)| {
            sample.get().map(|it| format!("{name} {}", topic.unit.show(value(&it))))
        };
        let values: Vec<_> = topic.lines.iter().filter_map(value).collect();
        format!("{}: {}", moment.get(), values.join(", "))
    };
    let last = move || samples.with(Vec::len).saturating_sub(1);
    view! {
        <figure class="card chart">
            <Caption topic sample moment/>
            <div
                class="plot"
                role="slider"
                tabindex="0"
                aria-label=format!("{} over the last hour", topic.title)
                aria-valuemin="0"
                aria-valuemax=move || last().to_string()
                aria-valuenow=move || nth.get().unwrap_or_else(last).to_string()
                aria-valuetext=said
                node_ref=frame
                on:pointermove=move |event| point(&event, &drawing, samples, looked)
                on:pointerleave=move |_| looked.set(None)
                on:blur=move |_| looked.set(None)
                on:keydown=move |event| walk(&event, samples, nth, looked)
            >
                <Picture drawing width nth/>
            </div>
            <Table topic samples/>
        </figure>
    }
}

/// What a chart is about, and the values at the moment.
#[component]
fn Caption(
    topic: ring::Topic,
    sample: Signal<Option<Sample>>,
    moment: Signal<String>,
) -> impl IntoView {
    let value = move |(line, (name, value)): (usize, &(&'static str, ring::Value))| {
        let (name, value) = (*name, *value);
        let text = move || sample.get().map(|it| topic.unit.show(value(&it))).unwrap_or_default();
        let key = (topic.lines.len() > 1)
            .then(|| view! { <span class=format!("swatch line-{line}")></span> {name} " " });
        view! { <span class="reading">{key} <b>{text}</b></span> }
    };
    view! {
        <figcaption>
            <h3>{topic.title}</h3>
            <p class="readout">
                <span>{moment}</span>
                {topic.lines.iter().enumerate().map(value).collect_view()}
            </p>
        </figcaption>
    }
}

/// What a chart draws, and where the moment is.
#[component]
fn Picture(
    drawing: Memo<Drawing>,
    width: RwSignal<u32>,
    nth: Memo<Option<usize>>,
) -> impl IntoView {
    let shapes = move || drawing.with(|drawing| drawing.shapes.iter().map(shape).collect_view());
    let cursor = move || {
        let nth = nth.get()?;
        drawing.with(|drawing| {
            let x = drawing.columns.get(nth)?;
            let path = format!("M{x} {}L{x} {}", drawing.rows.start, drawing.rows.end);
            Some(view! { <path class="cursor" d=path></path> })
        })
    };
    view! {
        <svg
            aria-hidden="true"
            viewBox=move || format!("0 0 {} {HEIGHT}", width.get())
            height=HEIGHT.to_string()
        >
            {shapes}
            {cursor}
        </svg>
    }
}

fn shape(shape: &Shape) -> AnyView {
    match shape.clone() {
        Shape::Line { class, path } => view! { <path class=class d=path></path> }.into_any(),
        Shape::Area { class, path } => {
            view! { <path class=format!("area {class}") d=path></path> }.into_any()
        }
        Shape::Text { at: (x, y), anchor, text } => view! {
            <text x=x.to_string() y=y.to_string() text-anchor=anchor dominant-baseline="middle">
                {text}
            </text>
        }
        .into_any(),
    }
}

/// The same as numbers, for who would rather read them.
#[component]
fn Table(topic: ring::Topic, samples: Memo<Vec<Sample>>) -> impl IntoView {
    let open = RwSignal::new(false);
    let row = move |sample: &Sample| {
        let at = local(sample.at * 1_000_000_000);
        let cell = |(_, value): &(&'static str, ring::Value)| {
            view! { <td>{topic.unit.show(value(sample))}</td> }
        };
        view! {
            <tr>
                <th scope="row" title=at.exact()>{at.time()}</th>
                {topic.lines.iter().map(cell).collect_view()}
            </tr>
        }
    };
    let rows = move || {
        samples.with(|samples| {
            let step = samples.len().div_ceil(ROWS).max(1);
            samples.iter().rev().step_by(step).map(row).collect_view()
        })
    };
    let head = |(name, _): &(&'static str, ring::Value)| view! { <th scope="col">{*name}</th> };
    let table = move || {
        open.get().then(|| {
            view! {
                <div class="numbers" tabindex="0" role="region" aria-label=format!("{} as a table", topic.title)>
                    <table>
                        <thead>
                            <tr>
                                <th scope="col">"Time"</th>
                                {topic.lines.iter().map(head).collect_view()}
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            }
        })
    };
    let toggle = move |event: ev::Event| {
        let details = event.target().and_then(|it| it.dyn_into::<Element>().ok());
        open.set(details.is_some_and(|it| it.has_attribute("open")));
    };
    view! {
        <details class="as-table" on:toggle=toggle>
            <summary>"As a table"</summary>
            {table}
        </details>
    }
}

/// How wide the frame of a chart is, now and later.
fn use_width() -> (RwSignal<u32>, NodeRef<html::Div>) {
    let (width, frame) = (RwSignal::new(WIDTH), NodeRef::<html::Div>::new());
    let measure = move || {
        let found = frame.try_get_untracked().flatten().map(|frame| frame.client_width());
        if let Some(found) = found.and_then(|it| u32::try_from(it).ok()).filter(|it| *it > 0) {
            // Less than this has no room for an axis.
            let found = found.max(200);
            if width.get_untracked() != found {
                width.set(found);
            }
        }
    };
    Effect::new(move || {
        frame.track();
        request_animation_frame(measure);
    });
    let resized = window_event_listener(ev::resize, move |_| measure());
    on_cleanup(move || resized.remove());
    (width, frame)
}

/// Looks at the moment that is nearest to the pointer.
fn point(
    event: &PointerEvent,
    drawing: &Memo<Drawing>,
    samples: Memo<Vec<Sample>>,
    looked: RwSignal<Option<u64>>,
) {
    let frame = event.current_target().and_then(|it| it.dyn_into::<Element>().ok());
    let Some(left) = frame.map(|frame| frame.get_bounding_client_rect().left()) else { return };
    #[expect(clippy::cast_possible_truncation, reason = "a place on the screen")]
    let x = (f64::from(event.client_x()) - left) as i32;
    let nth = drawing.with_untracked(|drawing| {
        let columns = drawing.columns.iter().enumerate();
        columns.min_by_key(|(_, column)| (*column - x).abs()).map(|(nth, _)| nth)
    });
    let at = samples.with_untracked(|samples| Some(samples.get(nth?)?.at));
    if looked.get_untracked() != at {
        looked.set(at);
    }
}

/// Looks at the moment before or after.
fn walk(
    event: &KeyboardEvent,
    samples: Memo<Vec<Sample>>,
    nth: Memo<Option<usize>>,
    looked: RwSignal<Option<u64>>,
) {
    let last = samples.with_untracked(Vec::len).saturating_sub(1);
    let here = nth.get_untracked().unwrap_or(last);
    let to = match event.key().as_str() {
        "ArrowLeft" | "ArrowDown" => here.saturating_sub(1),
        "ArrowRight" | "ArrowUp" => (here + 1).min(last),
        "PageUp" => here.saturating_sub(30),
        "PageDown" => (here + 30).min(last),
        "Home" => 0,
        "End" => last,
        _ => return,
    };
    event.prevent_default();
    looked.set(samples.with_untracked(|samples| samples.get(to).map(|sample| sample.at)));
}
