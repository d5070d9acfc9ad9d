//! What may be written, read and deleted, and the limits of lists. This is yours to change.

use std::time::Duration;

use monoxide_engine::{Denied, Filters, Limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What `example/notes/*` holds. Its type is what is checked, and what `/?api=filters` shows.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Note {
    text: String,
    #[serde(default)]
    done: bool,
}

/// The filters, of which the first that matches decides. What none covers is open; with
/// `.only_these()` it would be closed.
pub(crate) fn filters() -> Filters {
    Filters::new()
        // curl -X POST 'http://127.0.0.1:8800/example/notes/*' -d '{"text": "hello"}'
        .write_as("example/notes/*", |_context, note: Note| match note.text.trim() {
            "" => Err(Denied::new("a note says something")),
            _ => Ok(note),
        })
        .about("a note says something")
        // The newest hundred, and none older than a day.
        .limit("example/log/*", Limit::count(100).and_age(Duration::from_secs(24 * 60 * 60)))
        .about("what happened today")
}
