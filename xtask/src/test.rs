//! All tests, and one line that counts them.

use std::{
    fmt, fs,
    io::{BufRead as _, BufReader},
    ops::AddAssign,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::{browser, program, server};

/// The tests that go on for as long as they are asked to: package, target and name.
const SOAKS: [(&str, &[&str], &str); 3] = [
    ("monoxide-engine", &["--test", "it"], "delivery::property"),
    ("monoxide-engine", &["--lib"], "schedules"),
    ("monoxide-testkit", &["--test", "wire"], "churn"),
];

/// How many tests ended in which way.
#[derive(Debug, Default, PartialEq, Eq)]
struct Totals {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// Runs every test; false if one failed. The last line it prints is the totals.
pub(crate) fn test(browser: &str) -> Result<bool> {
    let mut totals = cargo_tests()?;
    let binary = server::build()?;
    totals += browser_tests(&binary, browser, &[])?;
    println!("{totals}");
    Ok(totals.failed == 0)
}

/// Runs the tests that find more the longer they go on, with so many cases of the property tests
/// and as much more of the others; false if one failed.
pub(crate) fn soak(cases: u32) -> Result<bool> {
    let mut totals = Totals::default();
    for (package, target, name) in SOAKS {
        let mut cargo = Command::new("cargo");
        cargo.args(["test", "--release", "--package", package]).args(target).arg(name);
        let soaked = counted(cargo.env("MONOXIDE_SOAK_CASES", cases.to_string()))?;
        ensure!(soaked != Totals::default(), "{package} has no test that is called {name}");
        totals += soaked;
    }
    println!("{totals}");
    Ok(totals.failed == 0)
}

/// Runs only the test that the page is there and live, against the program `binary`.
pub(crate) fn page_test(binary: &Path, browser: &str) -> Result<()> {
    let totals = browser_tests(binary, browser, &["--grep", "@page"])?;
    ensure!(totals.passed > 0 && totals.failed == 0, "the test of the page failed");
    Ok(())
}

/// Unit, integration, property and doc tests. The application is compiled for the browser only.
fn cargo_tests() -> Result<Totals> {
    let mut cargo = Command::new("cargo");
    counted(cargo.args(["test", "--workspace", "--exclude", "monoxide-app", "--no-fail-fast"]))
}

/// Runs cargo's tests, shows what they say and counts them.
fn counted(cargo: &mut Command) -> Result<Totals> {
    let started = cargo.stdout(Stdio::piped()).spawn();
    let mut child = started.map_err(|error| program::not_started(cargo, error))?;
    let mut totals = Totals::default();
    for line in BufReader::new(child.stdout.take().context("it is piped")?).lines() {
        let line = line?;
        println!("{line}");
        totals += of_cargo(&line);
    }
    Ok(with_status(totals, child.wait()?.success()))
}

/// The browser tests, all or those that `arguments` choose, against the program `binary`.
fn browser_tests(binary: &Path, browser: &str, arguments: &[&str]) -> Result<Totals> {
    let report = std::env::current_dir()?.join("target/xtask/browser-tests.json");
    // One of an earlier run must not be counted.
    let _ = fs::remove_file(&report);
    let mut npx = Command::new("npx");
    npx.current_dir("e2e").args(["playwright", "test", "--reporter=list,json"]).args(arguments);
    npx.env("MONOXIDE_BIN", binary).env(browser::VARIABLE, browser);
    npx.env("PLAYWRIGHT_JSON_OUTPUT_FILE", &report);
    let status = npx.status().map_err(|error| program::not_started(&npx, error))?;
    let report = fs::read(report).ok().and_then(|text| serde_json::from_slice(&text).ok());
    Ok(with_status(of_playwright(&report.unwrap_or_default()), status.success()))
}

/// What could not run to its end counts as a failure even if no test of it did.
fn with_status(mut totals: Totals, success: bool) -> Totals {
    if !success && totals.failed == 0 {
        totals.failed = 1;
    }
    totals
}

/// What a line of cargo's output counts: nothing, unless it is the result of a test program.
fn of_cargo(line: &str) -> Totals {
    let mut totals = Totals::default();
    let Some(result) = line.strip_prefix("test result: ") else {
        return totals;
    };
    for part in result.split(['.', ';']) {
        match part.trim().split_once(' ').map(|(count, what)| (count.parse(), what)) {
            Some((Ok(count), "passed")) => totals.passed = count,
            Some((Ok(count), "failed")) => totals.failed = count,
            Some((Ok(count), "ignored")) => totals.skipped = count,
            _ => {}
        }
    }
    totals
}

/// What Playwright's report counts. A test that passes only now and then has failed.
fn of_playwright(report: &Value) -> Totals {
    let count = |name: &str| report["stats"][name].as_u64().unwrap_or(0);
    Totals {
        passed: count("expected"),
        failed: count("unexpected") + count("flaky"),
        skipped: count("skipped"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_result_line_of_cargo_is_counted() {
        let line = "test result: FAILED. 12 passed; 3 failed; 4 ignored; 0 measured; 5 filtered \
                    out; finished in 0.00s";

        assert_eq!(of_cargo(line), Totals { passed: 12, failed: 3, skipped: 4 });
    }

    #[test]
    fn any_other_line_counts_nothing() {
        for line in ["test tests::ok ... ok", "running 5 tests", "12 passed", ""] {
            assert_eq!(of_cargo(line), Totals::default());
        }
    }

    #[test]
    fn a_report_of_playwright_is_counted() {
        let report = json!({"stats": {"expected": 4, "unexpected": 1, "flaky": 1, "skipped": 2}});

        assert_eq!(of_playwright(&report), Totals { passed: 4, failed: 2, skipped: 2 });
    }

    #[test]
    fn tests_that_could_not_run_are_a_failure() {
        assert_eq!(with_status(of_playwright(&Value::Null), false).failed, 1);
        assert_eq!(with_status(of_cargo("error: could not compile"), false).failed, 1);
        assert_eq!(with_status(Totals::default(), true).failed, 0);
    }

    #[test]
    fn the_totals_are_one_line() {
        let mut totals = Totals { passed: 1, failed: 0, skipped: 0 };
        assert_eq!(totals.to_string(), "1 passed, 0 failed");

        totals += Totals { passed: 2, failed: 3, skipped: 4 };
        assert_eq!(totals.to_string(), "3 passed, 3 failed, 4 skipped");
    }
}
