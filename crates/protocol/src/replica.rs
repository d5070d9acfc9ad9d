//! The copy that a subscriber keeps.

use json_patch::PatchOperation;
use serde_json::Value;

use crate::{Message, Version};

/// A patch does not fit the copy: the subscriber has to start again from a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the patch to version {got} does not fit the copy: {why}")]
pub struct Gap {
    got: Version,
    why: String,
}

/// A subscriber's copy of what it watches.
///
/// ```
/// use monoxide_protocol::{Message, Replica};
/// use serde_json::json;
///
/// let mut copy = Replica::default();
/// copy.apply(Message::decode(r#"{"snapshot":true,"version":"1","data":[1,2]}"#)?)?;
/// copy.apply(Message::decode(
///     r#"{"snapshot":false,"version":"2","data":[{"op":"remove","path":"/0"}]}"#,
/// )?)?;
/// assert_eq!(copy.document(), Some(&json!([2])));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Replica {
    state: Option<(Version, Value)>,
}

impl Replica {
    /// The document as last told; `None` before the first snapshot.
    #[must_use]
    pub fn document(&self) -> Option<&Value> {
        self.state.as_ref().map(|(_, document)| document)
    }

    /// The version as last told: what a subscriber names when it comes back.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.state.as_ref().map(|(version, _)| *version)
    }

    /// Brings the copy up to `message`.
    ///
    /// # Errors
    ///
    /// [`Gap`] when the patch does not fit. The copy stays as it was.
    pub fn apply(&mut self, message: Message) -> Result<(), Gap> {
        let (got, patch) = match message {
            Message::Snapshot { version, document } => {
                self.state = Some((version, document));
                return Ok(());
            }
            Message::Patch { version, patch } => (version, patch),
        };
        let gap = |why: String| Gap { got, why };
        let Some((have, document)) = &mut self.state else {
            return Err(gap("there is no copy yet".to_owned()));
        };
        if got <= *have {
            return Err(gap(format!("the copy is at version {have} already")));
        }
        // The wire has no others, and `json_patch` panics when it has to take back a `move` of a
        // part over the whole.
        let known = |operation: &PatchOperation| match operation {
            PatchOperation::Add(_) | PatchOperation::Remove(_) | PatchOperation::Replace(_) => true,
            PatchOperation::Move(_) | PatchOperation::Copy(_) | PatchOperation::Test(_) => false,
        };
        if !patch.iter().all(known) {
            return Err(gap("it does more than add, replace and remove".to_owned()));
        }
        // On an error `json_patch` takes back what it had done.
        json_patch::patch(document, &patch).map_err(|error| gap(error.to_string()))?;
        *have = got;
        Ok(())
    }
}
