//! What a JSON Schema says of data: the members that it has, and what does not fit.
//!
//! These are hints beside the editor. What may be written is the filter's to say, so what this
//! does not know of schemas it lets pass.

use serde_json::Value;

use crate::model::Pointer;

/// A member that a schema names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// What it is, in a word or two.
    pub kind: String,
    /// Whether it has to be there.
    pub required: bool,
    /// What the schema says about it.
    pub about: String,
}

/// What does not fit, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Where.
    pub place: Pointer,
    /// What it should be.
    pub what: String,
}

/// How many misfits are told.
const TOLD: usize = 20;

/// How often one definition may lead to another.
const STEPS: usize = 32;

/// The members that a schema names, in its order.
#[must_use]
pub fn members(schema: &Value) -> Vec<Member> {
    let whole = resolve(schema, schema);
    let properties = whole.get("properties").and_then(Value::as_object);
    let member = |(name, it): (&String, &Value)| {
        let of = resolve(schema, it);
        let about = it.get("description").or_else(|| of.get("description"));
        Member {
            name: name.clone(),
            kind: kind(schema, it),
            required: is_required(whole, name),
            about: about.and_then(Value::as_str).unwrap_or_default().to_owned(),
        }
    };
    properties.into_iter().flatten().map(member).collect()
}

/// What of `data` does not fit the schema.
///
/// ```
/// # use monoxide_ui::model::misfits;
/// use serde_json::json;
///
/// let schema = json!({
///     "type": "object",
///     "properties": {"text": {"type": "string"}, "done": {"type": "boolean"}},
///     "required": ["text"],
/// });
/// let found = misfits(&schema, &json!({"done": "yes"}));
/// assert_eq!((found[0].place.as_str(), found[0].what.as_str()), ("/text", "is missing"));
/// assert_eq!((found[1].place.as_str(), found[1].what.as_str()), ("/done", "should be a boolean"));
/// ```
#[must_use]
pub fn misfits(schema: &Value, data: &Value) -> Vec<Misfit> {
    let mut found = Vec::new();
    compare(schema, schema, data, &Pointer::root(), &mut found);
    found.truncate(TOLD);
    found
}

/// A schema behind its references to definitions.
fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    for _ in 0..STEPS {
        let named = schema.get("$ref").and_then(Value::as_str).and_then(|it| it.strip_prefix('#'));
        match named.and_then(|pointer| root.pointer(pointer)) {
            Some(definition) => schema = definition,
            None => break,
        }
    }
    schema
}

fn is_required(schema: &Value, name: &str) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|it| it.iter().any(|it| it == name))
}

/// The schemas of which one has to fit, if there are such.
fn choices(schema: &Value) -> Option<&Vec<Value>> {
    schema.get("anyOf").or_else(|| schema.get("oneOf"))?.as_array()
}

/// The types that data may have; empty when any will do.
fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(some)) => some.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn kind(root: &Value, schema: &Value) -> String {
    let schema = resolve(root, schema);
    if let Some(choices) = choices(schema) {
        return choices.iter().map(|it| kind(root, it)).collect::<Vec<_>>().join(" or ");
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    }
    if let Some(value) = schema.get("const") {
        return value.to_string();
    }
    let types = types(schema);
    let items = schema.get("items").filter(|_| types == ["array"]);
    match items.map(|items| kind(root, items)).filter(|it| it != "anything") {
        Some(items) => format!("array of {items}"),
        None if types.is_empty() => "anything".to_owned(),
        None => types.join(" or "),
    }
}

fn fits_type(name: &str, data: &Value) -> bool {
    match name {
        "object" => data.is_object(),
        "array" => data.is_array(),
        "string" => data.is_string(),
        "boolean" => data.is_boolean(),
        "null" => data.is_null(),
        "number" => data.is_number(),
        "integer" => match data {
            Value::Number(number) => {
                let text = number.to_string();
                let fraction = text.split_once('.').map(|(_, it)| it.trim_end_matches('0'));
                fraction.is_none_or(str::is_empty) || text.contains(['e', 'E'])
            }
            _ => false,
        },
        _ => true,
    }
}

