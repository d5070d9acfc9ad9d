//! The application's endpoints, and a form that calls them.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use monoxide_client::admin::{self, Called, EndpointShown, MethodShown};
use serde_json::Value;

use super::{
    asked::{Find, Head, use_asked},
    filters::{JsonFold, JsonTree},
};
use crate::{
    model::{Command, Words, call_address, fits},
    session::use_session,
    view::{CopyButton, Icon, Notice, document::origin},
};

/// The headers of an answer that are worth knowing.
const TELLING: [&str; 9] = [
    "content-type",
    "content-length",
    "etag",
    "location",
    "allow",
    "retry-after",
    "cache-control",
    "www-authenticate",
    "date",
];

/// All endpoints.
#[component]
pub fn EndpointsPage() -> impl IntoView {
    let asked = use_asked(admin::endpoints);
    let find = RwSignal::new(String::new());
    let list = asked.show(move |endpoints| {
        if endpoints.is_empty() {
            return view! { <NoEndpoints/> }.into_any();
        }
        let card = move |endpoint: EndpointShown| {
            let name = format!("{} {}", endpoint.path, endpoint.about);
            let hidden = Memo::new(move |_| find.with(|find| fits(find, &name).is_none()));
            view! { <li hidden=hidden><EndpointCard endpoint/></li> }
        };
        view! { <ul class="tool-cards">{endpoints.into_iter().map(card).collect_view()}</ul> }
            .into_any()
    });
    view! {
        <div class="page tool-page">
            <Head title="Endpoints" lead="What may be called besides keys, and what it answers">
                <Find find label="Find an endpoint"/>
            </Head>
            {list}
        </div>
    }
}

#[component]
fn NoEndpoints() -> impl IntoView {
    view! {
        <Notice icon=Icon::Terminal title="There are no endpoints">
            <p>
                "An endpoint is a route of your own, with its types. Yours are in "
                <code>"server/src/routes.rs"</code>
                "."
            </p>
        </Notice>
    }
}

#[component]
fn EndpointCard(endpoint: EndpointShown) -> impl IntoView {
    let EndpointShown { path, about, vars, methods } = endpoint;
    let method = |method: MethodShown| {
        view! { <MethodView path=path.clone() vars=vars.clone() method/> }
    };
    view! {
        <article class="card tool-card endpoint">
            <header>
                <h2 class="mono">{path.clone()}</h2>
            </header>
            {(!about.is_empty()).then(|| view! { <p class="lead">{about.clone()}</p> })}
            {methods.into_iter().map(method).collect_view()}
        </article>
    }
}

/// A method: its form is made when it is first unfolded.
#[component]
fn MethodView(path: String, vars: Vec<(String, String)>, method: MethodShown) -> impl IntoView {
    let opened = RwSignal::new(false);
    let name = method.name.clone();
    let spoken = format!(" {path}");
    let call = move || {
        let (path, vars, method) = (path.clone(), vars.clone(), method.clone());
        opened.get().then(|| view! { <Call path vars method/> })
    };
    let class = format!("method {}", name.to_lowercase());
    view! {
        <details class="method-fold" on:toggle=move |_| opened.set(true)>
            <summary>
                {Icon::Chevron.with_class("icon chevron")}
                <span class=class>{name}</span>
                <span class="unseen">{spoken}</span>
                <span class="try">"Try it"</span>
            </summary>
            {call}
        </details>
    }
}

/// A field of the form.
type Filled = (String, RwSignal<String>);

/// A form that calls a method, and what it answered.
#[component]
fn Call(path: String, vars: Vec<(String, String)>, method: MethodShown) -> impl IntoView {
    let session = use_session();
    let MethodShown { name, params, request, response, request_schema } = method;
    let of = format!("{name} {path}");
    let filled = |names: &[(String, String)]| -> Vec<Filled> {
        names.iter().map(|(name, _)| (name.clone(), RwSignal::new(String::new()))).collect()
    };
    let (var_values, param_values) = (filled(&vars), filled(&params));
    let body = request.as_ref().map(|it| RwSignal::new(pretty(it)));
    let trouble = RwSignal::new(String::new());
    let answer = RwSignal::new(None::<(Called, f64)>);
    let sending = RwSignal::new(false);
    let address = {
        let (path, vars, params) = (path.clone(), var_values.clone(), param_values.clone());
        move || call_address(&path, &values(&vars), &values(&params))
    };
    let submit = {
        let (address, method) = (address.clone(), name.clone());
        move |event: SubmitEvent| {
            event.prevent_default();
            let address = match untrack(&address) {
                Ok(address) => address,
                Err(missing) => return trouble.set(format!("{missing} has to be filled in.")),
            };
            let text = body.map(|body| body.get_untracked());
            if let Some(why) = text.as_deref().and_then(mistake) {
                return trouble.set(why);
            }
            trouble.set(String::new());
            sending.set(true);
            let call = admin::call(&method, address, text);
            spawn_local(async move {
                let begun = js_sys::Date::now();
                match session.ask(&call).await {
                    Ok(called) => _ = answer.try_set(Some((called, js_sys::Date::now() - begun))),
                    Err(error) => _ = trouble.try_set(Words::of(&error).whole),
                }
                _ = sending.try_set(false);
            });
        }
    };
    let curl = {
        let method = name.clone();
        move || {
            let address =
                untrack(&address).unwrap_or_else(|_| path.trim_start_matches('/').to_owned());
            let body = body.map(|body| body.get_untracked());
            Command::call(&origin(), &method, &address, body.as_deref()).to_string()
        }
    };
    let fields = fields("Variables", &of, vars, &var_values);
    let queries = fields_of_query(&of, params, &param_values);
    view! {
        <form class="call" aria-label=of.clone() on:submit=submit novalidate>
            {fields}
            {queries}
            {body.map(|body| view! { <Body body of=of.clone()/> })}
            <p class="field-error" role="alert">{trouble}</p>
            <div class="form-end">
                <button type="submit" class="button primary" disabled=sending>
                    {Icon::Play.draw()} {move || if sending.get() { "Calling…" } else { "Call" }}
                </button>
                <CopyButton text=curl label="Copy as curl" icon=Icon::Terminal/>
            </div>
        </form>
        <div aria-live="polite">
            {move || answer.get().map(|(called, milliseconds)| view! { <Answer called milliseconds/> })}
        </div>
        {request_schema.map(|value| view! { <JsonFold title="What it takes (JSON Schema)" of=of.clone() value/> })}
        {response.map(|value| view! { <JsonFold title="What it answers, by example" of=of value/> })}
    }
}

