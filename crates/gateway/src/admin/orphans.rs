//! `/?api=orphan-keys`: what is stored and no read filter covers.

use monoxide_engine::{Engine, Session};
use monoxide_protocol::Key;

use super::pivot;

pub(super) fn keys(engine: &Engine, session: &Session) -> Vec<Key> {
    let mut keys = session.all_keys();
    keys.retain(|key| !engine.has_read_filter(key) && !pivot::is_own(key.as_str()));
    keys.sort_unstable();
    keys
}
