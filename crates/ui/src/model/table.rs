//! A long list as a table, of which only a part is there.

mod cell;
mod columns;
mod query;
mod rows;
mod scroll;
mod selection;

pub use self::{
    cell::{Cell, cell},
    columns::{Column, Columns, segment},
    query::{Query, Question},
    rows::{Arrival, Rows},
    scroll::Scroll,
    selection::Selection,
};
