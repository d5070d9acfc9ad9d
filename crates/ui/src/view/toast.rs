//! Short messages about what was done, which leave by themselves.

use std::{sync::Arc, time::Duration};

use leptos::{ev::KeyboardEvent, html, prelude::*};

use crate::{model::Queue, view::Icon};

/// Says what was done, in a corner of the page. Give it to the page with [`Toasts::provide`] and
/// [`ToastsView`], and take it with [`use_toasts`]. Copying it copies a handle.
///
/// ```
/// use leptos::prelude::*;
/// use monoxide_ui::view::use_toasts;
///
/// #[component]
/// fn Delete() -> impl IntoView {
///     let toasts = use_toasts();
///     let put_back = || { /* … */ };
///     view! {
///         <button on:click=move |_| toasts.say_with_undo("Deleted 3 objects", put_back)>
///             "Delete"
///         </button>
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Toasts {
    queue: RwSignal<Queue>,
    all: RwSignal<Vec<Toast>>,
    timer: StoredValue<Option<TimeoutHandle>>,
}

#[derive(Clone)]
struct Toast {
    id: u64,
    text: String,
    trouble: bool,
    undo: Option<Undo>,
}

/// It may outlive the part of the page that it is from.
type Undo = Arc<dyn Fn() + Send + Sync>;

impl Toasts {
    /// Lets [`use_toasts`] find it.
    pub fn provide() -> Self {
        let toasts = Self {
            queue: RwSignal::default(),
            all: RwSignal::default(),
            timer: StoredValue::new(None),
        };
        provide_context(toasts);
        toasts
    }

    /// Says that something was done.
    pub fn say(self, text: impl Into<String>) {
        self.add(text.into(), false, None);
    }

    /// Says that something was done, with a button that takes it back.
    pub fn say_with_undo(self, text: impl Into<String>, undo: impl Fn() + Send + Sync + 'static) {
        self.add(text.into(), false, Some(Arc::new(undo)));
    }

    /// Says that something could not be done.
    pub fn complain(self, text: impl Into<String>) {
        self.add(text.into(), true, None);
    }

    /// Whether one shows.
    #[must_use]
    pub fn any(self) -> bool {
        self.all.with(|all| !all.is_empty())
    }

    fn add(self, text: String, trouble: bool, undo: Option<Undo>) {
        let longer = trouble || undo.is_some();
        // Whoever did something slow may have left the page that says so.
        let Some(id) = self.queue.try_update(|queue| queue.add(now(), longer)) else { return };
        self.all.update(|all| all.push(Toast { id, text, trouble, undo }));
        self.settle();
    }

    fn change(self, change: impl FnOnce(&mut Queue)) {
        if self.queue.try_update(change).is_some() {
            self.settle();
        }
    }

    /// Shows what is in the queue, and comes back when the next one is to leave.
    fn settle(self) {
        let Some((ids, due)) = self.queue.try_with_untracked(|it| (it.ids(), it.due())) else {
            return;
        };
        if self.all.with_untracked(|all| all.iter().any(|it| !ids.contains(&it.id))) {
            self.all.update(|all| all.retain(|it| ids.contains(&it.id)));
        }
        let next = due.and_then(|(_, until)| {
            let wait = Duration::from_millis(until.saturating_sub(now()));
            let leave = move || self.change(|queue| queue.expire(now()));
            set_timeout_with_handle(leave, wait).ok()
        });
        self.timer.update_value(|timer| {
            if let Some(old) = std::mem::replace(timer, next) {
                old.clear();
            }
        });
    }
}

/// What says what was done.
///
/// # Panics
///
/// When no component above has called [`Toasts::provide`].
#[must_use]
pub fn use_toasts() -> Toasts {
    expect_context()
}

/// Where toasts show. While the pointer or the focus is there, none of them leaves by itself.
#[component]
pub fn ToastsView() -> impl IntoView {
    let toasts = use_toasts();
    let region = NodeRef::<html::Div>::new();
    let is_inside = move || {
        let active = document().active_element();
        let region = region.try_get_untracked().flatten();
        region.is_some_and(|region| region.contains(active.as_deref()))
    };
    let hold = move || toasts.change(|queue| queue.hold(now()));
    // Whether the pointer or the focus is still there shows after the event that took one away.
    let release = move || {
        request_animation_frame(move || {
            let is_hovered = region
                .try_get_untracked()
                .flatten()
                .is_some_and(|it| it.matches(":hover").unwrap_or_default());
            if !is_hovered && !is_inside() {
                toasts.change(|queue| queue.release(now()));
            }
        });
    };
    view! {
        <div
            class="toasts"
            node_ref=region
            on:pointerenter=move |_| hold()
            on:pointerleave=move |_| release()
            on:focusin=move |_| hold()
            on:focusout=move |_| release()
        >
            <For each=move || toasts.all.get() key=|toast| toast.id let:toast>
                <ToastView toast release=move || release()/>
            </For>
        </div>
    }
}

#[component]
fn ToastView(toast: Toast, release: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let toasts = use_toasts();
    let Toast { id, text, trouble, undo } = toast;
    let close = move || {
        toasts.change(|queue| queue.remove(id));
        // The button that had the pointer and the focus is gone without a word.
        release();
    };
    let escape = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            event.stop_propagation();
            close();
        }
    };
    let take_back = undo.map(|undo| {
        let act = move |_| {
            undo();
            close();
        };
        view! { <button type="button" class="toast-undo" on:click=act>"Undo"</button> }
    });
    view! {
        <div class="toast" class:trouble=trouble on:keydown=escape>
            {if trouble { Icon::Alert } else { Icon::Check }.draw()}
            <p>{text}</p>
            {take_back}
            <button type="button" class="toast-close" on:click=move |_| close()>
                <span class="unseen">"Dismiss"</span>
                {Icon::Close.draw()}
            </button>
        </div>
    }
}

/// Milliseconds since 1970.
fn now() -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is after 1970")]
    let now = js_sys::Date::now() as u64;
    now
}
