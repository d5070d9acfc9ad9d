//! What the server tells of the data of a key: its JSON Schema, where a filter has one.

use std::sync::Arc;

use leptos::prelude::*;
use monoxide_client::data;
use monoxide_protocol::Glob;
use serde_json::Value;

use crate::{Session, Standing};

/// The schema of `name`, which is a key or a list. Only administrators are told.
pub(super) async fn schema_of(name: &str, session: Session) -> Option<Arc<Value>> {
    let is_told = session.standing().with_untracked(|standing| match standing {
        Standing::In(profile) => profile.is_administrator(),
        Standing::Open => true,
        Standing::Asking { .. } | Standing::Out(_) => false,
    });
    if !is_told {
        return None;
    }
    // Without hints one can edit as well.
    let filters = session.ask(&data::filters()).await.ok()?;
    of(&filters, &Glob::parse(name).ok()?).map(Arc::new)
}

/// The first schema of a filter that covers what is wanted.
fn of(filters: &Value, wanted: &Glob) -> Option<Value> {
    let filters = filters.get("filters")?.as_array()?;
    let covers = |filter: &&Value| {
        let path = filter.get("path").and_then(Value::as_str);
        path.and_then(|path| Glob::parse(path).ok()).is_some_and(|path| path.covers(wanted))
    };
    filters.iter().filter(covers).find_map(|filter| filter.get("jsonSchema").cloned())
}
