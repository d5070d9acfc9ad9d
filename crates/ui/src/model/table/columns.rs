//! The columns of a table, taken from the data.

use monoxide_protocol::{By, Glob, Key};
use serde_json::Value;

use super::cell::{Cell, cell};
use crate::model::{Pointer, Shown};

/// How many columns of data show until somebody chooses.
const SHOWN: usize = 6;

/// How many columns of data there can be.
const MOST: usize = 60;

/// How wide a column is at least and at most, in characters.
const NARROW: usize = 7;
const WIDE: usize = 32;

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Column {
    /// The segment for a star of the list: which one, and what it is called.
    Star(usize, String),
    /// A member of the data.
    Member(Pointer, String),
    /// The data itself, where that is no object.
    Value,
    /// When it was made.
    Created,
    /// When it was written last.
    Updated,
}

impl Column {
    /// What it is called in an address.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Star(nth, _) => format!("key{nth}"),
            Self::Member(pointer, _) => pointer.to_string(),
            Self::Value => "data".to_owned(),
            Self::Created => "created".to_owned(),
            Self::Updated => "updated".to_owned(),
        }
    }

    /// What stands above it.
    #[must_use]
    pub fn label(&self) -> &str {
        match self {
            Self::Star(_, label) | Self::Member(_, label) => label,
            Self::Value => "Value",
            Self::Created => "Created",
            Self::Updated => "Changed",
        }
    }

    /// By what the server sorts it; the segments in the middle of keys it does not.
    #[must_use]
    pub fn order(&self) -> Option<By> {
        match self {
            Self::Star(0, _) => Some(By::Key),
            Self::Star(..) => None,
            Self::Member(pointer, _) => Some(By::Data(pointer.to_string())),
            Self::Value => Some(By::Data(String::new())),
            Self::Created => Some(By::Created),
            Self::Updated => Some(By::Updated),
        }
    }

    /// Whether it holds times.
    #[must_use]
    pub fn is_time(&self) -> bool {
        matches!(self, Self::Created | Self::Updated)
    }

    /// Where in the data it looks.
    #[must_use]
    pub fn pointer(&self) -> Option<Pointer> {
        match self {
            Self::Member(pointer, _) => Some(pointer.clone()),
            Self::Value => Some(Pointer::root()),
            Self::Star(..) | Self::Created | Self::Updated => None,
        }
    }

    /// What stands in it for an object; nothing where the object has no such value.
    #[must_use]
    pub fn cell(&self, object: &Shown) -> Option<Cell> {
        match self {
            Self::Member(_, name) => object.data.as_object()?.get(name).map(cell),
            Self::Value if object.data.is_object() => None,
            Self::Value => Some(cell(&object.data)),
            Self::Star(..) | Self::Created | Self::Updated => None,
        }
    }
}

/// The segment of a key that stands for a star of the list.
#[must_use]
pub fn segment(list: &Glob, nth: usize, key: &Key) -> String {
    let mut both = list.segments().zip(key.segments()).filter(|(of_list, _)| *of_list == "*");
    both.nth(nth).map(|(_, segment)| segment.to_owned()).unwrap_or_default()
}

/// All columns that there are, and how wide they are. Columns are only ever added, so that nothing
/// jumps while one looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    stars: Vec<Column>,
    data: Vec<(Column, usize)>,
    has_value: bool,
}

impl Columns {
    /// Those of a list of which nothing is known yet.
    #[must_use]
    pub fn of(list: &Glob) -> Self {
        let mut before = None;
        let mut stars = Vec::new();
        for part in list.segments() {
            if part == "*" {
                let nth = stars.len();
                stars.push(Column::Star(nth, before.unwrap_or("Key").to_owned()));
            }
            before = Some(part).filter(|part| *part != "*");
        }
        if let [Column::Star(_, label)] = &mut stars[..] {
            "Key".clone_into(label);
        }
        Self { stars, data: Vec::new(), has_value: false }
    }