fn values(filled: &[Filled]) -> Vec<(String, String)> {
    filled.iter().map(|(name, value)| (name.clone(), value.get())).collect()
}

fn fields_of_query(
    of: &str,
    params: Vec<(String, String)>,
    values: &[Filled],
) -> impl IntoView + use<> {
    fields("Parameters", of, params, values)
}

fn fields(
    legend: &'static str,
    of: &str,
    described: Vec<(String, String)>,
    values: &[Filled],
) -> impl IntoView + use<> {
    let is_empty = described.is_empty();
    let each = described.into_iter().zip(values).map(|((name, about), (_, value))| {
        let (id, value) = (format!("{of} {name}").replace(' ', "-"), *value);
        let hint = (about != name).then(|| view! { <p class="field-hint">{about}</p> });
        view! {
            <div class="field">
                <label for=id.clone()>{name}</label>
                <div class="input">
                    <input
                        id=id
                        type="text"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        prop:value=value
                        on:input=move |event| value.set(event_target_value(&event))
                    />
                </div>
                {hint}
            </div>
        }
    });
    let fields = each.collect_view();
    (!is_empty).then(|| view! { <fieldset><legend>{legend}</legend>{fields}</fieldset> })
}

/// The body, as JSON; what is wrong with it is said while one types.
#[component]
fn Body(body: RwSignal<String>, of: String) -> impl IntoView {
    let id = format!("body-{of}").replace(' ', "-");
    let wrong = Memo::new(move |_| body.with(|text| mistake(text)));
    let rows = body.with_untracked(|text| text.lines().count().clamp(3, 14)).to_string();
    view! {
        <div class="field" class:wrong=move || wrong.with(Option::is_some)>
            <label for=id.clone()>"Body (JSON)"</label>
            <textarea
                id=id
                class="json-text"
                rows=rows
                spellcheck="false"
                autocapitalize="none"
                prop:value=body
                on:input=move |event| body.set(event_target_value(&event))
            ></textarea>
            <p class="field-error" aria-live="polite">{wrong}</p>
        </div>
    }
}

/// What came back.
#[component]
fn Answer(called: Called, milliseconds: f64) -> impl IntoView {
    let Called { status, headers, body } = called;
    let class = match status {
        200..=299 => "tag live",
        300..=399 => "tag",
        400..=499 => "tag stale",
        _ => "tag closed",
    };
    let size = crate::model::bytes(body.len() as u64);
    let told = headers.into_iter().filter(|(name, _)| TELLING.contains(&name.as_str()));
    let told = told.map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> });
    let shown = match serde_json::from_str::<Value>(&body) {
        Ok(value) if value.is_object() || value.is_array() => {
            view! { <JsonTree value label="The answer".to_owned()/> }.into_any()
        }
        _ if body.is_empty() => view! { <p class="lead">"It has no body."</p> }.into_any(),
        _ => view! { <pre class="json-text" tabindex="0">{body}</pre> }.into_any(),
    };
    view! {
        <section class="answer" aria-label="Answer">
            <p class="answer-head">
                <span class=class>{status}</span>
                <span>{format!("{milliseconds} ms · {size}")}</span>
            </p>
            {shown}
            <details class="json-fold">
                <summary>{Icon::Chevron.with_class("icon chevron")} "Headers"</summary>
                <dl class="tool-said headers">{told.collect_view()}</dl>
            </details>
        </section>
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// What is wrong with a text that is to be JSON, and where; nothing with one that is empty.
fn mistake(text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return None;
    }
    serde_json::from_str::<Value>(text).err().map(|error| format!("{error}."))
}
