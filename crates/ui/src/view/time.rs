//! Times in the reader's zone.

use leptos::prelude::*;
use wasm_bindgen::JsValue;

use crate::model::{Moment, Shown};

/// A moment, to the second; hovering over it shows the nanoseconds.
#[component]
pub fn When(
    /// Nanoseconds since 1970.
    #[prop(into)]
    at: Signal<u64>,
) -> impl IntoView {
    move || {
        let moment = local(at.get());
        view! {
            <time class="when" title=moment.exact()>
                {format!("{} {}", moment.date(), moment.time())}
            </time>
        }
    }
}

/// When an object was made and last changed.
#[component]
pub fn Times(
    /// The object.
    #[prop(into)]
    object: Signal<Shown>,
) -> impl IntoView {
    let created = Memo::new(move |_| object.with(|object| object.created));
    let updated = Memo::new(move |_| object.with(|object| object.updated));
    let change = move || match updated.get() {
        0 => view! { "never" }.into_any(),
        _ => view! { <When at=updated/> }.into_any(),
    };
    view! {
        <dl class="facts">
            <div>
                <dt>"Created"</dt>
                <dd>
                    <When at=created/>
                </dd>
            </div>
            <div>
                <dt>"Changed"</dt>
                <dd>{change}</dd>
            </div>
        </dl>
    }
}

/// The server's clock, ticking.
#[component]
pub fn ServerClock(
    /// What it shows: nanoseconds since 1970.
    #[prop(into)]
    now: Signal<Option<u64>>,
    /// Whether it is still told the time.
    #[prop(into)]
    ticking: Signal<bool>,
) -> impl IntoView {
    move || {
        let moment = local(now.get()?);
        Some(view! {
            <time
                class=if ticking.get() { "clock" } else { "clock old" }
                title=format!("The server’s clock: {}", moment.exact())
            >
                <span class="unseen">"Server time "</span>
                <span class="date">{moment.date()}</span>
                <span>{moment.time()}</span>
            </time>
        })
    }
}

/// The moment in the zone of the browser, with the zone's rules of that day.
#[must_use]
pub fn local(nanoseconds: u64) -> Moment {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^53")]
    let milliseconds = (nanoseconds / 1_000_000) as f64;
    let behind = js_sys::Date::new(&JsValue::from_f64(milliseconds)).get_timezone_offset();
    #[expect(clippy::cast_possible_truncation, reason = "zones are whole minutes, within a day")]
    Moment::new(nanoseconds, -behind as i32)
}

/// This moment, as the browser has it.
#[must_use]
pub fn now() -> Moment {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "milliseconds since 1970 are positive and below 2^53"
    )]
    local(js_sys::Date::now() as u64 * 1_000_000)
}
