//! JSON while it is typed: its pieces to be coloured, its first mistake, its places and its form.
//!
//! Text is never read into a tree here, so digits, the order of members and members of the same
//! name stay as somebody wrote them.

use std::{borrow::Cow, fmt::Write as _, ops::Range};

/// How deep the server lets arrays and objects be nested.
const DEPTH: usize = 128;

/// What a piece of JSON is, for who colours it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Blanks, and what stands between values.
    Plain,
    /// The name of a member.
    Name,
    /// A text.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// `null`.
    Null,
    /// What JSON does not have.
    Wrong,
}

/// Where a text stops being JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// How many bytes before it are fine.
    pub at: usize,
    /// Its line, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
    /// What is wrong, for people.
    pub what: String,
}

impl Mistake {
    fn new(text: &str, at: usize, what: impl Into<String>) -> Self {
        let (line, column) = position(text, at);
        Self { at, line, column, what: what.into() }
    }
}

/// The line and the column of a byte, both from 1; columns are characters.
#[must_use]
pub fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |nth| nth + 1);
    (line, before.get(start..).unwrap_or_default().chars().count() + 1)
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Open(u8),
    Close(u8),
    Comma,
    Colon,
    String {
        closed: bool,
    },
    /// A number or a word, also a misspelt one.
    Word,
    /// A character that begins nothing.
    Odd,
}

/// The tokens of any text, and where they are. Blanks are between them.
fn tokens(text: &str) -> impl Iterator<Item = (Kind, Range<usize>)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while bytes.get(at).is_some_and(|byte| b" \t\r\n".contains(byte)) {
            at += 1;
        }
        let from = at;
        let kind = match *bytes.get(at)? {
            byte @ (b'[' | b'{') => Kind::Open(byte),
            byte @ (b']' | b'}') => Kind::Close(byte),
            b',' => Kind::Comma,
            b':' => Kind::Colon,
            b'"' => {
                let (end, closed) = string_end(bytes, at);
                at = end;
                return Some((Kind::String { closed }, from..at));
            }
            byte if is_word(byte) => {
                while bytes.get(at).is_some_and(|&byte| is_word(byte)) {
                    at += 1;
                }
                return Some((Kind::Word, from..at));
            }
            _ => {
                at += text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
                return Some((Kind::Odd, from..at));
            }
        };
        at += 1;
        Some((kind, from..at))
    })
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+-._$".contains(&byte)
}

/// Behind the string that begins at `at`: a text ends at its quote, or where its line does.
fn string_end(bytes: &[u8], at: usize) -> (usize, bool) {
    let mut end = at + 1;
    while let Some(&byte) = bytes.get(end) {
        match byte {
            b'"' => return (end + 1, true),
            b'\n' => return (end, false),
            b'\\' if bytes.get(end + 1).is_some_and(|&next| next != b'\n') => end += 2,
            _ => end += 1,
        }
    }
    (bytes.len().min(end), false)
}

/// The whole text in pieces of one colour, wrong ones included.
#[must_use]
pub fn pieces(text: &str) -> Vec<(Ink, &str)> {
    let mut pieces: Vec<(Ink, Range<usize>)> = Vec::new();
    let mut last_string = None;
    for (kind, range) in tokens(text) {
        let ink = match kind {
            Kind::Open(_) | Kind::Close(_) | Kind::Comma => Ink::Plain,
            Kind::Colon => {
                if let Some((ink, _)) = last_string.and_then(|nth: usize| pieces.get_mut(nth)) {
                    *ink = Ink::Name;
                }
                Ink::Plain
            }
            Kind::String { closed: true } => Ink::Text,
            Kind::String { closed: false } | Kind::Odd => Ink::Wrong,
            Kind::Word => word_ink(text.get(range.clone()).unwrap_or_default()),
        };
        last_string = (ink == Ink::Text).then_some(pieces.len());
        if ink != Ink::Plain {
            pieces.push((ink, range));
        }
    }
    let mut whole = Vec::with_capacity(pieces.len() * 2 + 1);
    let mut at = 0;
    for (ink, range) in pieces {
        whole.extend(text.get(at..range.start).map(|it| (Ink::Plain, it)));
        whole.extend(text.get(range.clone()).map(|it| (ink, it)));
        at = range.end;
    }
    whole.extend(text.get(at..).map(|it| (Ink::Plain, it)));
    whole.retain(|(_, piece)| !piece.is_empty());
    whole
}

