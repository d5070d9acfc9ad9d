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
        json_patch::patch_unsafe(value, std::slice::from_ref(operation))
            .map_err(|error| Error::Patch(format!("operation {nth}: {}", error.kind)))?;
        let grows = matches!(operation, PatchOperation::Copy(_));
        if grows && value.to_string().len() > LARGEST {
            return Err(Error::Patch(format!("operation {nth}: the result is too large")));
        }
    }
    Ok(())
}
