//! What the page shows, as plain values: tested without a browser.

mod amount;
mod call;
mod changes;
mod command;
pub mod form;
mod fuzzy;
mod list;
mod moment;
mod place;
mod pointer;
mod problem;
mod program;
pub mod renewal;
mod sidebar;
mod strokes;
mod toasts;
mod tree;

pub use self::{
    amount::{Share, bytes, span},
    call::call_address,
    changes::{Batch, Flash, Flashes, changes},
    command::Command,
    fuzzy::{best, fits},
    list::{List, Shown, Update, name_in, object},
    moment::Moment,
    place::Place,
    pointer::Pointer,
    problem::Words,
    program::program,
    sidebar::{Entry, Group, Line, groups, lines, listed, meant, unlisted},
    strokes::Strokes,
    toasts::Queue,
    tree::{Fold, Folds, Kind, Label, Row, rows, summary},
};
