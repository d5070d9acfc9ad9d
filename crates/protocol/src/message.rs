//! What a subscriber is told.

use json_patch::{
    AddOperation, Patch, PatchOperation, RemoveOperation, ReplaceOperation, jsonptr::PointerBuf,
};
use serde::{Deserialize, Serialize, de::Error as _};
use serde_json::{Map, Value, value::RawValue};

use crate::{Version, json};

/// One message to a subscriber, as a client reads it.
///
/// On the wire it is one flat object; here the two cases cannot be mixed up. The server writes
/// messages with [`encode`], from text that is JSON already.
///
/// ```
/// # use monoxide_protocol::{Message, Version};
/// let text = r#"{"snapshot":true,"version":"1f","data":[]}"#;
/// let message = Message::decode(text)?;
/// assert_eq!(message.version(), Version::new(31));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// All of it. The first message of a subscription is a snapshot, unless it named the version
    /// from which it wants to go on.
    Snapshot {
        /// The state this is.
        version: Version,
        /// The whole document.
        document: Value,
    },
    /// What changed since the message before.
    Patch {
        /// The state the patch leads to.
        version: Version,
        /// The change, as RFC 6902 has it.
        patch: Patch,
    },
}

impl Message {
    /// Reads a message.
    ///
    /// # Errors
    ///
    /// When `text` is not a message.
    pub fn decode(text: &str) -> Result<Self, serde_json::Error> {
        // `data` is read apart from the rest, because what it is depends on `snapshot`.
        let Wire { snapshot, version, data } = json::from_text(text)?;
        let data = data.get();
        Ok(if snapshot {
            Self::Snapshot { version, document: json::from_text(data)? }
        } else {
            Self::Patch { version, patch: patch(json::from_text(data)?)? }
        })
    }

    /// The state this message leads to.
    #[must_use]
    pub fn version(&self) -> Version {
        match self {
            Self::Snapshot { version, .. } | Self::Patch { version, .. } => *version,
        }
    }
}

/// Reads operations: those of `json_patch` by way of what the derived reader of its enum would
/// take twice the room of in a page.
fn patch(operations: Vec<Map<String, Value>>) -> Result<Patch, serde_json::Error> {
    operations.into_iter().map(operation).collect::<Result<_, _>>().map(Patch)
}

/// Reads one of the three operations that the wire has.
fn operation(mut members: Map<String, Value>) -> Result<PatchOperation, serde_json::Error> {
    let path = members.get("path").and_then(Value::as_str);
    let path = path.ok_or_else(|| serde_json::Error::missing_field("path"))?;
    let path = PointerBuf::parse(path).map_err(serde_json::Error::custom)?;
    let value = members.get_mut("value").map(Value::take);
    let value = value.ok_or_else(|| serde_json::Error::missing_field("value"));
    Ok(match members.get("op").and_then(Value::as_str) {
        Some("add") => PatchOperation::Add(AddOperation { path, value: value? }),
        Some("replace") => PatchOperation::Replace(ReplaceOperation { path, value: value? }),
        Some("remove") => PatchOperation::Remove(RemoveOperation { path }),
        _ => return Err(serde_json::Error::custom("an operation adds, replaces or removes")),
    })
}

#[derive(Serialize, Deserialize)]
struct Wire {
    snapshot: bool,
    version: Version,
    data: Box<RawValue>,
}

/// Which of the two messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The whole document.
    Snapshot,
    /// RFC 6902 operations.
    Patch,
}

/// Writes a message. `data` adds the document or the operations, as JSON; `size` is about how
/// many bytes that will be.
///
/// ```
/// # use monoxide_protocol::{Kind, Version, encode};
/// let text = encode(Kind::Snapshot, Version::new(31), 2, |out| out.push_str("[]"));
/// assert_eq!(text, r#"{"snapshot":true,"version":"1f","data":[]}"#);
/// ```
pub fn encode(kind: Kind, version: Version, size: usize, data: impl FnOnce(&mut String)) -> String {
    let mut out = String::with_capacity(64 + size);
    out.push_str(match kind {
        Kind::Snapshot => "{\"snapshot\":true,\"version\":\"",
        Kind::Patch => "{\"snapshot\":false,\"version\":\"",
    });
    out.push_str(&version.to_string());
    out.push_str("\",\"data\":");
    data(&mut out);
    out.push('}');
    out
}
