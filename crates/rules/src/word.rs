//! The words for what rules are about.

use std::{fmt, str::FromStr};

use monoxide_engine::Operation;

/// What a rule is about. `read` is also about listing and watching, and `write` about creating,
/// updating and deleting, where the same path has no rule of its own for that.
///
/// ```
/// use monoxide_rules::Word;
///
/// assert_eq!("create".parse(), Ok(Word::Create));
/// assert_eq!("reed".parse::<Word>().unwrap_err().to_string(),
///     "`reed` is not read, list, watch, write, create, update or delete");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "they are the words")]
pub enum Word {
    Read,
    List,
    Watch,
    Write,
    Create,
    Update,
    Delete,
}

/// It is no word for an operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not read, list, watch, write, create, update or delete")]
pub struct UnknownWord(String);

impl Word {
    pub(crate) const ALL: [Self; 7] = [
        Self::Read,
        Self::List,
        Self::Watch,
        Self::Write,
        Self::Create,
        Self::Update,
        Self::Delete,
    ];

    fn text(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Write => "write",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// Whether it is about reading.
    pub(crate) fn is_reading(self) -> bool {
        matches!(self, Self::Read | Self::List | Self::Watch)
    }

    /// What has to be allowed for an operation: for each, the words that say so, of which the first
    /// that a path has counts.
    pub(crate) fn all_of(operation: Operation) -> &'static [&'static [Self]] {
        match operation {
            Operation::Read => &[&[Self::Read]],
            Operation::List => &[&[Self::List, Self::Read]],
            Operation::Watch => &[&[Self::Read], &[Self::Watch, Self::Read]],
            Operation::WatchItem => {
                &[&[Self::List, Self::Read], &[Self::Watch, Self::List, Self::Read]]
            }
            Operation::Create => &[&[Self::Create, Self::Write]],
            Operation::Update => &[&[Self::Update, Self::Write]],
            Operation::Delete => &[&[Self::Delete, Self::Write]],
        }
    }

    /// The operation that a person means by it, for an object that is there or not.
    #[must_use]
    pub fn operation(self, is_there: bool) -> Operation {
        match self {
            Self::Read => Operation::Read,
            Self::List => Operation::List,
            Self::Watch => Operation::Watch,
            Self::Write if !is_there => Operation::Create,
            Self::Create => Operation::Create,
            Self::Write | Self::Update => Operation::Update,
            Self::Delete => Operation::Delete,
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text())
    }
}

impl FromStr for Word {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|word| word.text() == text);
        found.ok_or_else(|| UnknownWord(text.to_owned()))
    }
}
