//! What is wrong with rules is said at the start, with its place.

use monoxide_engine::{Asked, Operation};
use monoxide_rules::{RuleSet, Word};

use super::{ann, json, key, rules};

#[track_caller]
fn check(text: &str, expected: &str) {
    let mistake = RuleSet::parse("rules.toml", text).unwrap_err();
    assert_eq!(mistake.to_string(), expected);
}

#[test]
fn a_mistake_has_its_file_line_and_column() {
    check("['**']\nread = 'signed_inn'", "rules.toml:2:9: there is no variable `signed_inn`");
    check(
        "['**']\nread = 'role == \"a\"'\nwrite = \"account == nme\"",
        "rules.toml:3:21: there is no variable `nme`",
    );
    check(
        "['**']\nread = '''\n  signed_in &&\n  nobody\n'''",
        "rules.toml:4:3: there is no variable `nobody`",
    );
    check(
        "['**']\nread = \"role == \\\"a\\\" || nme\"",
        "rules.toml:2:8: there is no variable `nme`",
    );
    check(
        "['**']\nreed = 'true'",
        "rules.toml:2:1: `reed` is not read, list, watch, write, create, update or delete",
    );
    check("# who\n['books//*']\nread = 'true'", "rules.toml:2:2: `books//*` has an empty segment");
    check(
        "read = 'true'",
        "rules.toml:1:1: `read` is no path: write `[\"read\"]` and rules below it",
    );
    check("['**']\nread = true", "rules.toml:2:8: `read` is an expression, in quotes");
    check("['**']\nread = 'fetch(key)'", "rules.toml:2:9: there is no function `fetch`");
    check("['**']\nread = ''", "rules.toml:2:8: Script is incomplete");
}

#[test]
fn what_is_no_toml_has_its_place_too() {
    for (text, place) in
        [("['**'\nread = ''", "1:"), ("['**']\nread = ", "2:"), ("['a']\n['a']", "2:")]
    {
        let mistake = RuleSet::parse("rules.toml", text).unwrap_err().to_string();
        assert!(mistake.starts_with(&format!("rules.toml:{place}")), "{mistake}");
    }
    let twice = RuleSet::parse("rules.toml", "['a']\nread = 'true'\nread = 'false'").unwrap_err();
    assert_eq!((twice.line, twice.column), (3, 1));
}

#[test]
fn what_is_more_than_an_expression_is_refused() {
    for text in [
        "let x = 1; x == 1",
        "while true {}",
        "loop {}",
        "{ true }",
        "if signed_in { true } else { false }",
        "switch 1 { _ => true }",
        "account = 5",
        "|x| true",
        "eval(\"true\")",
        "print(key)",
        "debug(key)",
        "type_of(key) == \"string\"",
        "call(key)",
        "Fn(\"x\")",
        "this == 1",
        "`${key}` == \"a\"",
        "#{a: 1}.a == 1",
        "key.clear()",
        "segments.push(1)",
        "sleep(5)",
        "import \"x\"",
        "throw 1",
        "return true",
        "roles.filter(|x| true)",
    ] {
        let rules = RuleSet::parse("rules.toml", &format!("['**']\nread = '''{text}'''"));
        assert!(rules.is_err(), "{text}");
    }
    let nested = format!("{}true{}", "(".repeat(1_000), ")".repeat(1_000));
    assert!(RuleSet::builder().rule("**", Word::Read, format!("!{nested}")).build().is_err());
}

#[test]
fn an_explanation_names_the_rule_its_line_and_the_values() {
    let rules = rules(
        "['**']\nread = 'signed_in'\n\n['books/*']\nupdate = 'role == \"editor\" && old.owner == account'\n",
    );
    let (ann, old, new) = (ann(), json(serde_json::json!({"owner": "bob"})), json(1));
    let asked = Asked {
        identity: &ann,
        operation: Operation::Update,
        key: &key("books/dune"),
        old: Some(&old),
        new: Some(&new),
    };
    assert_eq!(
        rules.explain(&asked).to_string(),
        "refused\n  rules.toml:5: [\"books/*\"] update = 'role == \"editor\" && old.owner == account'\n    \
         account = \"ann\"\n    role = [\"editor\", \"writer\"]\n    old = #{\"owner\": \"bob\"}\n    is false"
    );
    let create = rules.explain(&Asked { operation: Operation::Create, ..asked });
    assert_eq!(
        create.to_string(),
        "refused\n  no rule says who may create `books/dune`, so nobody may"
    );
    let watch = rules.explain(&Asked { operation: Operation::Watch, ..asked });
    assert!(watch.is_allowed && watch.text.matches("rules.toml:2").count() == 2, "{watch}");
}
