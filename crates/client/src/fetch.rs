//! A page's requests. They carry its cookies, and the header that only pages of the server send.

use js_sys::{Array, Date};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestCache, RequestInit, Response};

use crate::{accounts::Answer, admin::Called};

/// How long an answer may take, in milliseconds. Passwords may have to wait for their turn.
const PATIENCE: u32 = 30_000;

/// Asks the server; the error says why there is no answer.
pub(crate) async fn request(
    method: &str,
    address: &str,
    body: Option<String>,
) -> Result<Answer, String> {
    read(method, address, body).await.map_err(why)
}

/// Asks the server, and gives all of what came back.
pub(crate) async fn call(
    method: &str,
    address: &str,
    body: Option<String>,
) -> Result<Called, String> {
    let begun = Date::now();
    let called = async {
        let response = send(method, address, body).await?;
        let body = JsFuture::from(response.text()?).await?.as_string().unwrap_or_default();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is a wait")]
        let milliseconds = (Date::now() - begun) as u64;
        let (status, headers) = (response.status(), headers(&response));
        Ok(Called { status, headers, body, milliseconds })
    };
    called.await.map_err(why)
}

fn why(error: JsValue) -> String {
    let error = error.dyn_ref::<js_sys::Error>().map(|it| String::from(it.message()));
    error.unwrap_or_else(|| "no connection".to_owned())
}

fn headers(response: &Response) -> Vec<(String, String)> {
    let pairs = js_sys::try_iter(&response.headers()).ok().flatten();
    let pair = |pair: JsValue| {
        let pair: Array = pair.dyn_into().ok()?;
        Some((pair.get(0).as_string()?, pair.get(1).as_string()?))
    };
    pairs.into_iter().flatten().filter_map(|it| pair(it.ok()?)).collect()
}

async fn read(method: &str, address: &str, body: Option<String>) -> Result<Answer, JsValue> {
    let response = send(method, address, body).await?;
    let header = |name| response.headers().get(name).ok().flatten();
    Ok(Answer {
        status: response.status(),
        retry_after: header("retry-after").and_then(|it| it.parse().ok()),
        now: header("date").map_or(0, |it| seconds(&it)),
        body: JsFuture::from(response.text()?).await?.as_string().unwrap_or_default(),
    })
}

async fn send(method: &str, address: &str, body: Option<String>) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    headers.set("X-Monoxide", "page")?;
    let init = RequestInit::new();
    init.set_method(method);
    init.set_cache(RequestCache::NoStore);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(PATIENCE)));
    if let Some(body) = body {
        headers.set("Content-Type", "application/json")?;
        init.set_body(&body.into());
    }
    init.set_headers(&headers);

    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let response = JsFuture::from(window.fetch_with_str_and_init(address, &init)).await?;
    Ok(response.unchecked_into())
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