fn word_ink(word: &str) -> Ink {
    match word {
        "true" | "false" => Ink::Bool,
        "null" => Ink::Null,
        _ if number_fault(word).is_none() => Ink::Number,
        _ => Ink::Wrong,
    }
}

/// What is wrong with a number, if something is.
fn number_fault(word: &str) -> Option<&'static str> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let rest = word.strip_prefix('-').unwrap_or(word);
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (rest, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let exponent = exponent.map(|it| it.strip_prefix(['+', '-']).unwrap_or(it));
    if !digits(whole) {
        Some("a number begins with a digit, or with a minus and a digit")
    } else if whole.len() > 1 && whole.starts_with('0') {
        Some("a number does not begin with 0, unless that is all before the point")
    } else if !fraction.is_none_or(digits) {
        Some("behind the point of a number stand digits")
    } else if !exponent.is_none_or(digits) {
        Some("behind the e of a number stand digits")
    } else {
        None
    }
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    /// A value, or the end of the array that has just begun.
    ValueOrEnd,
    Name,
    /// A name, or the end of the object that has just begun.
    NameOrEnd,
    Colon,
    /// A comma, or the end of what the value is in.
    More,
    End,
}

/// Checks a text as it is typed.
///
/// ```
/// # use monoxide_ui::model::check;
/// assert!(check(r#"{"title": "Dune"}"#).is_ok());
/// let mistake = check("{\n  \"title\": Dune\n}").unwrap_err();
/// assert_eq!((mistake.line, mistake.column), (2, 12));
/// assert_eq!(mistake.what, "`Dune` is no value: a text stands in double quotes");
/// ```
///
/// # Errors
///
/// The first [`Mistake`].
pub fn check(text: &str) -> Result<(), Mistake> {
    walk(text, |_, _| {})
}

/// An array or an object that is open.
#[derive(Debug)]
enum Within<'a> {
    /// An array, and how many elements came before this one.
    Array(usize),
    /// An object, and the name of the member, in its quotes.
    Object(&'a str),
}

