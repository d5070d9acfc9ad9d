//! A page whose program is loaded when it is first shown.

use std::time::Duration;

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
    T: Clone + Send + 'static,
    F: Future<Output = Option<Page<T>>> + 'static,
{
    let mut loading = Box::pin(load());
    let loaded = RwSignal::new(loading.as_mut().now_or_never());
    match loaded.get_untracked() {
        Some(Some(_)) => {}
        Some(None) => try_again(load, loaded),
        None => spawn_local(async move { tell(load, loaded, loading.await) }),
    }
    move || match loaded.get() {
        None => view! { <div class="page"><Skeleton/></div> }.into_any(),
        Some(Some(page)) => page(of.clone()),
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

/// Whether a page was fetched, once that is known.
type Loaded<T> = RwSignal<Option<Option<Page<T>>>>;

fn tell<T, F>(load: fn() -> F, loaded: Loaded<T>, page: Option<Page<T>>)
where
    T: 'static,
    F: Future<Output = Option<Page<T>>> + 'static,
{
    let is_gone = loaded.try_set(Some(page)).is_some();
    if page.is_none() && !is_gone {
        try_again(load, loaded);
    }
}

fn try_again<T, F>(load: fn() -> F, loaded: Loaded<T>)
where
    T: 'static,
    F: Future<Output = Option<Page<T>>> + 'static,
{
    let fetch = move || spawn_local(async move { tell(load, loaded, load().await) });
    set_timeout(fetch, PAUSE);
}
