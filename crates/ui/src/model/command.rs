//! Commands for a shell, to be copied.

use monoxide_protocol::Glob;

/// A `curl` command that writes `data` to `glob`.
///
/// The address is quoted: shells would take its star for file names.
///
/// ```
/// # use monoxide_protocol::Glob;
/// # use monoxide_ui::model::write_command;
/// let books = Glob::parse("books/*")?;
/// assert_eq!(
///     write_command("http://127.0.0.1:8800", &books, r#"{"title":"Dune"}"#),
///     r#"curl -X POST 'http://127.0.0.1:8800/books/*' -d '{"title":"Dune"}'"#,
/// );
/// # Ok::<(), monoxide_protocol::KeyError>(())
/// ```
#[must_use]
pub fn write_command(origin: &str, glob: &Glob, data: &str) -> String {
    let (address, data) = (quote(&format!("{origin}/{glob}")), quote(data));
    format!("curl -X POST {address} -d {data}")
}

/// A `curl` command that reads `glob`.
#[must_use]
pub fn read_command(origin: &str, glob: &Glob) -> String {
    format!("curl {}", quote(&format!("{origin}/{glob}")))
}

/// One word for a POSIX shell.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_in_the_data_stay_in_the_word() {
        assert_eq!(quote(r#"{"name":"O'Hara"}"#), r#"'{"name":"O'\''Hara"}'"#);
    }
}
