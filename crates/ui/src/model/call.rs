//! The address of a call, from what somebody has filled in.

use std::fmt::Write as _;

/// The address of an endpoint whose path has these variables, with this query; without its first
/// slash. The error names the variable that is empty.
///
/// ```
/// # use monoxide_ui::model::call_address;
/// let vars = [("list".to_owned(), "my books".to_owned())];
/// let params = [("page".to_owned(), "2".to_owned()), ("limit".to_owned(), String::new())];
/// assert_eq!(call_address("/count/{list}", &vars, &params), Ok("count/my%20books?page=2".to_owned()));
/// ```
///
/// # Errors
///
/// The name of a variable that has to be filled in.
pub fn call_address(
    path: &str,
    vars: &[(String, String)],
    params: &[(String, String)],
) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = path.trim_start_matches('/');
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        out.push_str(before);
        let (name, is_rest) = match name.strip_prefix('*') {
            Some(name) => (name, true),
            None => (name, false),
        };
        let value = vars.iter().find(|(it, _)| it == name).map_or("", |(_, value)| value.as_str());
        if value.is_empty() {
            return Err(name.to_owned());
        }
        out.push_str(&encode(value, if is_rest { "/" } else { "" }));
        rest = after;
    }
    out.push_str(rest);
    let mut separator = '?';
    for (name, value) in params.iter().filter(|(_, value)| !value.is_empty()) {
        _ = write!(out, "{separator}{}={}", encode(name, ""), encode(value, ""));
        separator = '&';
    }
    Ok(out)
}

/// With percent signs for everything but what may stand anywhere in an address.
fn encode(text: &str, kept: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "-_.~*".contains(c) || kept.contains(c) {
            out.push(c);
        } else {
            _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, value: &str, expected: Result<&str, &str>) {
        let vars = [("a".to_owned(), value.to_owned())];
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(call_address(path, &vars, &[]), expected);
    }

    #[test]
    fn a_value_stays_one_segment_and_a_rest_stays_many() {
        check("/x/{a}/y", "b/c?d", Ok("x/b%2Fc%3Fd/y"));
        check("/x/{*a}", "b/c", Ok("x/b/c"));
        check("/x", "", Ok("x"));
    }

    #[test]
    fn what_is_not_filled_in_is_named() {
        check("/x/{a}", "", Err("a"));
        check("/x/{b}", "c", Err("b"));
    }
}
