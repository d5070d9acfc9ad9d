//! Stored data, as expressions see it.

use std::{borrow::Cow, fmt};

use rhai::{Dynamic, Map};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

/// What an expression reads of some data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Members {
    #[default]
    None,
    /// Only these members of an object.
    Named(Vec<String>),
    All,
}

impl Members {
    pub(crate) fn add(&mut self, name: Option<&str>) {
        match (&mut *self, name) {
            (_, None) => *self = Self::All,
            (Self::None, Some(name)) => *self = Self::Named(vec![name.to_owned()]),
            (Self::Named(names), Some(name)) => names.push(name.to_owned()),
            (Self::All, Some(_)) => {}
        }
    }
}

/// Reads JSON, of an object only the members that are wanted: the rest is passed over.
pub(crate) fn read(json: &str, members: &Members) -> Option<Dynamic> {
    let names = match members {
        Members::None => return Some(Dynamic::UNIT),
        Members::All => None,
        Members::Named(names) => Some(names.as_slice()),
    };
    let mut reader = serde_json::Deserializer::from_str(json);
    // The depth was bounded when the data was stored.
    reader.disable_recursion_limit();
    if json.starts_with('{') {
        reader.deserialize_map(Wanted(names)).ok()
    } else {
        Value::deserialize(&mut reader).ok().map(dynamic)
    }
}

struct Wanted<'a>(Option<&'a [String]>);

/// A name that is only copied when it has escapes.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = Dynamic;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Dynamic, A::Error> {
        let mut map = Map::new();
        while let Some(Name(name)) = members.next_key()? {
            if self.0.is_none_or(|wanted| wanted.iter().any(|it| *it == name)) {
                map.insert(name.as_ref().into(), dynamic(members.next_value::<Value>()?));
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(map.into())
    }
}

fn dynamic(value: Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(it) => it.into(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(float)) => float.into(),
            // Beyond what can be calculated with; it equals nothing.
            (None, None) => Dynamic::UNIT,
        },
        Value::String(text) => text.into(),
        Value::Array(items) => items.into_iter().map(dynamic).collect::<Vec<_>>().into(),
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| (name.into(), dynamic(value)));
            members.collect::<Map>().into()
        }
    }
}
