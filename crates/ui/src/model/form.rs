//! What people fill in about accounts, and what is wrong with it, while they type.
//!
//! The server checks everything again, and more; a test holds that the two agree.

/// How many characters a password has at least. The server counts bytes, of which no character has
/// less than one.
const SHORTEST: usize = 8;

/// How many bytes a password may have.
const LONGEST: usize = 1024;

/// Why a field cannot be as it is, in plain words.
pub type Wrong = &'static str;

/// A rule for what stands in a field.
pub type Rule = fn(&str) -> Result<(), Wrong>;

/// Something has to stand there.
///
/// # Errors
///
/// When it does not.
pub fn something(text: &str) -> Result<(), Wrong> {
    if text.is_empty() { Err("This has to be filled in.") } else { Ok(()) }
}

/// Everything is right.
///
/// # Errors
///
/// None.
pub fn anything(_text: &str) -> Result<(), Wrong> {
    Ok(())
}

/// The name of a new account.
///
/// # Errors
///
/// When it cannot be one.
pub fn account_name(text: &str) -> Result<(), Wrong> {
    let text = text.trim();
    let is_edge = |c: char| c.is_ascii_alphanumeric();
    let fits = |c: char| is_edge(c) || c == '-' || c == '_';
    match text {
        "" => Err("Choose a name to sign in with."),
        _ if !text.chars().all(fits) => Err("Only the letters a to z, digits, - and _."),
        _ if !(2..=32).contains(&text.len()) => Err("A name has 2 to 32 characters."),
        _ if !text.starts_with(is_edge) || !text.ends_with(is_edge) => {
            Err("It begins and ends with a letter or digit.")
        }
        _ => Ok(()),
    }
}

/// What a person is called. Nothing is fine: then it is the name of the account.
///
/// # Errors
///
/// When it cannot be that.
pub fn display_name(text: &str) -> Result<(), Wrong> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err("A name has no control characters.");
    }
    if text.chars().count() > 80 { Err("A name has at most 80 characters.") } else { Ok(()) }
}

/// What a person is called, where there has to be something.
///
/// # Errors
///
/// When it cannot be that.
pub fn own_name(text: &str) -> Result<(), Wrong> {
    something(text.trim()).and_then(|()| display_name(text))
}

/// An email address, or nothing.
///
/// # Errors
///
/// When it is no address.
pub fn email(text: &str) -> Result<(), Wrong> {
    let text = text.trim();
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>,;\"()".contains(c);
    let fits = text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && host.contains('.')
            && !host.contains('@')
            && !host.starts_with('.')
            && !host.ends_with('.')
    });
    if text.is_empty() || (fits && text.len() <= 254 && text.chars().all(is_plain)) {
        return Ok(());
    }
    Err("An address looks like name@example.org.")
}

/// A phone number, or nothing.
///
/// # Errors
///
/// When it is no number.
pub fn phone(text: &str) -> Result<(), Wrong> {
    let text = text.trim();
    let fits = (3..=32).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_digit() || " +-()./".contains(c))
        && text.chars().any(|c| c.is_ascii_digit());
    if text.is_empty() || fits {
        Ok(())
    } else {
        Err("A number has digits, spaces and + - ( ) . /")
    }
}

/// A new password. That everybody tries it first, only the server knows.
///
/// # Errors
///
/// When it cannot be one.
pub fn password(text: &str) -> Result<(), Wrong> {
    let lower = text.to_ascii_lowercase();
    let first = lower.chars().next();
    match text.len() {
        0 => Err("Choose a password."),
        length if length < SHORTEST => Err("A password has at least 8 characters."),
        length if length > LONGEST => Err("A password has at most 1,024 bytes."),
        _ if lower.chars().all(|c| Some(c) == first) => {
            Err("That is one character again and again.")
        }
        _ => Ok(()),
    }
}

/// A new password for `account`.
///
/// # Errors
///
/// When it cannot be one.
pub fn password_of(account: &str, text: &str) -> Result<(), Wrong> {
    password(text)?;
    if text.trim().eq_ignore_ascii_case(account.trim()) {
        return Err("That is the name of the account.");
    }
    Ok(())
}

/// Roles, with commas or spaces between them.
///
/// # Errors
///
/// When one cannot be a role.
pub fn roles(text: &str) -> Result<(), Wrong> {
    let is_edge = |c: char| c.is_ascii_alphanumeric();
    let is_role = |role: &String| {
        role.len() <= 32
            && role.starts_with(is_edge)
            && role.ends_with(is_edge)
            && role.chars().all(|c| is_edge(c) || c == '-' || c == '_')
    };
    match split_roles(text) {
        all if all.len() > 16 => Err("An account has at most 16 roles."),
        all if !all.iter().all(is_role) => Err("A role has letters, digits, - and _, 32 at most."),
        _ => Ok(()),
    }
}

/// The roles in a text.
#[must_use]
pub fn split_roles(text: &str) -> Vec<String> {
    let words = text.split([',', ' ', '\n', '\t']).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_right_as_the_server_wants_them() {
        for right in ["ann", "Ann_Lee-2", "a1", " ann ", &"a".repeat(32)] {
            assert_eq!(account_name(right), Ok(()), "{right:?}");
        }
        for wrong in ["", "a", "_ann", "ann-", "an/n", "änn", "an n", &"a".repeat(33)] {
            assert!(account_name(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_password_is_long_and_not_one_character_and_not_the_name() {
        assert_eq!(password("correct horse"), Ok(()));
        for wrong in ["", "seven77", "aaaaaaaaa", &"ab".repeat(513)] {
            assert!(password(wrong).is_err(), "{wrong:?}");
        }
        assert!(password_of("ann-elizabeth", "Ann-Elizabeth").is_err());
        assert_eq!(password_of("ann", "ann and others"), Ok(()));
    }

    #[test]
    fn addresses_and_numbers_may_be_missing() {
        for right in ["", " ", "ann@example.org", " ann@example.org "] {
            assert_eq!(email(right), Ok(()), "{right:?}");
        }
        for wrong in ["ann", "@example.org", "a@b", "a@b@c.d", "a b@c.d", "a@.d"] {
            assert!(email(wrong).is_err(), "{wrong:?}");
        }
        assert!(phone("").is_ok() && phone("+49 (30) 1234").is_ok() && phone("call me").is_err());
    }

    #[test]
    fn roles_are_words() {
        assert_eq!(split_roles(" admin, editor  guest,"), ["admin", "editor", "guest"]);
        assert!(roles("").is_ok() && roles("admin, editor").is_ok());
        assert!(roles("-x").is_err() && roles("a.b").is_err() && roles(&"x ".repeat(17)).is_err());
    }
}
