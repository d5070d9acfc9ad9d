//! Why the server did not do something with data, in plain words.

use monoxide_client::accounts::AskError;

/// What a server says that has no filter for a key, and takes no other.
const NO_FILTER: &str = "filters: route not defined";

/// The words for `error`, as one sentence or two.
///
/// ```
/// # use monoxide_client::accounts::{AskError, Problem};
/// # use monoxide_ui::model::refused;
/// let detail = "a note says something".to_owned();
/// let error = AskError::Refused(Problem { status: 400, detail, ..Problem::default() });
/// assert_eq!(refused(&error), "The server refused it: a note says something.");
/// ```
#[must_use]
pub fn refused(error: &AskError) -> String {
    let AskError::Refused(problem) = error else {
        return match error {
            AskError::Unreachable(_) => {
                "The server cannot be reached. Nothing is lost; try again in a moment."
            }
            _ => "The server gave an answer that this page does not understand.",
        }
        .to_owned();
    };
    let detail = problem.detail.strip_prefix("ooo: ").unwrap_or(&problem.detail);
    let detail = detail.trim().trim_end_matches('.');
    match problem.status {
        _ if detail.starts_with(NO_FILTER) => {
            "This server takes only keys that one of its filters names, and this is none of them."
                .to_owned()
        }
        401 | 403 if error.needs_sign_in() => "Your session has ended. Sign in again.".to_owned(),
        401 | 403 => "You may not do this: the rules of this server do not let you.".to_owned(),
        404 => "It is not there any more.".to_owned(),
        412 => "Somebody else was first: it is not as it was when you looked.".to_owned(),
        413 => "This is larger than the server takes.".to_owned(),
        429 => "That was too much in too short a time. Wait a moment, then try again.".to_owned(),
        502..=504 if detail.is_empty() => {
            "The server cannot be reached. Nothing is lost; try again in a moment.".to_owned()
        }
        503 => format!("The server cannot do it just now ({detail}). Nothing is lost; try again."),
        status if detail.is_empty() => format!("The server refused it, with {status}."),
        _ => format!("The server refused it: {detail}."),
    }
}

#[cfg(test)]
mod tests {
    use monoxide_client::accounts::Problem;

    use super::*;

    #[track_caller]
    fn check(status: u16, detail: &str, expected: &str) {
        let problem = Problem { status, detail: detail.to_owned(), ..Problem::default() };
        assert_eq!(refused(&AskError::Refused(problem)), expected);
    }

    #[test]
    fn what_a_person_can_do_nothing_with_is_put_differently() {
        check(
            400,
            "filters: route not defined, key:books/*",
            "This server takes only keys that one of its filters names, and this is none of them.",
        );
        check(
            403,
            "ooo: not allowed",
            "You may not do this: the rules of this server do not let you.",
        );
        check(400, "ooo: key is not valid\n", "The server refused it: key is not valid.");
        check(500, "", "The server refused it, with 500.");
        check(
            503,
            "ooo: storage is failing",
            "The server cannot do it just now (storage is failing). Nothing is lost; try again.",
        );
    }
}
