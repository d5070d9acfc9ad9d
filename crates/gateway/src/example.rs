//! JSON Schema as an example value, as ooo shows types: zero values by field.

use serde_json::{Map, Value, json};

/// How deep types inside of types are shown; a type that contains itself has no end.
const DEPTH: usize = 8;

/// An example of a type with named fields; of any other, what it is.
pub(crate) fn example(schema: &Value) -> Value {
    let resolved = resolve(schema, schema);
    match kind(resolved) {
        Some("object") if resolved.get("properties").is_some() => zero(schema, schema, DEPTH),
        Some("object") => json!({ "type": "map" }),
        Some("array") => json!({ "type": "slice" }),
        Some("integer") => json!({ "type": "int" }),
        Some("number") => json!({ "type": "float64" }),
        Some("boolean") => json!({ "type": "bool" }),
        Some(other) => json!({ "type": other }),
        None => zero(schema, schema, DEPTH),
    }
}

fn zero(root: &Value, schema: &Value, depth: usize) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    let schema = resolve(root, schema);
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    if let Some(first) = schema.get("enum").and_then(|values| values.get(0)) {
        return first.clone();
    }
    let one_of = ["anyOf", "oneOf", "allOf"].into_iter().find_map(|word| schema.get(word)?.get(0));
    match (kind(schema), one_of) {
        (Some("string"), _) => json!(""),
        (Some("integer" | "number"), _) => json!(0),
        (Some("boolean"), _) => json!(false),
        (Some("array"), _) => match schema.get("items") {
            Some(items) => match zero(root, items, depth - 1) {
                // Anything, or a type that has gone too deep.
                Value::Null => json!([]),
                item => json!([item]),
            },
            None => json!([]),
        },
        (Some("object"), _) => object(root, schema, depth),
        (_, Some(one)) => zero(root, one, depth - 1),
        _ => Value::Null,
    }
}

/// The fields that are always there, by name; those that may be left out are.
fn object(root: &Value, schema: &Value, depth: usize) -> Value {
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|it| it == name));
    let properties = schema.get("properties").and_then(Value::as_object);
    let mut fields: Vec<_> = properties.into_iter().flatten().collect();
    fields.retain(|(name, field)| is_required(name) || field.get("default").is_some());
    fields.sort_unstable_by_key(|(name, _)| name.as_str());
    let fields =
        fields.into_iter().map(|(name, field)| (name.clone(), zero(root, field, depth - 1)));
    Value::Object(fields.collect::<Map<_, _>>())
}

/// The type that a schema is of; of several, the first that is not nothing.
fn kind(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|it| *it != "null"),
        kind => kind.as_str(),
    }
}

/// What a reference inside of `root` stands for.
fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    // A reference may lead to another one; not around in a circle.
    for _ in 0..DEPTH {
        let target = schema.get("$ref").and_then(Value::as_str);
        match target.and_then(|target| root.pointer(target.strip_prefix('#')?)) {
            Some(found) => schema = found,
            None => break,
        }
    }
    schema
}
