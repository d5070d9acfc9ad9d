//! What somebody typed and has not saved, as it is kept in the browser.

use monoxide_protocol::Version;
use serde_json::{Value, json};

/// The longest draft that is kept: browsers keep about five million characters for all pages of a
/// server together.
pub const LONGEST_DRAFT: usize = 2_000_000;

/// A text that is not saved yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What was typed.
    pub text: String,
    /// What it was made of: the object's text and version; `None` for what is new.
    pub base: Option<(String, Version)>,
    /// When it was typed, in nanoseconds since the Unix epoch by the clock of the page.
    pub typed: u64,
}

impl Draft {
    /// The draft as text.
    #[must_use]
    pub fn write(&self) -> String {
        let (base, version) = self.base.as_ref().map(|(text, at)| (text, at.to_string())).unzip();
        json!({"text": self.text, "base": base, "version": version, "typed": self.typed})
            .to_string()
    }

    /// Reads what [`write`](Self::write) wrote.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        let version = text("version").and_then(|it| it.parse().ok());
        let typed = value.get("typed").and_then(Value::as_u64).unwrap_or_default();
        Some(Self { text: text("text")?, base: text("base").zip(version), typed })
    }
}

/// The name under which a draft of `what` is kept: each account has its own.
#[must_use]
pub fn draft_name(prefix: &str, account: Option<&str>, what: &str) -> String {
    format!("monoxide.draft:{prefix}:{}:{what}", account.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_comes_back_as_it_was() {
        for base in [None, Some(("{\n}".to_owned(), Version::new(0x18e9)))] {
            let draft = Draft { text: "{\"a\": \"\u{2028}\n".to_owned(), base, typed: u64::MAX };
            assert_eq!(Draft::read(&draft.write()), Some(draft));
        }
    }

    #[test]
    fn what_is_no_draft_is_none() {
        for text in ["", "{}", "[]", "{\"text\": 1}"] {
            assert_eq!(Draft::read(text), None);
        }
    }

    #[test]
    fn nobody_is_shown_the_drafts_of_somebody_else() {
        assert_ne!(draft_name("/", Some("ann"), "a/b"), draft_name("/", Some("bob"), "a/b"));
        assert_ne!(draft_name("/", None, "a/b"), draft_name("/", Some("bob"), "a/b"));
    }
}
