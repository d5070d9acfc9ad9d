//! Rules, ready to be asked.

use std::{
    fmt, fs,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use monoxide_engine::{Asked, Inputs, Rules, Verdict};
use monoxide_protocol::Glob;

use crate::{
    expression::Expression,
    file,
    mistake::{Mistake, Place, RuleError},
    pattern::{Pattern, Patterns},
    word::Word,
};

/// How many segments of a key are looked at without memory of their own.
const FEW: usize = 16;

/// Who may do what. What no rule is about, nobody may.
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<(Pattern, Rule)>,
    /// The numbers of the rules of each path, by word.
    by_path: Patterns<Vec<usize>>,
    errors: AtomicU64,
}

/// What is said about one word of one path.
#[derive(Debug)]
pub(crate) struct Rule {
    path: String,
    word: Word,
    /// The file and the line, or that it is from the program.
    place: String,
    expression: Expression,
    failures: AtomicU64,
}

impl Rule {
    pub(crate) fn new(path: &str, word: Word, place: String, expression: Expression) -> Self {
        Self { path: path.to_owned(), word, place, expression, failures: AtomicU64::new(0) }
    }
}

/// Rules from the program's text.
///
/// ```
/// use monoxide_rules::{RuleSet, Word};
///
/// let rules = RuleSet::builder()
///     .rule("**", Word::Read, "signed_in")
///     .rule("**", Word::Write, r#"role == "admin""#)
///     .build()?;
/// # Ok::<(), monoxide_rules::Mistake>(())
/// ```
#[derive(Debug, Default)]
#[must_use = "a builder does nothing before `build`"]
pub struct Builder {
    rules: Vec<(String, Word, String)>,
}

impl Builder {
    /// Adds an expression for a path and a word. Of two for the same, the first decides.
    pub fn rule(
        mut self,
        path: impl Into<String>,
        word: Word,
        expression: impl Into<String>,
    ) -> Self {
        self.rules.push((path.into(), word, expression.into()));
        self
    }

    /// The rules.
    ///
    /// # Errors
    ///
    /// [`Mistake`] in the first rule that has one; its file is called as the path of the rule.
    pub fn build(self) -> Result<RuleSet, Mistake> {
        let mut rules = Vec::new();
        for (path, word, text) in self.rules {
            let here = Place { line: 1, column: 1 };
            let pattern =
                Pattern::parse(&path).map_err(|error| here.mistake(&path, error.to_string()))?;
            let expression =
                Expression::compile(&text).map_err(|(place, what)| place.mistake(&path, what))?;
            rules.push((pattern, Rule::new(&path, word, "the program".to_owned(), expression)));
        }
        Ok(RuleSet::new(rules))
    }
}

