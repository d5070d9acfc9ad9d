//! `/_health`: how the server is, for whoever watches over it. It says no more than a word, and so
//! needs no identity.

use axum::{
    Router,
    extract::State,
    http::{HeaderName, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use monoxide_engine::{Engine, Health};

use crate::{door::Door, error::Refusal};

/// Where it is.
pub(crate) const PATH: &str = "/_health";

const UNCACHED: [(HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

pub(crate) fn router() -> Router<Door> {
    Router::new().route(PATH, get(health))
}

/// 200 when all is well, and 503 otherwise.
async fn health(State(engine): State<Engine>) -> Response {
    match engine.health() {
        Health::Ok => (UNCACHED, word(&Health::Ok)).into_response(),
        health => (UNCACHED, Refusal::Unwell(word(&health))).into_response(),
    }
}

/// What is answered until every request is.
pub(crate) fn loading() -> Response {
    (UNCACHED, Refusal::Unwell(word(&Health::Loading { objects: 0 }))).into_response()
}

/// The word for how an engine is.
pub(crate) fn word(health: &Health) -> &'static str {
    match health {
        Health::Ok => "ok",
        Health::Loading { .. } => "loading",
        _ => "failing",
    }
}
