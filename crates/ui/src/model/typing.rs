//! What keys do in the editor, beyond what they write.

use std::{fmt::Write as _, ops::Range};

use crate::model::{Ink, pieces};

/// One step of indentation.
const STEP: &str = "  ";

/// A change of a text: what stands in the place of a part of it, and what is selected then. All
/// are bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// What goes.
    pub over: Range<usize>,
    /// What comes.
    pub text: String,
    /// What is selected afterwards.
    pub select: Range<usize>,
}

/// What the tabulator does: indents at the cursor, or all lines of a selection; `back` takes
/// indentation away.
#[must_use]
pub fn tab(text: &str, selected: Range<usize>, back: bool) -> Typed {
    let chosen = text.get(selected.clone()).unwrap_or_default();
    if !back && !chosen.contains('\n') {
        let end = selected.start + STEP.len();
        return Typed { over: selected, text: STEP.to_owned(), select: end..end };
    }
    let from = line_start(text, selected.start);
    let lines = text.get(from..selected.end).unwrap_or_default();
    let moved = lines.split('\n').map(|line| match back {
        false if line.is_empty() => String::new(),
        false => format!("{STEP}{line}"),
        true => line.strip_prefix(STEP).unwrap_or_else(|| line.trim_start_matches(' ')).to_owned(),
    });
    let moved = moved.collect::<Vec<_>>().join("\n");
    let first = |text: &str| text.len() - text.trim_start_matches(' ').len();
    let by = first(&moved).abs_diff(first(lines));
    let start =
        if back { selected.start.saturating_sub(by).max(from) } else { selected.start + by };
    let end = (from + moved.len()).max(start);
    Typed { over: from..selected.end, text: moved, select: start..end }
}

/// What a line break does: the next line begins below this one, or further in behind a bracket.
#[must_use]
pub fn line_break(text: &str, selected: Range<usize>) -> Typed {
    let before = text.get(..selected.start).unwrap_or_default();
    let line = before.get(line_start(text, selected.start)..).unwrap_or_default();
    let blanks = line.len() - line.trim_start_matches(' ').len();
    let indent = " ".repeat(blanks);
    let opens = before.trim_end_matches(' ').ends_with(['{', '[']);
    let closes = text.get(selected.end..).is_some_and(|rest| rest.starts_with(['}', ']']));
    let mut typed = format!("\n{indent}");
    if opens {
        typed.push_str(STEP);
    }
    let at = selected.start + typed.len();
    if opens && closes {
        _ = write!(typed, "\n{indent}");
    }
    Typed { over: selected, text: typed, select: at..at }
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |nth| nth + 1)
}

/// The byte that so many UTF-16 units lead to, as browsers count.
#[must_use]
pub fn byte_of(text: &str, units: usize) -> usize {
    let mut seen = 0;
    for (at, c) in text.char_indices() {
        if seen >= units {
            return at;
        }
        seen += c.len_utf16();
    }
    text.len()
}

/// How many UTF-16 units come before a byte.
#[must_use]
pub fn units_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or(text).chars().map(char::len_utf16).sum()
}

/// The text in colours, as HTML, and its first mistake marked.
///
/// ```
/// # use monoxide_ui::model::painted;
/// assert_eq!(painted("[1,<]", Some(3)), "[<i class=number>1</i>,<i class=\"wrong mistake\">&lt;</i>]\n");
/// ```
#[must_use]
pub fn painted(text: &str, mistake: Option<usize>) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut at = 0;
    for (ink, piece) in pieces(text) {
        let marked = mistake.filter(|it| (at..at + piece.len()).contains(it)).map(|it| it - at);
        at += piece.len();
        match marked {
            None => paint(&mut out, ink, piece, false),
            Some(from) => {
                // Of blanks and brackets one is marked, of all else what it is a part of.
                let (from, end) =
                    if ink == Ink::Plain { (from, from + 1) } else { (0, piece.len()) };
                paint(&mut out, ink, piece.get(..from).unwrap_or_default(), false);
                paint(&mut out, ink, piece.get(from..end).unwrap_or_default(), true);
                paint(&mut out, ink, piece.get(end..).unwrap_or_default(), false);
            }
        }
    }
    // The last line of an element is not there while it is empty.
    out.push('\n');
    out
}

fn paint(out: &mut String, ink: Ink, piece: &str, mistake: bool) {
    if piece.is_empty() {
        return;
    }
    let class = match ink {
        Ink::Plain => "",
        Ink::Name => "name",
        Ink::Text => "text",
        Ink::Number => "number",
        Ink::Bool => "bool",
        Ink::Null => "null",
        Ink::Wrong => "wrong",
    };
    match (class, mistake) {
        ("", false) => {}
        ("", true) => out.push_str("<i class=mistake>"),
        (_, false) => _ = write!(out, "<i class={class}>"),
        (_, true) => _ = write!(out, "<i class=\"{class} mistake\">"),
    }
    for c in piece.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            other => out.push(other),
        }
    }
    if !class.is_empty() || mistake {
        out.push_str("</i>");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Where the cursor stands or what is selected is between two `|`.
    #[track_caller]
    fn check(before: &str, does: impl Fn(&str, Range<usize>) -> Typed, after: &str) {
        let (text, selected) = selection(before);
        let typed = does(&text, selected);
        let mut now = text.clone();
        now.replace_range(typed.over, &typed.text);
        assert_eq!((now, typed.select), selection(after));
    }

    fn selection(marked: &str) -> (String, Range<usize>) {
        let from = marked.find('|').unwrap();
        let end = marked.rfind('|').unwrap();
        let text = marked.replace('|', "");
        (text, from..if end > from { end - 1 } else { from })
    }

    #[test]
    fn the_tabulator_indents_and_takes_back() {
        check("a|b", |text, at| tab(text, at, false), "a  |b");
        check("x\n|a\n\nb|\ny", |text, at| tab(text, at, false), "x\n  |a\n\n  b|\ny");
        check("  a|b", |text, at| tab(text, at, true), "a|b");
        check("|  a\n b|", |text, at| tab(text, at, true), "|a\nb|");
    }

    #[test]
    fn a_line_break_goes_on_below() {
        check("  \"a\": 1,|", line_break, "  \"a\": 1,\n  |");
        check("{|}", line_break, "{\n  |\n}");
        check("  [|", line_break, "  [\n    |");
    }

    proptest! {
        #[test]
        fn units_and_bytes_name_the_same_place(text in any::<String>(), nth in 0..40_usize) {
            let at = text.char_indices().nth(nth).map_or(text.len(), |it| it.0);
            prop_assert_eq!(byte_of(&text, units_of(&text, at)), at);
        }

        #[test]
        fn what_is_painted_is_the_text(text in any::<String>(), at in 0..40_usize) {
            let html = painted(&text, Some(at));
            let mut plain = String::new();
            let mut inside = false;
            for c in html.chars() {
                match c {
                    '<' => inside = true,
                    '>' if inside => inside = false,
                    _ if inside => {}
                    c => plain.push(c),
                }
            }
            let plain = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
            prop_assert_eq!(plain, format!("{text}\n"));
        }
    }
}
