//! How two JSON texts differ, as RFC 6902 operations.
//!
//! The texts are read side by side and no tree is built: a tree of 10 MiB of JSON takes up to
//! 700 MiB, spells some numbers anew and keeps only one of several members of one name.

use std::{borrow::Cow, collections::HashMap};

use serde_json::Value;

use crate::{Json, json};

/// The operations take more bytes than allowed.
#[derive(Debug)]
pub(crate) struct TooLong;

/// The operations that turn `old` into `new`, two objects in compact JSON, in `limit` bytes or so.
///
/// What differs at `depth` or below is replaced there. Every level reads again what is under it,
/// so the depth bounds the work.
pub(crate) fn diff(old: &str, new: &str, depth: usize, limit: usize) -> Result<String, TooLong> {
    let mut diff = Diff { out: "[".to_owned(), path: String::new(), depth, limit };
    diff.value(old, new)?;
    diff.out.push(']');
    Ok(diff.out)
}

struct Diff {
    out: String,
    /// Where we are, as it is written between the quotes of an operation.
    path: String,
    /// How much deeper to go.
    depth: usize,
    limit: usize,
}

impl Diff {
    fn value(&mut self, old: &str, new: &str) -> Result<(), TooLong> {
        match (old.as_bytes(), new.as_bytes()) {
            _ if self.depth == 0 => self.operation("replace", Some(new)),
            ([b'{', ..], [b'{', ..]) => self.members(old, new),
            ([b'[', ..], [b'[', ..]) => self.elements(old, new),
            _ => self.operation("replace", Some(new)),
        }
    }

    fn members(&mut self, old: &str, new: &str) -> Result<(), TooLong> {
        let whole = new;
        let (old, new) = (members(old), members(new));
        let (Some(old_values), Some(new_values)) = (by_name(&old), by_name(&new)) else {
            return self.operation("replace", Some(whole));
        };
        for (name, value) in &new {
            self.at(name, old_values.get(&**name).copied(), Some(value))?;
        }
        for (name, value) in &old {
            if !new_values.contains_key(&**name) {
                self.at(name, Some(value), None)?;
            }
        }
        Ok(())
    }

    fn elements(&mut self, old: &str, new: &str) -> Result<(), TooLong> {
        let (mut old, mut new) = (parts(old), parts(new));
        for index in 0.. {
            match (old.next(), new.next()) {
                (None, None) => break,
                (Some(_), None) => {
                    // From the end, because then nothing has to move up at the reader's.
                    for last in (index..=index + old.count()).rev() {
                        self.at(&last.to_string(), Some(""), None)?;
                    }
                    break;
                }
                (old, new) if old == new => {}
                (old, new) => self.at(&index.to_string(), old, new)?,
            }
        }
        Ok(())
    }

    /// Goes on with what stands under `name`; `None` where nothing does.
    fn at(&mut self, name: &str, old: Option<&str>, new: Option<&str>) -> Result<(), TooLong> {
        if old == new {
            return Ok(());
        }
        let here = self.path.len();
        self.path.push('/');
        self.path.push_str(&pointer_token(name));
        self.depth -= 1;
        match (old, new) {
            (Some(old), Some(new)) => self.value(old, new)?,
            (None, new) => self.operation("add", new)?,
            (_, None) => self.operation("remove", None)?,
        }
        self.depth += 1;
        self.path.truncate(here);
        Ok(())
    }

    fn operation(&mut self, op: &str, value: Option<&str>) -> Result<(), TooLong> {
        if self.out.len() + self.path.len() + value.map_or(0, str::len) > self.limit {
            return Err(TooLong);
        }
        self.out.push_str(if self.out == "[" { "{\"op\":\"" } else { ",{\"op\":\"" });
        self.out.push_str(op);
        self.out.push_str("\",\"path\":\"");
        self.out.push_str(&self.path);
        self.out.push('"');
        if let Some(value) = value {
            self.out.push_str(",\"value\":");
            self.out.push_str(value);
        }
        self.out.push('}');
        Ok(())
    }
}

/// The name as RFC 6901 has it, escaped for JSON.
fn pointer_token(name: &str) -> String {
    let token = name.replace('~', "~0").replace('/', "~1");
    let quoted = Json::try_from(&Value::from(token)).expect("a string is JSON");
    json::inside(quoted.as_str()).to_owned()
}

/// The members by name, or `None` when no operation may name them: a name stands twice, or it is
/// one that JavaScript's `fast-json-patch` refuses in a path.
fn by_name<'a>(members: &'a [(Cow<'a, str>, &'a str)]) -> Option<HashMap<&'a str, &'a str>> {
    let by_name: HashMap<_, _> = members.iter().map(|(name, value)| (&**name, *value)).collect();
    let refused = by_name.contains_key("__proto__") || by_name.contains_key("prototype");
    (by_name.len() == members.len() && !refused).then_some(by_name)
}

/// The members of an object, in order.
fn members(object: &str) -> Vec<(Cow<'_, str>, &str)> {
    each_member(object).collect()
}

/// Each member of an object, in order.
pub(crate) fn each_member(object: &str) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
    parts(object).filter_map(|text| {
        let (colon, _) = json::outside_strings(text).find(|&(_, byte)| byte == b':')?;
        let (name, value) = text.split_at_checked(colon)?;
        Some((json::unquote(name), value.get(1..)?))
    })
}

/// What stands between the brackets and commas of an array or an object.
pub(crate) fn parts(container: &str) -> impl Iterator<Item = &str> {
    let mut rest = json::inside(container);
    std::iter::from_fn(move || {
        let mut depth = 0_usize;
        let comma = json::outside_strings(rest).find(|&(_, byte)| {
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth -= 1,
                _ => {}
            }
            byte == b',' && depth == 0
        });
        let part = rest.get(..comma.map_or(rest.len(), |(comma, _)| comma))?;
        rest = comma.and_then(|(comma, _)| rest.get(comma + 1..)).unwrap_or_default();
        (!part.is_empty()).then_some(part)
    })
}
