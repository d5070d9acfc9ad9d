//! Which program it was that signed in, as it says of itself.

/// The names that browsers give themselves, the more special before what they also say that they are.
const BROWSERS: [(&str, &str); 6] = [
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

const SYSTEMS: [(&str, &str); 6] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
];

/// In a few words, what stands in a `User-Agent`.
///
/// ```
/// # use monoxide_ui::model::program;
/// assert_eq!(program("curl/8.5.0"), "curl/8.5.0");
/// assert_eq!(program("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"), "Firefox on Linux");
/// ```
#[must_use]
pub fn program(user_agent: &str) -> String {
    let find = |names: [(&str, &'static str); 6]| {
        names.into_iter().find_map(|(sign, name)| user_agent.contains(sign).then_some(name))
    };
    match (find(BROWSERS), find(SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ if user_agent.is_empty() => "A program without a name".to_owned(),
        _ => user_agent.chars().take(40).collect(),
    }
}
