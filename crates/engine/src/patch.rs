//! The three ways to say what is to be changed about an object.

use json_patch::PatchOperation;
use monoxide_protocol::{Json, merge};
use serde_json::Value;

use crate::error::Error;

/// How large data may get by a patch, in bytes: `copy` can double it with each operation.
const LARGEST: usize = 64 * 1024 * 1024;

/// What is to be changed about an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Patch {
    /// ooo's merge ([`monoxide_protocol::merge`]): arrays by index, `null` sets null.
    Merge(Value),
    /// JSON Merge Patch, RFC 7396: `null` removes.
    MergePatch(Value),
    /// JSON Patch, RFC 6902: operations, all of them or none.
    JsonPatch(json_patch::Patch),
}

impl Patch {
    /// Whether it may ask for what is there, by `test`, and so tell it by whether it fails.
    pub(crate) fn asks(&self) -> bool {
        matches!(self, Self::JsonPatch(_))
    }

    /// What the patch makes of `data`.
    pub(crate) fn apply(&self, data: &Json) -> Result<Json, Error> {
        let mut value = data.to_value();
        match self {
            Self::Merge(patch) => value = merge(value, patch.clone())?,
            Self::MergePatch(patch) => json_patch::merge(&mut value, patch),
            Self::JsonPatch(patch) => apply_each(&mut value, &patch.0)?,
        }
        Ok(Json::parse(value.to_string().as_bytes())?)
    }
}

/// One by one on a value that is thrown away when one fails: taking operations back, as
/// `json_patch::patch` does, panics after a `move` to the root.
fn apply_each(value: &mut Value, operations: &[PatchOperation]) -> Result<(), Error> {
    for (nth, operation) in operations.iter().enumerate() {
        if let PatchOperation::Test(test) = operation {
            let found = value.pointer(test.path.as_str());
            if !found.is_some_and(|found| is_equal(found, &test.value)) {
                return Err(Error::Patch(format!("operation {nth}: value did not match")));
            }
            continue;
        }
        json_patch::patch_unsafe(value, std::slice::from_ref(operation))
            .map_err(|error| Error::Patch(format!("operation {nth}: {}", error.kind)))?;
        let grows = matches!(operation, PatchOperation::Copy(_));
        if grows && value.to_string().len() > LARGEST {
            return Err(Error::Patch(format!("operation {nth}: the result is too large")));
        }
    }
    Ok(())
}

/// Whether two values are equal as RFC 6902, section 4.6, has it: numbers by value. Ours keep
/// their text, so `1` and `1.0` are not the same to `==`.
fn is_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other
                || one.as_f64().is_some_and(|it| other.as_f64() == Some(it) && is_small(it))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| is_equal(a, b))
        }
        (Value::Object(one), Value::Object(other)) => {
            let same = |(name, value): (&String, &Value)| {
                other.get(name).is_some_and(|other| is_equal(value, other))
            };
            one.len() == other.len() && one.iter().all(same)
        }
        _ => one == other,
    }
}

/// Whether different integers this large are different as floating-point numbers.
fn is_small(number: f64) -> bool {
    number.abs() < 9_007_199_254_740_992.0
}
