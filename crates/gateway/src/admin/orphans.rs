//! `/?api=orphan-keys`: what is stored and no read filter covers.

use monoxide_engine::Engine;
use monoxide_protocol::Key;

use super::pivot;

pub(super) fn keys(engine: &Engine) -> Vec<Key> {
    let mut keys = engine.all_keys();
    keys.retain(|key| !engine.has_read_filter(key) && !pivot::is_own(key.as_str()));
    keys.sort_unstable();
    keys
}
