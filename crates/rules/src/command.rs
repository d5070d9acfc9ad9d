//! `monoxide rules …`: which rule decides, asked in a shell.

use std::path::Path;

use clap::{Args, Subcommand};
use monoxide_engine::{Asked, Identity};
use monoxide_protocol::{Json, Key};

use crate::{Explanation, RuleError, RuleSet, Word};

/// What can be asked about rules.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Says whether somebody may do something, and which rule decides.
    Test(Test),
}

/// Who wants to do what.
#[derive(Debug, Clone, Args)]
pub struct Test {
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
    /// The answer by the rules of a file, or those of the program, which are the text `own`.
    ///
    /// # Errors
    ///
    /// When the rules cannot be had.
    pub fn run(self, file: Option<&Path>, own: &str) -> Result<Explanation, RuleError> {
        let Self::Test(test) = self;
        let rules = match file {
            Some(path) => RuleSet::from_file(path)?,
            None => RuleSet::parse("rules.toml", own)?,
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