fn with_article(kind: &str) -> String {
    match kind {
        "integer" | "object" | "array" => format!("an {kind}"),
        "string" => "a text".to_owned(),
        "null" => kind.to_owned(),
        _ if kind.starts_with("array") => format!("an {kind}"),
        _ if kind.contains(" or ") || kind.starts_with('"') => kind.to_owned(),
        _ => format!("a {kind}"),
    }
}

fn compare(root: &Value, schema: &Value, data: &Value, at: &Pointer, found: &mut Vec<Misfit>) {
    let schema = resolve(root, schema);
    if found.len() >= TOLD || at.as_str().bytes().filter(|&it| it == b'/').count() > STEPS {
        return;
    }
    let mut tell = |what: String| found.push(Misfit { place: at.clone(), what });
    if let Some(choices) = choices(schema) {
        let fits = |choice: &&Value| {
            let mut found = Vec::new();
            compare(root, choice, data, at, &mut found);
            found.is_empty()
        };
        if !choices.iter().any(|choice| fits(&choice)) {
            tell(format!("should be {}", with_article(&kind(root, schema))));
        }
        return;
    }
    let types = types(schema);
    if !types.is_empty() && !types.iter().any(|it| fits_type(it, data)) {
        return tell(format!("should be {}", with_article(&kind(root, schema))));
    }
    let values = schema.get("enum").and_then(Value::as_array);
    if values.is_some_and(|it| !it.contains(data))
        || schema.get("const").is_some_and(|it| it != data)
    {
        return tell(format!("should be {}", kind(root, schema)));
    }
    match data {
        Value::Object(members) => {
            for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
                if let Some(name) = name.as_str().filter(|it| !members.contains_key(*it)) {
                    let place = at.member(name);
                    found.push(Misfit { place, what: "is missing".to_owned() });
                }
            }
            let properties = schema.get("properties").and_then(Value::as_object);
            let is_closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
            for (name, value) in members {
                match properties.and_then(|it| it.get(name)) {
                    Some(schema) => compare(root, schema, value, &at.member(name), found),
                    None if is_closed => {
                        let what = "is not a member that the schema knows".to_owned();
                        found.push(Misfit { place: at.member(name), what });
                    }
                    None => {}
                }
            }
        }
        Value::Array(elements) => {
            if let Some(items) = schema.get("items") {
                for (nth, element) in elements.iter().enumerate() {
                    compare(root, items, element, &at.element(nth), found);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object",
            "properties": {
                "title": {"type": "string", "description": "what is on the cover"},
                "pages": {"type": "integer"},
                "tags": {"type": "array", "items": {"type": "string"}},
                "publisher": {"anyOf": [{"$ref": "#/$defs/Publisher"}, {"type": "null"}]},
                "state": {"enum": ["new", "read"]},
            },
            "required": ["title"],
            "$defs": {"Publisher": {"type": "object", "required": ["name"]}},
        })
    }

    #[test]
    fn members_are_told_with_what_they_are() {
        let members = members(&schema());
        let kinds: Vec<_> = members.iter().map(|it| it.kind.as_str()).collect();
        assert_eq!(
            kinds,
            ["string", "integer", "array of string", "object or null", "\"new\" or \"read\""]
        );
        assert!(members[0].required && !members[1].required);
        assert_eq!(members[0].about, "what is on the cover");
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_place() {
        let data =
            json!({"pages": 1.5, "tags": ["a", 2], "publisher": {}, "state": "old", "more": 1});
        let found = misfits(&schema(), &data);
        let told: Vec<_> = found.iter().map(|it| format!("{} {}", it.place, it.what)).collect();
        assert_eq!(
            told,
            [
                "/title is missing",
                "/pages should be an integer",
                "/tags/1 should be a text",
                "/publisher should be object or null",
                "/state should be \"new\" or \"read\"",
            ]
        );
    }

    #[test]
    fn what_fits_is_left_alone() {
        let data = json!({"title": "Dune", "pages": 412, "publisher": null, "state": "new"});
        assert_eq!(misfits(&schema(), &data), []);
    }

    #[test]
    fn definitions_that_lead_in_circles_end() {
        let circle = json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}});
        assert_eq!(misfits(&circle, &json!({"a": 1})), []);
    }
}
