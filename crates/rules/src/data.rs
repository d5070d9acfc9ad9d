//! Stored data, as expressions see it.

use std::{borrow::Cow, fmt};

use rhai::{Dynamic, Map};
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
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
        Value::deserialize(&mut reader).ok().and_then(dynamic)
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
                let value = dynamic(members.next_value::<Value>()?);
                let value = value.ok_or_else(|| A::Error::custom("a number is too large"))?;
                map.insert(name.as_ref().into(), value);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(map.into())
    }
}

/// The value; none when it has a number that cannot be calculated with. It would have to equal
/// something, and whoever sends it chose it.
fn dynamic(value: Value) -> Option<Dynamic> {
    Some(match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(it) => it.into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().filter(|it| it.is_finite())?.into(),
        },
        Value::String(text) => text.into(),
        Value::Array(items) => items.into_iter().map(dynamic).collect::<Option<Vec<_>>>()?.into(),
        Value::Object(members) => {
            let member = |(name, value): (String, _)| Some((name.into(), dynamic(value)?));
            members.into_iter().map(member).collect::<Option<Map>>()?.into()
        }
    })
}
