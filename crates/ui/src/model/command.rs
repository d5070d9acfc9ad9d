//! Commands for a shell, to be copied.

use std::fmt;

use monoxide_protocol::Glob;

/// A command for a POSIX shell, in the parts between which its line may be broken to be read.
///
/// ```
/// # use monoxide_protocol::Glob;
/// # use monoxide_ui::model::Command;
/// let books = Glob::parse("books/*")?;
/// let command = Command::write("http://127.0.0.1:8800", &books, r#"{"title":"Dune"}"#);
/// assert_eq!(
///     command.to_string(),
///     r#"curl -X POST 'http://127.0.0.1:8800/books/*' -d '{"title":"Dune"}'"#,
/// );
/// # Ok::<(), monoxide_protocol::KeyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command(Vec<String>);

impl Command {
    /// Writes `data` to `glob`.
    #[must_use]
    pub fn write(origin: &str, glob: &Glob, data: &str) -> Self {
        let data = format!("-d {}", quote(data));
        Self(vec!["curl -X POST".to_owned(), address(origin, glob), data])
    }

    /// Reads `glob`.
    #[must_use]
    pub fn read(origin: &str, glob: &Glob) -> Self {
        Self(vec!["curl".to_owned(), address(origin, glob)])
    }

    /// The same for a server that asks who one is: the shell knows a token.
    #[must_use]
    pub fn with_token(mut self) -> Self {
        self.0.insert(1, r#"-H "Authorization: Bearer $TOKEN""#.to_owned());
        self
    }

    /// Calls `address`, which has no slash before it, with `body` as JSON.
    #[must_use]
    pub fn call(origin: &str, method: &str, address: &str, body: Option<&str>) -> Self {
        let mut parts = vec![format!("curl -X {method}"), quote(&format!("{origin}/{address}"))];
        if let Some(body) = body {
            parts.push("-H 'content-type: application/json'".to_owned());
            parts.push(format!("-d {}", quote(body)));
        }
        Self(parts)
    }

    /// Writes everything into a file, on the server's machine.
    #[must_use]
    pub fn backup() -> Self {
        Self(vec!["monoxide backup".to_owned(), "monoxide.backup".to_owned()])
    }

    /// Puts a backup back, on the server's machine.
    #[must_use]
    pub fn restore(file: &str) -> Self {
        Self(vec!["monoxide restore".to_owned(), quote(file), "--force".to_owned()])
    }

    /// The parts, in order, to be joined by blanks.
    #[must_use]
    pub fn parts(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// Quoted, because shells would take its star for file names.
fn address(origin: &str, glob: &Glob) -> String {
    quote(&format!("{origin}/{glob}"))
}

/// One word for a POSIX shell.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_left_to_the_shell() {
        let command = Command::read("http://127.0.0.1:8800", &Glob::parse("books/*").unwrap());
        assert_eq!(
            command.with_token().to_string(),
            r#"curl -H "Authorization: Bearer $TOKEN" 'http://127.0.0.1:8800/books/*'"#,
        );
    }

    #[test]
    fn quotes_in_the_data_stay_in_the_word() {
        assert_eq!(quote(r#"{"name":"O'Hara"}"#), r#"'{"name":"O'\''Hara"}'"#);
    }
}
