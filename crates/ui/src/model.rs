//! What the page shows, as plain values: tested without a browser.

mod amount;
mod badges;
mod call;
mod changed;
mod changes;
pub mod chart;
pub mod columns;
mod command;
mod csv;
mod draft;
pub mod form;
mod fuzzy;
mod lines;
mod list;
pub mod log;
mod moment;
mod place;
mod pointer;
mod problem;
mod program;
mod refusal;
pub mod renewal;
pub mod ring;
mod rows;
mod scan;
mod schema;
mod sidebar;
mod strokes;
pub mod table;
mod toasts;
mod tree;
mod typing;
pub mod unit;

pub use self::{
    amount::{Share, bytes, span},
    badges::{Badge, Badges},
    call::call_address,
    changed::{merge_patch, together},
    changes::{Batch, Flash, Flashes, changes},
    command::Command,
    csv::table,
    draft::{Draft, LONGEST_DRAFT, draft_name},
    fuzzy::{best, fits},
    lines::{Beside, Numbered, beside},
    list::{List, Shown, Update, name_in, object},
    moment::Moment,
    place::{Place, base, set_base},
    pointer::Pointer,
    problem::Words,
    program::program,
    refusal::refused,
    rows::{Candidate, Format, candidates, example, pushable, stars, written},
    scan::{Ink, Mistake, check, format, offset_of, pieces, position},
    schema::{Member, Misfit, members, misfits},
    sidebar::{Entry, Group, Line, groups, lines, listed, meant, unlisted},
    strokes::Strokes,
    toasts::Queue,
    tree::{Fold, Folds, Kind, Label, Row, rows, summary},
    typing::{Typed, byte_of, line_break, painted, tab, units_of},
};
