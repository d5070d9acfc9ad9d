//! What the server refuses, in plain words.

use monoxide_client::accounts::{AskError, FieldProblem, Problem};

/// What is said of a refusal: beside fields, and above the form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// What is wrong with which field.
    pub fields: Vec<(String, String)>,
    /// What is wrong with the whole; empty when the fields say it.
    pub whole: String,
}

impl Words {
    /// The words for `error`.
    #[must_use]
    pub fn of(error: &AskError) -> Self {
        match error {
            AskError::Refused(problem) => Self::of_problem(problem),
            AskError::Unreachable(_) => Self::whole(
                "The server cannot be reached. Nothing was changed; try again in a moment.",
            ),
            _ => Self::whole("The server gave an answer that this page does not understand."),
        }
    }

    fn of_problem(problem: &Problem) -> Self {
        let field = |name: &str, text: &str| Self {
            fields: vec![(name.to_owned(), text.to_owned())],
            whole: String::new(),
        };
        match problem.code.as_str() {
            "fields" => Self {
                fields: problem.errors.iter().map(field_words).collect(),
                whole: String::new(),
            },
            "account-taken" => field("account", "This name is taken. Choose another."),
            "too-many-tries" => Self::whole(&too_many(problem.retry_after)),
            "busy" => Self::whole("Many people are signing in just now. Try again in a moment."),
            code => match sentence(code) {
                Some(text) => Self::whole(text),
                None if problem.detail.is_empty() => {
                    Self::whole(&format!("The server refused this, with {}.", problem.status))
                }
                None => Self::whole(&as_sentence(&problem.detail)),
            },
        }
    }

    fn whole(text: &str) -> Self {
        Self { fields: Vec::new(), whole: text.to_owned() }
    }
}

fn sentence(code: &str) -> Option<&'static str> {
    Some(match code {
        "wrong-credentials" => "The account or the password is wrong.",
        "account-disabled" => "This account is disabled. An administrator can enable it.",
        "last-administrator" => {
            "This is the only administrator. Make somebody else one first, or nobody can look after \
             the server."
        }
        "set-up-link" => {
            "This link is not good any more: it was used, or the server was started again since. \
             The terminal shows a new one when the server starts."
        }
        "registration-closed" => "People cannot make themselves an account here.",
        "not-allowed" => "Only administrators may do this.",
        "not-found" => "There is no such account any more.",
        "sign-in-needed" | "token-expired" | "token-invalid" | "session-ended" => {
            "Your session has ended. Sign in again."
        }
        "foreign-page" => "The server does not take this page for its own. Reload it.",
        "unavailable" => "The server cannot keep changes just now. Nothing was changed.",
        _ => return None,
    })
}

/// What the server says is for people too, only not written as a sentence.
fn field_words(problem: &FieldProblem) -> (String, String) {
    let text = match (problem.field.as_str(), problem.code.as_str()) {
        ("password", "known") => "That is a password that everybody tries first.".to_owned(),
        _ => as_sentence(&problem.message),
    };
    (problem.field.clone(), text)
}

fn as_sentence(text: &str) -> String {
    let text = text.trim_end_matches('.').replace('`', "");
    let mut rest = text.chars();
    let first = rest.next().map(|c| c.to_ascii_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", rest.as_str())
}

fn too_many(seconds: Option<u64>) -> String {
    let wait = match seconds {
        None | Some(0..=1) => "a moment".to_owned(),
        Some(seconds @ 2..=90) => format!("{seconds} seconds"),
        Some(seconds) => format!("{} minutes", seconds.div_ceil(60)),
    };
    format!("Too many tries. Wait {wait}, then try again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str) -> Problem {
        Problem { status: 400, code: code.to_owned(), ..Problem::default() }
    }

    #[track_caller]
    fn check(problem: Problem, expected: &str) {
        assert_eq!(Words::of(&AskError::Refused(problem)).whole, expected);
    }

    #[test]
    fn too_many_tries_say_how_long_to_wait() {
        let after = |seconds| Problem { retry_after: Some(seconds), ..refused("too-many-tries") };
        check(after(1), "Too many tries. Wait a moment, then try again.");
        check(after(30), "Too many tries. Wait 30 seconds, then try again.");
        check(after(121), "Too many tries. Wait 3 minutes, then try again.");
    }

    #[test]
    fn a_code_that_is_not_known_is_told_in_the_servers_words() {
        let detail = "the `thing` is odd".to_owned();
        check(Problem { detail, ..refused("new") }, "The thing is odd.");
        check(refused(""), "The server refused this, with 400.");
    }

    #[test]
    fn what_is_wrong_with_a_field_is_told_beside_it() {
        let taken = Words::of(&AskError::Refused(refused("account-taken")));
        assert_eq!(taken.fields[0].0, "account");
        let (field, code) = ("email".to_owned(), "email".to_owned());
        let message = "an email address looks like `name@example.org`".to_owned();
        let errors = vec![FieldProblem { field, code, message }];
        let words = Words::of(&AskError::Refused(Problem { errors, ..refused("fields") }));
        assert_eq!(words.fields[0].1, "An email address looks like name@example.org.");
        assert!(words.whole.is_empty());
    }
}
