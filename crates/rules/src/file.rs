//! Rules as they stand in a file.

use std::{ops::Range, str::FromStr as _};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    expression::Expression,
    mistake::{Mistake, Place, start},
    pattern::Pattern,
    rule_set::Rule,
    word::Word,
};

/// Reads the text of a file of this name.
pub(crate) fn read(file: &str, text: &str) -> Result<Vec<(Pattern, Rule)>, Mistake> {
    // What an editor put before the text is not part of it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let table = DeTable::parse(text).map_err(|error| {
        let place = start(text, &error.span().unwrap_or_default());
        place.mistake(file, error.message().lines().collect::<Vec<_>>().join(", "))
    })?;
    let source = Source { file, text };
    let mut paths: Vec<_> = table.get_ref().iter().collect();
    paths.sort_by_key(|(path, _)| path.span().start);
    let mut rules = Vec::new();
    for (path, words) in paths {
        source.path(path.get_ref(), &path.span(), words, &mut rules)?;
    }
    Ok(rules)
}

struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn path(
        &self,
        path: &str,
        span: &Range<usize>,
        words: &Spanned<DeValue<'_>>,
        rules: &mut Vec<(Pattern, Rule)>,
    ) -> Result<(), Mistake> {
        let wrong = |text: String| start(self.text, span).mistake(self.file, text);
        let pattern = Pattern::parse(path).map_err(|error| wrong(error.to_string()))?;
        let DeValue::Table(words) = words.get_ref() else {
            return Err(wrong(format!(
                "`{path}` is no path: write `[\"{path}\"]` and rules below it"
            )));
        };
        let mut words: Vec<_> = words.iter().collect();
        words.sort_by_key(|(word, _)| word.span().start);
        for (word, expression) in words {
            let rule = self.rule(path, word.get_ref(), &word.span(), expression)?;
            rules.push((pattern.clone(), rule));
        }
        Ok(())
    }

    fn rule(
        &self,
        path: &str,
        word: &str,
        span: &Range<usize>,
        expression: &Spanned<DeValue<'_>>,
    ) -> Result<Rule, Mistake> {
        let at = start(self.text, span);
        let word =
            Word::from_str(word).map_err(|error| at.mistake(self.file, error.to_string()))?;
        let DeValue::String(text) = expression.get_ref() else {
            let text = format!("`{word}` is an expression, in quotes");
            return Err(start(self.text, &expression.span()).mistake(self.file, text));
        };
        let compiled = Expression::compile(text).map_err(|(inner, what)| {
            self.place(&expression.span(), text, inner).mistake(self.file, what)
        })?;
        let place = format!("{}:{}", self.file, at.line);
        Ok(Rule::new(path, word, place, compiled))
    }

    /// The place in the file of a place in an expression. Where escapes stand in the way, it is
    /// that of the expression.
    fn place(&self, span: &Range<usize>, expression: &str, inner: Place) -> Place {
        let quoted = self.text.get(span.clone()).unwrap_or_default();
        match quoted.find(expression) {
            Some(offset) => Place::of(self.text, span.start + offset).within(inner),
            None => start(self.text, span),
        }
    }
}