    /// Takes in what there is in some objects. A new member stands behind the one that it follows
    /// in its object.
    pub fn learn<'a>(&mut self, objects: impl IntoIterator<Item = &'a Value>) {
        for data in objects {
            let Some(members) = data.as_object() else {
                self.has_value = true;
                continue;
            };
            let mut behind = 0;
            for (name, value) in members {
                let width = width_of(value);
                let found = self.data.iter().position(
                    |(column, _)| matches!(column, Column::Member(_, other) if other == name),
                );
                match found {
                    Some(at) => {
                        if let Some((_, widest)) = self.data.get_mut(at) {
                            *widest = width.max(*widest);
                        }
                        behind = at + 1;
                    }
                    None if self.data.len() < MOST => {
                        let column = Column::Member(Pointer::root().member(name), name.clone());
                        self.data.insert(behind, (column, width.max(name.chars().count() + 4)));
                        behind += 1;
                    }
                    None => {}
                }
            }
        }
    }

    /// All of them, in their order.
    #[must_use]
    pub fn all(&self) -> Vec<Column> {
        let data = self.data.iter().map(|(column, _)| column);
        let value = self.has_value.then_some(&Column::Value);
        let times = [&Column::Created, &Column::Updated];
        self.stars.iter().chain(data).chain(value).chain(times).cloned().collect()
    }

    /// Those that show, when somebody chose these by their [ids](Column::id), or nobody chose.
    #[must_use]
    pub fn shown(&self, chosen: Option<&[String]>) -> Vec<Column> {
        let hidden = self.data.iter().skip(SHOWN).map(|(column, _)| column);
        let hidden: Vec<_> = hidden.chain([&Column::Created]).collect();
        let mut all = self.all();
        all.retain(|column| match chosen {
            // Without its key nobody can tell one from another.
            Some(chosen) => matches!(column, Column::Star(..)) || chosen.contains(&column.id()),
            None => !hidden.contains(&column),
        });
        all
    }

    /// How wide a column is, in characters.
    #[must_use]
    pub fn width(&self, column: &Column) -> usize {
        match column {
            Column::Star(..) => 19,
            Column::Value => WIDE,
            Column::Created | Column::Updated => 20,
            Column::Member(..) => {
                let known = self.data.iter().find(|(it, _)| it == column);
                known.map_or(NARROW, |(_, width)| (*width).clamp(NARROW, WIDE))
            }
        }
    }
}

fn width_of(value: &Value) -> usize {
    match value {
        Value::Array(_) | Value::Object(_) => WIDE / 2,
        _ => cell(value).text.chars().take(WIDE).count() + 3,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn columns(list: &str, objects: &[Value]) -> Columns {
        let mut columns = Columns::of(&Glob::parse(list).unwrap());
        columns.learn(objects);
        columns
    }

    fn labels(columns: &[Column]) -> Vec<&str> {
        columns.iter().map(Column::label).collect()
    }

    #[test]
    fn the_columns_are_all_members_in_the_order_of_the_objects() {
        let data = [json!({"title": 1, "pages": 2}), json!({"title": 1, "author": 3, "pages": 2})];
        let columns = columns("books/*", &data);
        assert_eq!(
            labels(&columns.all()),
            ["Key", "title", "author", "pages", "Created", "Changed"]
        );
    }

    #[test]
    fn what_is_no_object_has_a_column_of_its_own() {
        let columns = columns("books/*", &[json!({"a": 1}), json!(7)]);
        assert_eq!(labels(&columns.shown(None)), ["Key", "a", "Value", "Changed"]);
    }

    #[test]
    fn each_star_is_a_column_that_is_called_as_what_stands_before_it() {
        let columns = columns("users/*/posts/*", &[]);
        assert_eq!(labels(&columns.shown(None)), ["users", "posts", "Changed"]);
        let list = Glob::parse("users/*/posts/*").unwrap();
        let key = Key::parse("users/ann/posts/7").unwrap();
        assert_eq!([0, 1].map(|nth| segment(&list, nth, &key)), ["ann", "7"]);
    }

    #[test]
    fn of_many_members_the_first_show_until_somebody_chooses() {
        let data: Value = (0..30).map(|nth| (format!("m{nth}"), json!(nth))).collect();
        let columns = columns("a/*", &[data]);
        assert_eq!(columns.shown(None).len(), 1 + SHOWN + 1);
        let chosen = ["/m29".to_owned(), "created".to_owned()];
        assert_eq!(labels(&columns.shown(Some(&chosen))), ["Key", "m29", "Created"]);
    }

    #[test]
    fn a_name_with_a_slash_is_found() {
        let columns = columns("a/*", &[json!({"b/c": 1})]);
        let column = &columns.all()[1];
        assert_eq!((column.id().as_str(), column.label()), ("/b~1c", "b/c"));
        assert_eq!(column.order(), Some(By::Data("/b~1c".to_owned())));
    }
}
