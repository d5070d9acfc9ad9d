//! What the page shows, as plain values: tested without a browser.

mod changes;
pub mod chart;
pub mod columns;
mod command;
pub mod form;
mod list;
pub mod log;
mod moment;
mod place;
mod pointer;
mod problem;
mod program;
pub mod renewal;
pub mod ring;
mod sidebar;
mod tree;
pub mod unit;

pub use self::{
    changes::{Batch, Flash, Flashes, changes},
    command::Command,
    list::{List, Shown, Update, name_in, object},
    moment::Moment,
    place::Place,
    pointer::Pointer,
    problem::Words,
    program::program,
    sidebar::{Entry, Group, Line, groups, lines, listed, meant, unlisted},
    tree::{Fold, Folds, Kind, Label, Row, rows, summary},
};
