//! `monoxide rules …`: which rule decides, asked in a shell.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use monoxide_engine::{Asked, Identity};
use monoxide_protocol::{Json, Key};

use crate::{Explanation, RuleSet, Word};

/// What can be asked about rules.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Says whether somebody may do something, and which rule decides.
    Test(Test),
}

/// Who wants to do what.
#[derive(Debug, Clone, Args)]
pub struct Test {
    /// The file with the rules; without it, those that the program has.
    #[arg(long, env = "MONOXIDE_RULES")]
    rules: Option<PathBuf>,

    /// The roles of whoever asks, with commas between them.
    #[arg(long = "as", value_name = "ROLE", value_delimiter = ',')]
    roles: Vec<String>,

    /// The account; with roles and without this, one that is called as the first role.
    #[arg(long, value_name = "NAME")]
    account: Option<String>,

    /// read, list, watch, write, create, update or delete.
    #[arg(value_name = "OP")]
    word: Word,

    /// The key, such as `books/dune`.
    key: Key,

    /// What is stored there, as JSON.
    #[arg(long, value_name = "JSON", value_parser = json)]
    old: Option<Json>,

    /// What is to be stored there, as JSON.
    #[arg(long, value_name = "JSON", value_parser = json)]
    new: Option<Json>,
}

impl Command {
    /// The answer.
    ///
    /// # Errors
    ///
    /// One line, when the rules cannot be had. Those of the program are the text `own`.
    pub fn run(self, own: &str) -> Result<Explanation, String> {
        let Self::Test(test) = self;
        let rules = match &test.rules {
            Some(path) => RuleSet::from_file(path).map_err(|error| error.to_string())?,
            None => RuleSet::parse("rules.toml", own).map_err(|error| error.to_string())?,
        };
        let account = test.account.as_ref().or(test.roles.first());
        let identity = match account {
            Some(name) => Identity::account(name, test.roles.iter().cloned()),
            None => Identity::anonymous(),
        };
        Ok(rules.explain(&Asked {
            identity: &identity,
            operation: test.word.operation(test.old.is_some()),
            key: &test.key,
            old: test.old.as_ref(),
            new: test.new.as_ref(),
        }))
    }
}

fn json(text: &str) -> Result<Json, String> {
    Json::parse(text.as_bytes()).map_err(|error| error.to_string())
}
