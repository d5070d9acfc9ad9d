//! What no compiler checks: who uses whom, where versions stand, what a file begins with.

mod arrows;
mod manifests;

use std::{path::Path, process::Command};

use anyhow::{Result, bail};

use crate::{files, program, wasm_bindgen};

/// Refuses what is not tidy. Each refusal is a line with the file and what to do.
pub(crate) fn tidy() -> Result<String> {
    let mut metadata = Command::new("cargo");
    metadata.args(["metadata", "--format-version=1"]);
    let metadata = serde_json::from_str(&program::read(&mut metadata)?)?;
    let manifests = manifests::read(&metadata)?;
    let mut sources = files::of_workspace()?;
    sources.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));

    let mut refusals = arrows::refusals(&metadata);
    refusals.extend(manifests::refusals(&manifests));
    for path in &sources {
        let text = String::from_utf8(files::read(path)?)?;
        refusals.extend(without_purpose(path, &text));
    }
    refusals.extend(wasm_bindgen::version().err().map(|error| format!("{error:#}")));
    for refusal in &refusals {
        eprintln!("{refusal}");
    }
    if !refusals.is_empty() {
        bail!("tidy refuses {} things", refusals.len());
    }
    Ok(format!("{} manifests and {} source files", manifests.len(), sources.len()))
}

/// Refuses a source file whose first line does not say what the file is for.
fn without_purpose(path: &Path, text: &str) -> Option<String> {
    let says_it = text.lines().next().is_some_and(|line| line.starts_with("//! "));
    let path = path.strip_prefix(".").unwrap_or(path).display();
    (!says_it)
        .then(|| format!("{path}: begin it with a line `//! …` that says what the file is for"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_does_not_say_what_it_is_for_is_refused() {
        let refusal = |text| without_purpose(Path::new("./crates/engine/src/hub.rs"), text);

        assert_eq!(refusal("//! Who is told of what.\n\nuse std::fs;"), None);
        for text in ["", "use std::fs;", "/// A hub.", "// A hub.", "\n//! Late.", "//!"] {
            let refusal = refusal(text).unwrap();
            assert!(refusal.starts_with("crates/engine/src/hub.rs: begin it"), "{refusal}");
        }
    }
}
