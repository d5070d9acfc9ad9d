//! The management API: what the server knows about itself, at `/?api=…`.

mod connections;
mod endpoints;
mod filters;
mod info;
mod keys;
mod orphans;
mod pivot;
mod state;
mod topics;

use axum::{
    extract::{Query, State},
    http::{HeaderName, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use monoxide_engine::Session;
use monoxide_protocol::{Json, Range};
use serde::Serialize;

pub(crate) use self::state::CLOCK;
use crate::{door::Door, error::Refusal, operator};

/// The answer to `/?api=…`; `None` when that names nothing the API has.
pub(crate) async fn answer(
    door: &Door,
    session: &Session,
    uri: &Uri,
) -> Result<Option<Response>, Refusal> {
    let parameters = Parameters::of(uri);
    let answer = match parameters.get("api") {
        Some("keys") => json(&keys::page(session, &parameters)),
        Some("info") => json(&info::info(door).await?),
        Some("filters") => json(&filters::filters(&door.engine)),
        Some("state") => json(&state::state(door).await?),
        Some("endpoints") => json(&endpoints::endpoints(&door.settings.application.endpoints)),
        Some("connections") => json(&connections::page(door, &parameters)),
        Some("topics") => json(&topics::page(door, &parameters).await?),
        Some("range") => {
            let range = Range::read(|name| parameters.get(name))?;
            door.ranges.answer(session, range).await?
        }
        // There are no proxies yet.
        Some("proxies") => json::<[(); 0]>(&[]),
        Some("pivot") => json(&pivot::NOT_CONFIGURED),
        Some("backup") => operator::read_backup(door, session).await?,
        Some("backups") => operator::read_backups(door, session, &parameters).await?,
        Some("orphan-keys") => json(&orphans::keys(&door.engine, session)),
        _ => return Ok(None),
    };
    Ok(Some(answer))
}

/// What `DELETE /?api=…` ends: a connection.
pub(crate) async fn delete(State(door): State<Door>, uri: Uri) -> Result<Response, Refusal> {
    const METHODS: [(HeaderName, &str); 1] = [(header::ALLOW, "GET,HEAD")];
    let parameters = Parameters::of(&uri);
    if parameters.get("api") != Some("connections") {
        return Ok((METHODS, Refusal::Method).into_response());
    }
    let id = parameters.get("id").and_then(|id| id.parse().ok());
    let wrong = || Refusal::Parameter("`id` has to be the number of a connection".to_owned());
    match door.running.guests.connections().close(id.ok_or_else(wrong)?) {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(Refusal::NoConnection),
    }
}

/// The parameters of a query, in their order.
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(crate) fn of(uri: &Uri) -> Self {
        Self(Query::try_from_uri(uri).map(|Query(pairs)| pairs).unwrap_or_default())
    }

    /// The first of this name, as ooo has it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    /// Whether there is one of this name, and it does not say no.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value != "false")
    }
}

/// Which part of something long is asked for. What is asked for wrongly is as if it were not.
struct Paging {
    page: i64,
    limit: i64,
}

impl Paging {
    const LIMIT: i64 = 50;
    const LARGEST: i64 = 500;

    fn of(parameters: &Parameters) -> Self {
        let number = |name| parameters.get(name).and_then(|text| text.parse::<i64>().ok());
        let page = number("page").filter(|page| *page >= 1).unwrap_or(1);
        let limit = number("limit").filter(|limit| (1..=Self::LARGEST).contains(limit));
        Self { page, limit: limit.unwrap_or(Self::LIMIT) }
    }

    /// How many come before the page. A page beyond the end is empty, however far beyond.
    fn skip(&self) -> usize {
        usize::try_from((self.page - 1).saturating_mul(self.limit)).unwrap_or(usize::MAX)
    }

    /// How many the page has at most.
    fn take(&self) -> usize {
        usize::try_from(self.limit).unwrap_or_default()
    }
}

/// A line of JSON, with ooo's escapes.
pub(crate) fn json<T: Serialize + ?Sized>(answer: &T) -> Response {
    let text = serde_json::to_string(answer).expect("these are structs with names for fields");
    let text = Json::parse(text.as_bytes()).map_or(text, |json| json.as_str().to_owned());
    ([(header::CONTENT_TYPE, "application/json")], text + "\n").into_response()
}
