//! A page whose program is loaded when it is first shown.

use std::{pin::Pin, rc::Rc, time::Duration};

use futures_util::FutureExt as _;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    model::Place,
    view::{Icon, Notice, Skeleton},
};

/// How long to wait before what could not be fetched is tried again.
const PAUSE: Duration = Duration::from_secs(2);

/// What shows a value, such as a place.
pub type Page<T = Place> = fn(T) -> AnyView;

/// What shows when it is there.
type Show = Rc<dyn Fn() -> AnyView>;

/// Fetches what shows; `None` when it cannot be fetched.
type Load = Rc<dyn Fn() -> Pin<Box<dyn Future<Output = Option<Show>>>>>;

/// Shows `of` with the page that `load` fetches; `None` is that it could not be fetched, and is
/// tried again.
///
/// What was fetched before is there at once.
#[component]
pub fn Later<T, F>(
    /// Fetches the program of the page.
    load: fn() -> F,
    /// What it shows.
    of: T,
) -> impl IntoView
where
    T: Clone + 'static,
    F: Future<Output = Option<Page<T>>> + 'static,
{
    // All that follows is the same for whatever is shown: it is in the page only once.
    later(Rc::new(move || {
        let (loading, of) = (load(), of.clone());
        let show = move |page: Page<T>| -> Show { Rc::new(move || page(of.clone())) };
        Box::pin(async move { loading.await.map(show) })
    }))
}

fn later(load: Load) -> impl IntoView {
    let mut loading = load();
    let loaded = RwSignal::new_local(loading.as_mut().now_or_never());
    let missing = loaded.with_untracked(|loaded| loaded.as_ref().map(Option::is_none));
    match missing {
        Some(false) => {}
        Some(true) => try_again(load, loaded),
        None => spawn_local(async move { tell(load, loaded, loading.await) }),
    }
    move || match loaded.get() {
        None => view! { <div class="page"><Skeleton/></div> }.into_any(),
        Some(Some(show)) => show(),
        Some(None) => view! {
            <Notice icon=Icon::Offline title="Still trying">
                <p>
                    "This part of the page could not be fetched. The page tries again by itself. \
                     If the server is a newer one by now, load the page again."
                </p>
                <a class="button" href="">"Load the page again"</a>
            </Notice>
        }
        .into_any(),
    }
}

/// What was fetched, once that is known.
type Loaded = RwSignal<Option<Option<Show>>, LocalStorage>;

fn tell(load: Load, loaded: Loaded, show: Option<Show>) {
    let is_missing = show.is_none();
    let is_gone = loaded.try_set(Some(show)).is_some();
    if is_missing && !is_gone {
        try_again(load, loaded);
    }
}

fn try_again(load: Load, loaded: Loaded) {
    let fetch = move || spawn_local(async move { tell(Rc::clone(&load), loaded, load().await) });
    set_timeout(fetch, PAUSE);
}
