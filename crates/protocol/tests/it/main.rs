//! What the protocol promises. One binary for the whole crate.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

mod json;
mod keys;
mod merge;
mod messages;
mod patches;
mod replica;
mod versions;

use monoxide_protocol::{Json, Key, Kind, Message, Object, Version, encode};
use proptest::{collection::vec, prelude::*, sample::select};

/// Values of one token, with everything that is odd about numbers and strings.
const LEAVES: [&str; 20] = [
    "null",
    "true",
    "false",
    "0",
    "1",
    "-0",
    "1.10",
    "1e3",
    "1E+03",
    "1e999",
    "12345678901234567890",
    r#""""#,
    r#""a""#,
    r#""\u0041""#,
    r#""\ud83d\ude00é😀""#,
    r#""</script>&amp;""#,
    r#""\\\"\/~1:,[{""#,
    r#""\u003c\n""#,
    "\"\u{2028}\u{2029}\"",
    r#""$serde_json::private::Number""#,
];

/// Names of members. Some are the same once they are read, and some mean something elsewhere.
const NAMES: [&str; 18] = [
    r#""a""#,
    r#""\u0061""#,
    r#""b""#,
    r#""c""#,
    r#""""#,
    r#""0""#,
    r#""-""#,
    r#""a/b""#,
    r#""a~1b""#,
    r#""~""#,
    r#""\"""#,
    r#""\\""#,
    r#""<é>""#,
    r#""\n:""#,
    r#""__proto__""#,
    r#""constructor""#,
    r#""prototype""#,
    r#""data""#,
];

/// JSON as a person may write it, and whether two members of one object have the same name.
fn any_text() -> impl Strategy<Value = (String, bool)> {
    let blank = || select(&["", "", " ", "\r\n\t"][..]);
    let leaf = select(&LEAVES[..]).prop_map(|leaf| (leaf.to_owned(), false));
    leaf.prop_recursive(4, 40, 4, move |inner| {
        let name = select(&NAMES[..]).prop_map(str::to_owned);
        prop_oneof![
            (blank(), vec(inner.clone(), 0..5)).prop_map(|(blank, items)| array(blank, items)),
            (blank(), vec((name, inner), 0..5)).prop_map(|(blank, items)| members(blank, items)),
        ]
    })
}

fn array(blank: &str, items: Vec<(String, bool)>) -> (String, bool) {
    let (texts, twice): (Vec<String>, Vec<bool>) = items.into_iter().unzip();
    (format!("[{blank}{}{blank}]", texts.join(&format!("{blank},"))), twice.contains(&true))
}

fn members(blank: &str, items: Vec<(String, (String, bool))>) -> (String, bool) {
    let mut names: Vec<String> =
        items.iter().map(|(name, _)| serde_json::from_str(name).unwrap()).collect();
    names.sort();
    names.dedup();
    let twice = names.len() < items.len() || items.iter().any(|(_, (_, twice))| *twice);
    let texts: Vec<String> =
        items.into_iter().map(|(name, (text, _))| format!("{name}{blank}:{blank}{text}")).collect();
    (format!("{{{blank}{}{blank}}}", texts.join(",")), twice)
}

fn any_json() -> impl Strategy<Value = Json> {
    any_text().prop_map(|(text, _)| json(&text))
}

#[track_caller]
fn json(text: &str) -> Json {
    Json::parse(text.as_bytes()).unwrap()
}

fn may_stand_in_a_script(text: &str) -> bool {
    !text.contains(['<', '>', '&', '\u{2028}', '\u{2029}'])
}

/// The deepest data there may be, around `leaf`.
fn deepest(leaf: &str) -> String {
    format!("{}{leaf}{}", r#"{"a":["#.repeat(64), "]}".repeat(64))
}

fn object(key: &str, created: u64, updated: u64, data: &str) -> Object {
    Object {
        key: Key::parse(key).unwrap(),
        created,
        updated,
        version: Version::default(),
        data: json(data),
    }
}

fn snapshot(version: u64, document: &str) -> Message {
    let text = encode(Kind::Snapshot, Version::new(version), 0, |out| out.push_str(document));
    Message::decode(&text).unwrap()
}

fn patch(version: u64, operations: &str) -> Message {
    let text = encode(Kind::Patch, Version::new(version), 0, |out| out.push_str(operations));
    Message::decode(&text).unwrap()
}
