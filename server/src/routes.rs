//! Your own endpoints, each with its types. This is yours to change.

use axum::{
    Json,
    extract::{Path, State},
};
use monoxide_engine::Engine;
use monoxide_gateway::Endpoint;
use monoxide_protocol::Glob;
use schemars::JsonSchema;
use serde::Serialize;

/// What `/example/count/{list}` answers; `/?api=endpoints` shows it.
#[derive(Debug, Serialize, JsonSchema)]
struct Count {
    objects: usize,
}

/// The endpoints. Each wins over the keys that its path matches.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        // curl 'http://127.0.0.1:8800/example/count/books'
        Endpoint::new("/example/count/{list}")
            .about("How long a list is")
            .var("list", "the list, without its star")
            .get(count)
            .response::<Count>(),
    ]
}

/// Handlers are axum's. For what whoever asks may see, take `Caller(session): Caller` instead.
async fn count(State(engine): State<Engine>, Path(list): Path<String>) -> Json<Count> {
    let list = Glob::parse(&format!("{list}/*")).ok().and_then(|glob| engine.list(&glob).ok());
    Json(Count { objects: list.map_or(0, |list| list.len()) })
}
