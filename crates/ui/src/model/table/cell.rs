//! A value in the cell of a table.

use serde_json::Value;

use crate::model::Kind;

/// How many characters of a value are put into a cell.
const CUT: usize = 160;

/// How many characters are shown to who asks for all of it.
const WHOLE: usize = 2_000;

/// Texts up to this length are seen whole in every column.
const SHORT: usize = 24;

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// What it is.
    pub kind: Kind,
    /// What it says, cut where it is long.
    pub text: String,
    /// All of it, where that may not be seen.
    pub whole: Option<String>,
}

/// What a value says in a cell. A string stands there without quotes, unless it could be taken for
/// something else.
#[must_use]
pub fn cell(value: &Value) -> Cell {
    let (kind, said) = match value {
        Value::Null => (Kind::Null, "null".to_owned()),
        Value::Bool(is) => (Kind::Bool, is.to_string()),
        Value::Number(number) => (Kind::Number, number.to_string()),
        Value::String(text) if is_plain(text) => (Kind::Text, text.clone()),
        Value::String(_) => (Kind::Text, value.to_string()),
        Value::Array(_) => (Kind::Array, value.to_string()),
        Value::Object(_) => (Kind::Object, value.to_string()),
    };
    let text = cut(&said, CUT).replace(['\n', '\r', '\t'], " ");
    let whole = said.chars().nth(SHORT).is_some().then(|| cut(&said, WHOLE));
    Cell { kind, text, whole }
}

/// Whether a string cannot be taken for another value, or for nothing.
fn is_plain(text: &str) -> bool {
    let is_other = || serde_json::from_str::<Value>(text).is_ok();
    let is_bare = text.trim() == text && !text.is_empty();
    is_bare && !(text.len() < 40 && is_other())
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: &str, expected: &str) {
        assert_eq!(cell(&serde_json::from_str(value).unwrap()).text, expected);
    }

    #[test]
    fn a_string_has_quotes_only_where_it_could_be_something_else() {
        check(r#""Dune""#, "Dune");
        check(r#""1""#, r#""1""#);
        check(r#""null""#, r#""null""#);
        check(r#""""#, r#""""#);
        check(r#"" a""#, r#"" a""#);
        check(r#""a\nb""#, "a b");
    }

    #[test]
    fn numbers_keep_all_their_digits() {
        check("1753000000000000001", "1753000000000000001");
        check("1.10", "1.10");
        check("123456789012345678901234567890.5", "123456789012345678901234567890.5");
    }

    #[test]
    fn what_is_long_is_cut_and_there_whole_for_who_asks() {
        let long = cell(&json!("ä".repeat(500)));
        assert_eq!(long.text.chars().count(), CUT + 1);
        assert_eq!(long.whole.map(|it| it.chars().count()), Some(500));
        assert_eq!(cell(&json!("short")).whole, None);
        assert_eq!(cell(&json!({"a": [1, null]})).text, r#"{"a":[1,null]}"#);
    }
}
