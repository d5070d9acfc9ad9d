//! What is wrong with rules, and where.

use std::{io, ops::Range, path::PathBuf};

/// A mistake in rules, with its place.
///
/// ```
/// use monoxide_rules::RuleSet;
///
/// let mistake = RuleSet::parse("rules.toml", "['books/*']\nread = 'nme == account'").unwrap_err();
/// assert_eq!(mistake.to_string(), "rules.toml:2:9: there is no variable `nme`");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {text}")]
pub struct Mistake {
    /// The name of the file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// What is wrong.
    pub text: String,
}

/// Why rules cannot be had from a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// The file cannot be read.
    #[error("cannot read {}: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        why: io::Error,
    },
    /// What it says is no set of rules.
    #[error(transparent)]
    Mistake(#[from] Mistake),
}

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Place {
    /// The place of the byte at `offset`.
    pub(crate) fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { line, column }
    }

    /// The place that is at `inner` of a text that begins here.
    pub(crate) fn within(self, inner: Self) -> Self {
        let column = if inner.line == 1 { self.column + inner.column - 1 } else { inner.column };
        Self { line: self.line + inner.line - 1, column }
    }

    pub(crate) fn mistake(self, file: &str, text: impl Into<String>) -> Mistake {
        Mistake { file: file.to_owned(), line: self.line, column: self.column, text: text.into() }
    }
}

/// The first place of a range of bytes.
pub(crate) fn start(text: &str, span: &Range<usize>) -> Place {
    Place::of(text, span.start)
}