/// Why something may be done or not, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// Whether it may.
    pub is_allowed: bool,
    /// The answer and each rule that was asked, in lines.
    pub text: String,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl RuleSet {
    /// Starts putting rules together.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Reads rules from a text, which is called `file` in what is said about it.
    ///
    /// # Errors
    ///
    /// The first [`Mistake`]: what is no TOML, no path, no word for an operation, no expression,
    /// or reads or calls what there is not.
    pub fn parse(file: &str, text: &str) -> Result<Self, Mistake> {
        Ok(Self::new(file::read(file, text)?))
    }

    /// Reads rules from a file.
    ///
    /// # Errors
    ///
    /// [`RuleError`] when it cannot be read, or as [`parse`](Self::parse).
    pub fn from_file(path: &Path) -> Result<Self, RuleError> {
        let text = fs::read_to_string(path);
        let text = text.map_err(|why| RuleError::File { path: path.to_owned(), why })?;
        Ok(Self::parse(&path.display().to_string(), &text)?)
    }

    /// How often an expression could not be evaluated, which is a no. Each is logged once.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    /// Says which rules decide, and how.
    ///
    /// ```
    /// use monoxide_engine::{Asked, Identity, Operation};
    /// use monoxide_protocol::Key;
    /// use monoxide_rules::RuleSet;
    ///
    /// let rules = RuleSet::parse("rules.toml", "['books/*']\nread = 'role == \"reader\"'")?;
    /// let (key, ann) = (Key::parse("books/dune")?, Identity::account("ann", ["guest"]));
    /// let asked =
    ///     Asked { identity: &ann, operation: Operation::Read, key: &key, old: None, new: None };
    /// let explanation = rules.explain(&asked).to_string();
    /// assert!(explanation.starts_with("refused\n  rules.toml:2: [\"books/*\"] read = 'role == \"reader\"'"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain(&self, asked: &Asked<'_>) -> Explanation {
        let mut lines = Vec::new();
        let mut is_allowed = true;
        for words in Word::all_of(asked.operation) {
            let Some(rule) = self.deciding(asked, words) else {
                is_allowed = false;
                let word = words.first().copied().unwrap_or(Word::Read);
                lines.push(format!("  no rule says who may {word} `{}`, so nobody may", asked.key));
                continue;
            };
            let Rule { path, word, place, expression, .. } = rule;
            lines.push(format!("  {place}: [\"{path}\"] {word} = '{}'", expression.text()));
            for (name, value) in expression.values(asked) {
                lines.push(format!("    {name} = {value}"));
            }
            let answer = expression.holds(asked);
            is_allowed &= answer == Ok(true);
            lines.push(match answer {
                Ok(answer) => format!("    is {answer}"),
                Err(why) => format!("    cannot be evaluated, so it is false: {why}"),
            });
        }
        let answer = if is_allowed { "allowed" } else { "refused" };
        Explanation { is_allowed, text: format!("{answer}\n{}", lines.join("\n")) }
    }

    fn new(rules: Vec<(Pattern, Rule)>) -> Self {
        let mut by_path: Patterns<Vec<usize>> = Patterns::default();
        for (nth, (pattern, _)) in rules.iter().enumerate() {
            by_path.entry(pattern).push(nth);
        }
        Self { rules, by_path, errors: AtomicU64::new(0) }
    }

    /// The rule that says whether something may be done: that of the most specific path which has
    /// one of the words, and there that of the first of them.
    fn deciding(&self, asked: &Asked<'_>, words: &[Word]) -> Option<&Rule> {
        let rule = |nth: &usize| self.rules.get(*nth).map(|(_, rule)| rule);
        let mut find = |numbers: &Vec<usize>| {
            let said = |&word: &Word| numbers.iter().filter_map(rule).find(|it| it.word == word);
            words.iter().find_map(said)
        };
        let mut few = [""; FEW];
        let count = asked.key.segments().count();
        if let Some(few) = few.get_mut(..count) {
            few.iter_mut().zip(asked.key.segments()).for_each(|(it, segment)| *it = segment);
            return self.by_path.find(few, &mut find);
        }
        self.by_path.find(&asked.key.segments().collect::<Vec<_>>(), &mut find)
    }

    fn holds(&self, rule: &Rule, asked: &Asked<'_>) -> bool {
        rule.expression.holds(asked).unwrap_or_else(|why| {
            self.errors.fetch_add(1, Ordering::Relaxed);
            if rule.failures.fetch_add(1, Ordering::Relaxed) == 0 {
                let Rule { path, word, place, .. } = rule;
                tracing::warn!(%place, %path, %word, %why, "a rule cannot be evaluated, and refuses");
            }
            false
        })
    }
}

impl Rules for RuleSet {
    fn decide(&self, asked: &Asked<'_>) -> Verdict {
        let (mut is_allowed, mut looked_at_old) = (true, false);
        let mut last: Option<&Rule> = None;
        for words in Word::all_of(asked.operation) {
            let rule = self.deciding(asked, words);
            if let (Some(rule), Some(last)) = (rule, last)
                && std::ptr::eq(rule, last)
            {
                continue;
            }
            looked_at_old |= rule.is_some_and(|rule| rule.expression.reads().looks_at_old());
            is_allowed &= rule.is_some_and(|rule| self.holds(rule, asked));
            last = rule;
        }
        Verdict { is_allowed, looked_at_old }
    }

    fn inputs(&self, glob: Option<&Glob>) -> Inputs {
        let about = |(pattern, rule): &&(Pattern, Rule)| {
            rule.word.is_reading() && glob.is_none_or(|glob| pattern.overlaps(glob))
        };
        let inputs =
            self.rules.iter().filter(about).map(|(_, rule)| rule.expression.reads().inputs);
        inputs.fold(Inputs::default(), |all, it| all | it)
    }
}
