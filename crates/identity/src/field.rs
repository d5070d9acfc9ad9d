//! What people fill in, and what is wrong with it.

use std::{borrow::Borrow, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// One field that cannot be as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{field}: {message}")]
pub struct FieldError {
    /// Which one.
    pub field: &'static str,
    /// What is wrong, for programs. It does not change.
    pub code: &'static str,
    /// What is wrong, for people.
    pub message: &'static str,
}

impl FieldError {
    pub(crate) const fn new(
        field: &'static str,
        code: &'static str,
        message: &'static str,
    ) -> Self {
        Self { field, code, message }
    }
}

/// The name of an account: 2 to 32 characters of `a-z`, `0-9`, `-` and `_`, with a letter or digit
/// at both ends, so that it can be a segment of a key. Capital letters are taken as small ones.
///
/// ```
/// use monoxide_identity::AccountName;
///
/// assert_eq!(AccountName::parse("Ann")?.as_str(), "ann");
/// assert!(AccountName::parse("ann lee").is_err());
/// # Ok::<(), monoxide_identity::FieldError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountName(Arc<str>);

impl AccountName {
    /// The name in `text`.
    ///
    /// # Errors
    ///
    /// When it cannot be one.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        const LENGTH: FieldError =
            FieldError::new("account", "length", "an account name has 2 to 32 characters");
        const CHARACTERS: FieldError = FieldError::new(
            "account",
            "characters",
            "an account name has letters, digits, `-` and `_`, and begins and ends with a letter or digit",
        );
        if !(2..=32).contains(&text.len()) {
            return Err(LENGTH);
        }
        is_word(text).then(|| Self(text.to_ascii_lowercase().into())).ok_or(CHARACTERS)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for AccountName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for AccountName {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        Self::parse(&text).map_err(|error| error.message)
    }
}

impl From<AccountName> for String {
    fn from(name: AccountName) -> Self {
        name.0.as_ref().to_owned()
    }
}

/// What an account may do is decided by its roles. One has 1 to 32 characters, as an
/// [`AccountName`] has them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Role(Arc<str>);

/// The role of those who look after the server.
pub const ADMIN: &str = "admin";

impl Role {
    /// The role in `text`.
    ///
    /// # Errors
    ///
    /// When it cannot be one.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        const WRONG: FieldError = FieldError::new(
            "roles",
            "role",
            "a role has 1 to 32 letters, digits, `-` and `_`, and begins and ends with a letter or digit",
        );
        let fits = (1..=32).contains(&text.len()) && is_word(text);
        fits.then(|| Self(text.to_ascii_lowercase().into())).ok_or(WRONG)
    }

    /// The role of those who look after the server.
    #[must_use]
    pub fn admin() -> Self {
        Self(ADMIN.into())
    }

    /// The role as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Role {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        Self::parse(&text).map_err(|error| error.message)
    }
}

impl From<Role> for String {
    fn from(role: Role) -> Self {
        role.0.as_ref().to_owned()
    }
}

fn is_word(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphanumeric();
    text.starts_with(edge)
        && text.ends_with(edge)
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// What a person is called: 1 to 80 characters.
pub(crate) fn display_name(text: &str) -> Result<String, FieldError> {
    const LENGTH: FieldError = FieldError::new("name", "length", "a name has 1 to 80 characters");
    const CHARACTERS: FieldError =
        FieldError::new("name", "characters", "a name has no control characters");
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err(CHARACTERS);
    }
    (1..=80).contains(&text.chars().count()).then(|| text.to_owned()).ok_or(LENGTH)
}

/// An address as far as it can be told without sending anything there; none when it is empty.
pub(crate) fn email(text: &str) -> Result<Option<String>, FieldError> {
    const WRONG: FieldError =
        FieldError::new("email", "email", "an email address looks like `name@example.org`");
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let fits = text.split_once('@').is_some_and(|(name, host)| {
        let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>,;\"()".contains(c);
        !name.is_empty()
            && !host.contains('@')
            && !host.starts_with('.')
            && !host.ends_with('.')
            && host.contains('.')
            && text.len() <= 254
            && text.chars().all(is_plain)
    });
    fits.then(|| Some(text.to_owned())).ok_or(WRONG)
}

/// A number with the signs that people put into one; none when it is empty.
pub(crate) fn phone(text: &str) -> Result<Option<String>, FieldError> {
    const WRONG: FieldError =
        FieldError::new("phone", "phone", "a phone number has 3 to 32 digits, spaces and `+-()./`");
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let fits = (3..=32).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_digit() || " +-()./".contains(c))
        && text.chars().any(|c| c.is_ascii_digit());
    fits.then(|| Some(text.to_owned())).ok_or(WRONG)
}

pub(crate) fn roles<R: AsRef<str>>(texts: &[R]) -> Result<Vec<Role>, FieldError> {
    const MANY: FieldError = FieldError::new("roles", "length", "an account has at most 16 roles");
    if texts.len() > 16 {
        return Err(MANY);
    }
    let mut roles =
        texts.iter().map(|text| Role::parse(text.as_ref())).collect::<Result<Vec<_>, _>>()?;
    roles.sort_unstable();
    roles.dedup();
    Ok(roles)
}

/// Takes what is right, and notes what is not.
pub(crate) fn note<T>(checked: Result<T, FieldError>, errors: &mut Vec<FieldError>) -> Option<T> {
    checked.map_err(|error| errors.push(error)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_name(text: &str, expected: Result<&str, &str>) {
        let name = AccountName::parse(text);
        let seen = name.as_ref().map(AccountName::as_str).map_err(|error| error.code);
        assert_eq!(seen, expected, "{text:?}");
    }

    #[test]
    fn names_are_the_same_in_capital_letters_and_fit_into_keys() {
        check_name("Ann_Lee-2", Ok("ann_lee-2"));
        check_name("a", Err("length"));
        check_name(&"a".repeat(33), Err("length"));
        for wrong in ["_ann", "ann-", "an/n", "an*n", "änn", "an n", "ann\0", "\u{430}nn"] {
            check_name(wrong, Err("characters"));
        }
    }

    #[test]
    fn addresses_and_numbers_are_looked_at_and_may_be_missing() {
        assert_eq!(email(" ann@example.org "), Ok(Some("ann@example.org".to_owned())));
        assert_eq!(email(""), Ok(None));
        for wrong in ["ann", "@example.org", "a@b", "a@b@c.d", "a b@c.d", "a@.d", "a@c.d\r\n"] {
            assert!(email(wrong).is_err() || wrong.ends_with('\n'), "{wrong:?}");
        }
        assert!(email(&format!("{}@example.org", "a".repeat(250))).is_err());
        assert_eq!(phone("+49 (30) 1234"), Ok(Some("+49 (30) 1234".to_owned())));
        assert!(phone("call me").is_err() && phone("---").is_err());
    }

    #[test]
    fn roles_are_few_and_each_there_once() {
        assert_eq!(
            roles(&["b", "A", "a"]).unwrap(),
            [Role::parse("a").unwrap(), Role::parse("b").unwrap()]
        );
        assert!(roles(&["x"; 17]).is_err());
        assert!(roles(&["no way"]).is_err());
    }
}