/// Goes through a text, and tells where values begin and in what, until its first mistake.
fn walk(text: &str, mut value: impl FnMut(&[Within<'_>], usize)) -> Result<(), Mistake> {
    let mut walker = Walker { text, open: Vec::new(), next: Next::Value, comma: 0, end: 0 };
    for (kind, range) in tokens(text) {
        if walker.wants_value() && starts_value(kind) {
            value(&walker.open, range.start);
        }
        walker.take(kind, &range)?;
        walker.end = range.end;
    }
    walker.finish()
}

/// How far a text has been gone through.
struct Walker<'a> {
    text: &'a str,
    open: Vec<Within<'a>>,
    next: Next,
    /// Where the last comma stands.
    comma: usize,
    /// Where the last token ends.
    end: usize,
}

impl<'a> Walker<'a> {
    fn wants_value(&self) -> bool {
        matches!(self.next, Next::Value | Next::ValueOrEnd)
    }

    fn mistake<T>(&self, at: usize, what: impl Into<String>) -> Result<T, Mistake> {
        Err(Mistake::new(self.text, at, what))
    }

    fn take(&mut self, kind: Kind, range: &Range<usize>) -> Result<(), Mistake> {
        let word = self.text.get(range.clone()).unwrap_or_default();
        match kind {
            Kind::Open(byte) if self.wants_value() => self.open(byte, range.start),
            Kind::Close(byte) => self.close(byte, kind, range.start, word),
            Kind::String { .. } | Kind::Word if self.wants_value() => {
                self.sound(kind, word, range.start)?;
                self.next = after(&self.open);
                Ok(())
            }
            Kind::String { .. } if matches!(self.next, Next::Name | Next::NameOrEnd) => {
                self.sound(kind, word, range.start)?;
                self.name(word);
                Ok(())
            }
            Kind::Colon if self.next == Next::Colon => {
                self.next = Next::Value;
                Ok(())
            }
            Kind::Comma if self.next == Next::More => {
                self.go_on(range.start);
                Ok(())
            }
            _ if self.next == Next::More && starts_value(kind) => {
                self.mistake(self.end.saturating_sub(1), "a comma is missing behind this")
            }
            _ => self.unwanted(kind, range.start, word),
        }
    }

    fn unwanted(&self, kind: Kind, at: usize, word: &str) -> Result<(), Mistake> {
        self.mistake(at, unwanted(self.next, kind, word, self.open.last()))
    }

    /// Whether a string or a word is one that JSON has.
    fn sound(&self, kind: Kind, word: &str, at: usize) -> Result<(), Mistake> {
        match value_fault(kind, word) {
            None => Ok(()),
            Some((within, what)) => self.mistake(at + within, what),
        }
    }

    fn open(&mut self, byte: u8, at: usize) -> Result<(), Mistake> {
        if self.open.len() == DEPTH {
            return self.mistake(at, format!("this is nested deeper than {DEPTH}"));
        }
        let (next, within) = match byte {
            b'[' => (Next::ValueOrEnd, Within::Array(0)),
            _ => (Next::NameOrEnd, Within::Object("")),
        };
        self.next = next;
        self.open.push(within);
        Ok(())
    }

    fn close(&mut self, byte: u8, kind: Kind, at: usize, word: &str) -> Result<(), Mistake> {
        let closes = match self.open.last() {
            Some(Within::Array(_)) => byte == b']',
            Some(Within::Object(_)) => byte == b'}',
            None => false,
        };
        match (closes, self.next) {
            (true, Next::More | Next::ValueOrEnd | Next::NameOrEnd) => {}
            (true, Next::Value | Next::Name) if self.comma + 1 == self.end => {
                return self.mistake(self.comma, "behind this comma nothing follows");
            }
            _ => return self.unwanted(kind, at, word),
        }
        self.open.pop();
        self.next = after(&self.open);
        Ok(())
    }

    fn name(&mut self, word: &'a str) {
        if let Some(Within::Object(name)) = self.open.last_mut() {
            *name = word;
        }
        self.next = Next::Colon;
    }

    fn go_on(&mut self, comma: usize) {
        self.comma = comma;
        self.next = match self.open.last_mut() {
            Some(Within::Array(nth)) => {
                *nth += 1;
                Next::Value
            }
            _ => Next::Name,
        };
    }

    fn finish(&self) -> Result<(), Mistake> {
        let what = match (self.open.last(), self.next) {
            (_, Next::End) => return Ok(()),
            (None, _) => "there is no value yet",
            (_, Next::Colon) => "a colon and a value are missing here",
            (_, Next::Value) => "a value is missing here",
            (_, Next::Name) => "another member is missing here, or the comma is one too many",
            (Some(Within::Array(_)), _) => "the array is not closed: `]` is missing",
            (Some(Within::Object(_)), _) => "the object is not closed: `}` is missing",
        };
        self.mistake(self.text.trim_end().len(), what)
    }
}

fn after(open: &[Within<'_>]) -> Next {
    if open.is_empty() { Next::End } else { Next::More }
}

fn starts_value(kind: Kind) -> bool {
    matches!(kind, Kind::Open(_) | Kind::String { .. } | Kind::Word)
}

/// What is wrong with a string or a word, and where in it.
fn value_fault(kind: Kind, word: &str) -> Option<(usize, Cow<'static, str>)> {
    match kind {
        Kind::String { closed: false } => {
            Some((0, "the text is not closed: `\"` is missing".into()))
        }
        Kind::String { closed: true } => string_fault(word),
        _ => match word {
            "true" | "false" | "null" => None,
            _ if word.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => {
                number_fault(word).map(|what| (0, what.into()))
            }
            _ => Some((0, no_value(word).into())),
        },
    }
}

fn no_value(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    let known = match lower.as_str() {
        "none" | "nil" | "undefined" | "nan" | "null" => Some("null"),
        "true" | "yes" | "on" => Some("true"),
        "false" | "no" | "off" => Some("false"),
        _ => None,
    };
    match known {
        Some(known) => format!("`{word}` is no value: JSON has `{known}`"),
        None => format!("`{word}` is no value: a text stands in double quotes"),
    }
}

/// What is wrong inside of a string in its quotes, and where.
fn string_fault(string: &str) -> Option<(usize, Cow<'static, str>)> {
    let mut high = None;
    let mut chars = string.char_indices();
    let half = "this is half of a character: two `\\u` belong together";
    while let Some((at, c)) = chars.next() {
        let escape = if c == '\\' { chars.next().map(|(_, it)| it) } else { None };
        if high.is_some() && escape != Some('u') {
            return high.map(|at| (at, half.into()));
        }
        match (c, escape) {
            (c, None) if c < ' ' => {
                let what = if c == '\t' {
                    "a tab in a text is written `\\t`"
                } else {
                    "this character has to be written with `\\u`"
                };
                return Some((at, what.into()));
            }
            (_, None) => {}
            (_, Some('u')) => {
                let digits = string.get(at + 2..at + 6).unwrap_or_default();
                let Some(unit) = hex(digits) else {
                    return Some((at, "behind `\\u` stand four hexadecimal digits".into()));
                };
                chars.nth(3);
                match (unit, high) {
                    (0xdc00..=0xdfff, Some(_)) => high = None,
                    (0xdc00..=0xdfff, None) => return Some((at, half.into())),
                    (_, Some(at)) => return Some((at, half.into())),
                    (0xd800..=0xdbff, None) => high = Some(at),
                    (_, None) => {}
                }
            }
            (_, Some(escape)) if "\"\\/bfnrt".contains(escape) => {}
            (_, Some(escape)) => {
                return Some((
                    at,
                    format!("`\\{escape}` means nothing; a backslash is written `\\\\`").into(),
                ));
            }
        }
    }
    high.map(|at| (at, half.into()))
}

fn hex(digits: &str) -> Option<u32> {
    let is_hex = digits.len() == 4 && digits.bytes().all(|it| it.is_ascii_hexdigit());
    is_hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

/// Why a token does not stand right.
fn unwanted(next: Next, kind: Kind, word: &str, within: Option<&Within<'_>>) -> Cow<'static, str> {
    if word == "'" {
        return "texts and names stand in double quotes".into();
    }
    if word == "/" || word == "#" {
        return "JSON has no comments".into();
    }
    if kind == Kind::Odd {
        return format!("`{}` has no place in JSON outside of texts", word.escape_debug()).into();
    }
    match (next, within) {
        (Next::End, _) => "the value ends before this: only one can be stored".into(),
        (Next::Name | Next::NameOrEnd, _) if kind == Kind::Word => {
            format!("the name `{word}` has to stand in double quotes").into()
        }
        (Next::Name | Next::NameOrEnd, _) => "the name of a member is missing here".into(),
        (Next::Colon, _) => "a colon is missing between a name and its value".into(),
        (Next::Value | Next::ValueOrEnd, _) => "a value is missing before this".into(),
        (Next::More, Some(Within::Array(_))) => "an array goes on with `,` or ends with `]`".into(),
        (Next::More, _) => "an object goes on with `,` or ends with `}`".into(),
    }
}

/// Where the value begins that a JSON Pointer names.
#[must_use]
pub fn offset_of(text: &str, pointer: &str) -> Option<usize> {
    let mut found = None;
    let wanted = pointer.split('/').skip(1).map(|it| it.replace("~1", "/").replace("~0", "~"));
    let wanted: Vec<_> = wanted.collect();
    _ = walk(text, |open, at| {
        let here = || {
            open.iter().zip(&wanted).all(|(within, wanted)| match within {
                Within::Array(nth) => nth.to_string() == *wanted,
                Within::Object(name) => is_named(name, wanted),
            })
        };
        if found.is_none() && open.len() == wanted.len() && here() {
            found = Some(at);
        }
    });
    found
}

/// Whether a name in its quotes says this.
fn is_named(quoted: &str, name: &str) -> bool {
    match quoted.contains('\\') {
        false => quoted.trim_matches('"') == name,
        true => serde_json::from_str::<String>(quoted).is_ok_and(|it| it == name),
    }
}

/// Writes JSON with one value a line, indented by two blanks; `None` when it is none.
///
/// ```
/// # use monoxide_ui::model::format;
/// let formatted = format(r#"{"a":[1.10,{}],"b":[]}"#);
/// assert_eq!(formatted.as_deref(), Some("{\n  \"a\": [\n    1.10,\n    {}\n  ],\n  \"b\": []\n}"));
/// ```
#[must_use]
pub fn format(text: &str) -> Option<String> {
    check(text).ok()?;
    let mut out = String::with_capacity(text.len() * 3 / 2);
    let (mut depth, mut fresh) = (0_usize, false);
    for (kind, range) in tokens(text) {
        let token = text.get(range).unwrap_or_default();
        if fresh && !matches!(kind, Kind::Close(_)) {
            new_line(&mut out, depth);
        }
        match kind {
            Kind::Open(_) => {
                out.push_str(token);
                depth += 1;
            }
            Kind::Close(_) => {
                depth = depth.saturating_sub(1);
                if !fresh {
                    new_line(&mut out, depth);
                }
                out.push_str(token);
            }
            Kind::Comma => {
                out.push(',');
                new_line(&mut out, depth);
            }
            Kind::Colon => out.push_str(": "),
            Kind::String { .. } | Kind::Word | Kind::Odd => out.push_str(token),
        }
        fresh = matches!(kind, Kind::Open(_));
    }
    Some(out)
}

fn new_line(out: &mut String, depth: usize) {
    _ = write!(out, "\n{:1$}", "", depth * 2);
}

#[cfg(test)]
mod tests {
    use monoxide_protocol::{Json, JsonError};
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn says(text: &str, line: usize, column: usize, what: &str) {
        let mistake = check(text).unwrap_err();
        assert_eq!((mistake.line, mistake.column, mistake.what.as_str()), (line, column, what));
    }

    #[test]
    fn a_mistake_is_told_where_a_person_would_look_for_it() {
        says("", 1, 1, "there is no value yet");
        says("{\n  \"a\": 1\n  \"b\": 2\n}", 2, 8, "a comma is missing behind this");
        says("{\n  \"a\": 1,\n}", 2, 9, "behind this comma nothing follows");
        says("[1, 2", 1, 6, "the array is not closed: `]` is missing");
        says("{\"a\": \"x\n}", 1, 7, "the text is not closed: `\"` is missing");
        says("{a: 1}", 1, 2, "the name `a` has to stand in double quotes");
        says("{'a': 1}", 1, 2, "texts and names stand in double quotes");
        says("{\"a\" 1}", 1, 6, "a colon is missing between a name and its value");
        says("[True]", 1, 2, "`True` is no value: JSON has `true`");
        says("[1] 2", 1, 5, "the value ends before this: only one can be stored");
        says("[01]", 1, 2, "a number does not begin with 0, unless that is all before the point");
        says("[1 // no\n]", 1, 4, "JSON has no comments");
        says("[1}", 1, 3, "an array goes on with `,` or ends with `]`");
        says("{\"ä\": \"\\x\"}", 1, 8, "`\\x` means nothing; a backslash is written `\\\\`");
        says("\"\\ude00\"", 1, 2, "this is half of a character: two `\\u` belong together");
        says("\"\\ud83d\"", 1, 2, "this is half of a character: two `\\u` belong together");
    }

    #[test]
    fn what_is_nested_too_deep_is_refused_as_the_server_does() {
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(check(&deep(128)).is_ok());
        assert_eq!(check(&deep(129)).unwrap_err().column, 129);
    }

    #[test]
    fn pieces_tell_names_from_texts_and_say_what_is_wrong() {
        let text = "{\"a\": \"b\", \"c\": [1.5, true, null, nil, \"open";
        let inks: Vec<_> = pieces(text).into_iter().filter(|it| it.0 != Ink::Plain).collect();
        assert_eq!(
            inks,
            [
                (Ink::Name, "\"a\""),
                (Ink::Text, "\"b\""),
                (Ink::Name, "\"c\""),
                (Ink::Number, "1.5"),
                (Ink::Bool, "true"),
                (Ink::Null, "null"),
                (Ink::Wrong, "nil"),
                (Ink::Wrong, "\"open"),
            ]
        );
    }

    #[test]
    fn places_are_found_by_their_pointers() {
        let text = r#"{"a": [10, {"b/c": 11}], "a": 12, "": 13}"#;
        for (pointer, value) in [("/a/0", "10"), ("/a/1/b~1c", "11"), ("/", "13"), ("", "{")] {
            let at = offset_of(text, pointer).unwrap();
            assert!(text[at..].starts_with(value), "{pointer}");
        }
        assert_eq!(offset_of(text, "/a/2"), None);
    }

    fn jsonish() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"a\"",
            "\"",
            "1",
            "-0.5e+3",
            "01",
            ".5",
            "1.",
            "true",
            "nul",
            "null",
            " ",
            "\n",
            "\\u00e9",
            "\\",
            "\"\\ud83d\\ude00\"",
            "\"\\ud83d\"",
            "\"\\ude00\"",
            "ä",
            "\t",
            "\"x\\n\"",
            "+1",
            "1e",
            "\u{0}",
        ]);
        prop::collection::vec(piece, 0..12).prop_map(|it| it.concat())
    }

    fn valid() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("-1.50e7".to_owned()),
            any::<String>().prop_map(|it| serde_json::to_string(&it).unwrap()),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|it| format!("[ {} ]", it.join(" ,\n"))),
                prop::collection::vec(("[a-c]{0,2}", inner), 0..4).prop_map(|it| {
                    let members = it.iter().map(|(name, value)| format!("\"{name}\" :{value}"));
                    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
                }),
            ]
        })
    }

    fn server_takes(text: &str) -> bool {
        match Json::parse(text.as_bytes()) {
            Ok(_) => true,
            Err(JsonError::Reserved(_)) => true,
            Err(_) => false,
        }
    }

    proptest! {
        #[test]
        fn what_is_right_here_is_right_for_the_server(text in prop_oneof![jsonish(), any::<String>(), valid()]) {
            prop_assert_eq!(check(&text).is_ok(), server_takes(&text), "{:?}", check(&text));
        }

        #[test]
        fn pieces_are_the_text_again(text in prop_oneof![jsonish(), any::<String>()]) {
            prop_assert_eq!(pieces(&text).into_iter().map(|it| it.1).collect::<String>(), text);
        }

        #[test]
        fn formatting_changes_blanks_and_nothing_else(text in valid()) {
            let formatted = format(&text).unwrap();
            let (was, now) = (Json::parse(text.as_bytes()), Json::parse(formatted.as_bytes()));
            prop_assert_eq!(was.unwrap(), now.unwrap());
            prop_assert_eq!(format(&formatted), Some(formatted.clone()));
        }
    }
}
