//! What a subscriber is told.

use json_patch::Patch;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

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
            Self::Patch { version, patch: json::from_text(data)? }
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
