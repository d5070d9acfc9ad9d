//! Other programs: started, waited for, and blamed in one line.

use std::{
    io,
    process::{Command, Output},
};

use anyhow::{Context as _, Error, Result, bail};

/// Runs a program whose output the reader sees.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|error| not_started(command, error))?;
    if !status.success() {
        bail!("`{}` failed ({status})", line(command));
    }
    Ok(())
}

/// Runs a program for its output; the error of a program that fails quotes what it complained of.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command.output().map_err(|error| not_started(command, error))?;
    if !output.status.success() {
        bail!("`{}` failed: {}", line(command), complaint(&output));
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` did not print text", line(command)))
}

/// The program and its arguments, as one would type them.
pub(crate) fn line(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The error of a program that could not even be started.
pub(crate) fn not_started(command: &Command, error: io::Error) -> Error {
    let name = command.get_program().to_string_lossy();
    if error.kind() != io::ErrorKind::NotFound {
        return Error::new(error).context(format!("`{name}` could not be started"));
    }
    let fix = match &*name {
        "node" | "npm" | "npx" => "install Node 20 or newer, which brings it",
        "cargo" | "rustc" => "install Rust",
        _ => "install it or put it on the PATH",
    };
    Error::msg(format!("`{name}` is missing: {fix}"))
}

/// The line of a failed program's output that says most: its first error, else its last word.
fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    let is_error = |line: &&str| ["error", "e:"].iter().any(|start| starts(line, start));
    let said = text.lines().find(is_error).or_else(|| text.lines().rfind(|line| !line.is_empty()));
    said.map_or_else(|| output.status.to_string(), |line| line.trim().to_owned())
}

fn starts(line: &str, start: &str) -> bool {
    line.trim_start().to_lowercase().starts_with(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> String {
        read(Command::new("sh").args(["-c", script])).unwrap_err().to_string()
    }

    #[test]
    fn a_failed_program_is_quoted_with_its_first_error() {
        let error = sh("echo 'info: trying' >&2; echo 'error: no route' >&2; echo bye >&2; exit 3");

        assert!(error.ends_with("failed: error: no route"), "{error}");
    }

    #[test]
    fn a_failed_program_that_names_no_error_is_quoted_with_its_last_word() {
        assert!(sh("echo first; echo last; exit 1").ends_with("failed: last"));
        assert!(sh("exit 7").ends_with("failed: exit status: 7"));
    }

    #[test]
    fn a_missing_program_is_named_with_what_to_do() {
        let error = run(&mut Command::new("no-such-program")).unwrap_err().to_string();

        assert_eq!(error, "`no-such-program` is missing: install it or put it on the PATH");
    }
}
