//! A page's requests. They carry its cookies, and the header that only pages of the server send.

use js_sys::{Array, Date};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestCache, RequestInit, Response};

use crate::accounts::{Answer, Question, tag};

/// How long an answer may take, in milliseconds. Passwords may have to wait for their turn.
const PATIENCE: u32 = 30_000;

/// Asks the server; the error says why there is no answer.
pub(crate) async fn request(address: &str, question: &Question) -> Result<Answer, String> {
    fetch(address, question).await.map_err(|error| {
        let error = error.dyn_ref::<js_sys::Error>().map(|it| String::from(it.message()));
        error.unwrap_or_else(|| "no connection".to_owned())
    })
}

async fn fetch(address: &str, question: &Question) -> Result<Answer, JsValue> {
    let headers = Headers::new()?;
    headers.set("X-Monoxide", "page")?;
    let init = RequestInit::new();
    init.set_method(question.method);
    init.set_cache(RequestCache::NoStore);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(PATIENCE)));
    if let Some(body) = &question.body {
        headers.set("Content-Type", "application/json")?;
        init.set_body(&body.into());
    }
    for (name, value) in &question.headers {
        headers.set(name, value)?;
    }
    init.set_headers(&headers);

    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let response = JsFuture::from(window.fetch_with_str_and_init(address, &init)).await?;
    let response: Response = response.unchecked_into();
    let header = |name| response.headers().get(name).ok().flatten();
    Ok(Answer {
        status: response.status(),
        retry_after: header("retry-after").and_then(|it| it.parse().ok()),
        version: header("etag").as_deref().map(tag),
        headers: told(&response),
        now: header("date").map_or(0, |it| seconds(&it)),
        body: JsFuture::from(response.text()?).await?.as_string().unwrap_or_default(),
    })
}

fn told(response: &Response) -> Vec<(String, String)> {
    let pairs = js_sys::try_iter(&response.headers()).ok().flatten();
    let pair = |pair: JsValue| {
        let pair: Array = pair.dyn_into().ok()?;
        Some((pair.get(0).as_string()?, pair.get(1).as_string()?))
    };
    pairs.into_iter().flatten().filter_map(|it| pair(it.ok()?)).collect()
}

/// The time that a header says, in seconds since the Unix epoch; 0 when it says none.
fn seconds(date: &str) -> u64 {
    let milliseconds = Date::parse(date);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` makes no number 0"
    )]
    let seconds = (milliseconds / 1000.0) as u64;
    seconds
}
