//! One expression: compiled once, looked through for what it reads, evaluated within a bound.

use std::sync::{Arc, LazyLock};

use monoxide_engine::{Asked, Inputs};
use rhai::{
    AST, ASTNode, Array, Dynamic, Engine, EvalAltResult, Expr, ImmutableString, Map,
    OptimizationLevel, ParseErrorType, Position, Scope, Stmt, Token,
};

use crate::{
    data::{self, Members},
    mistake::Place,
};

/// How many operations an evaluation may take. An expression has no loops, so few ever need fifty.
const OPERATIONS: u64 = 1_000;

/// How deep an expression may be nested.
const DEPTH: usize = 32;

/// How long a text may be that an expression looks at or puts together, in bytes.
const TEXT: usize = 16 * 1024 * 1024;

/// What expressions may call, operators among it. Everything else of the language is refused.
const FUNCTIONS: [&str; 18] = [
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "!",
    "in",
    "!in",
    "+",
    "-",
    "*",
    "/",
    "%",
    "contains",
    "starts_with",
    "ends_with",
    "len",
];

/// The roles of an account: it equals each of them.
#[derive(Debug, Clone)]
struct Role(Arc<[ImmutableString]>);

impl Role {
    fn is(&self, role: &str) -> bool {
        self.0.iter().any(|it| it == role)
    }
}

static LANGUAGE: LazyLock<Engine> = LazyLock::new(language);

/// Operators on what the language has built in, and no functions but these.
fn language() -> Engine {
    let mut engine = Engine::new_raw();
    engine.set_max_operations(OPERATIONS);
    engine.set_max_expr_depths(DEPTH);
    engine.set_max_string_size(TEXT);
    engine.set_max_variables(0);
    engine.set_strict_variables(true);
    engine.set_optimization_level(OptimizationLevel::None);
    #[expect(deprecated, reason = "it is not, but may change with a minor version")]
    engine.on_parse_token(|token, _, _| match token {
        // Words that the language keeps for itself, such as `new` and `public`, and has no use for.
        Token::Reserved(word) if word.starts_with(|it: char| it.is_ascii_alphabetic()) => {
            Token::Identifier(word)
        }
        token => token,
    });
    engine.register_type_with_name::<Role>("role");
    engine.register_fn("==", |role: &mut Role, it: &str| role.is(it));
    engine.register_fn("==", |it: &str, role: Role| role.is(it));
    engine.register_fn("!=", |role: &mut Role, it: &str| !role.is(it));
    engine.register_fn("!=", |it: &str, role: Role| !role.is(it));
    engine.register_fn("==", |one: Array, other: Array| are_equal(&one, &other));
    engine.register_fn("!=", |one: Array, other: Array| !are_equal(&one, &other));
    engine.register_fn("==", |one: Map, other: Map| is_equal(&one.into(), &other.into()));
    engine.register_fn("!=", |one: Map, other: Map| !is_equal(&one.into(), &other.into()));
    engine.register_fn("contains", |list: &mut Array, it: Dynamic| contains(list, &it));
    engine.register_fn("contains", |map: &mut Map, name: &str| map.contains_key(name));
    engine.register_fn("contains", |text: &str, part: &str| text.contains(part));
    engine.register_fn("starts_with", |text: &str, part: &str| text.starts_with(part));
    engine.register_fn("ends_with", |text: &str, part: &str| text.ends_with(part));
    engine.register_fn("len", |text: &str| whole(text.chars().count()));
    engine.register_fn("len", |list: &mut Array| whole(list.len()));
    engine.register_fn("len", |map: &mut Map| whole(map.len()));
    engine
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn contains(list: &Array, it: &Dynamic) -> bool {
    match it.read_lock::<Role>() {
        Some(role) => list
            .iter()
            .any(|entry| entry.read_lock::<ImmutableString>().is_some_and(|entry| role.is(&entry))),
        None => list.iter().any(|entry| is_equal(entry, it)),
    }
}

fn are_equal(one: &Array, other: &Array) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_equal(one, other))
}

/// Whether two values are the same JSON.
fn is_equal(one: &Dynamic, other: &Dynamic) -> bool {
    if let (Some(one), Some(other)) = (one.read_lock::<Array>(), other.read_lock::<Array>()) {
        return are_equal(&one, &other);
    }
    if let (Some(one), Some(other)) = (one.read_lock::<Map>(), other.read_lock::<Map>()) {
        let has = |(name, it): (_, &Dynamic)| other.get(name).is_some_and(|its| is_equal(it, its));
        return one.len() == other.len() && one.iter().all(has);
    }
    if let (Some(one), Some(other)) =
        (one.read_lock::<ImmutableString>(), other.read_lock::<ImmutableString>())
    {
        return *one == *other;
    }
    if let (Ok(one), Ok(other)) = (one.as_int(), other.as_int()) {
        return one == other;
    }
    if let (Ok(one), Ok(other)) = (number(one), number(other)) {
        return one.total_cmp(&other).is_eq();
    }
    match (one.as_bool(), other.as_bool()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one.is_unit() && other.is_unit(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a whole number beside a broken one")]
fn number(it: &Dynamic) -> Result<f64, &'static str> {
    it.as_float().or_else(|_| it.as_int().map(|it| it as f64))
}

/// What an expression reads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reads {
    pub(crate) inputs: Inputs,
    role: bool,
    roles: bool,
    segments: bool,
    key: bool,
    old: Members,
    new: Members,
}

impl Reads {
    pub(crate) fn looks_at_old(&self) -> bool {
        self.old != Members::None
    }
}

/// An expression that is ready to be evaluated.
#[derive(Debug)]
pub(crate) struct Expression {
    text: String,
    how: How,
    reads: Reads,
}

#[derive(Debug)]
enum How {
    Always(bool),
    Evaluated(Box<AST>),
}

impl Expression {
    /// Compiles an expression, or says what is wrong with it and where.
    pub(crate) fn compile(text: &str) -> Result<Self, (Place, String)> {
        let how = |how| Self { text: text.to_owned(), how, reads: Reads::default() };
        match text.trim() {
            "true" => return Ok(how(How::Always(true))),
            "false" => return Ok(how(How::Always(false))),
            _ => {}
        }
        let mut scope = Scope::new();
        for name in VARIABLES {
            scope.push_dynamic(name, Dynamic::UNIT);
        }
        let compiled = LANGUAGE.compile_expression_with_scope(&scope, text);
        let ast = compiled.map_err(|error| {
            let what = match error.err_type() {
                ParseErrorType::VariableUndefined(name) => format!("there is no variable `{name}`"),
                other => other.to_string(),
            };
            (place(error.position()), what)
        })?;
        let reads = look_through(&ast)?;
        Ok(Self { text: text.to_owned(), how: How::Evaluated(Box::new(ast)), reads })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn reads(&self) -> &Reads {
        &self.reads
    }

    /// Whether it holds; or why that cannot be said.
    pub(crate) fn holds(&self, asked: &Asked<'_>) -> Result<bool, String> {
        match &self.how {
            How::Always(answer) => Ok(*answer),
            How::Evaluated(ast) => {
                let mut scope = self.scope(asked)?;
                let answer = LANGUAGE.eval_ast_with_scope::<Dynamic>(&mut scope, ast);
                let answer = answer.map_err(|error| explain(&error))?;
                answer
                    .as_bool()
                    .map_err(|kind| format!("it is of the kind {kind}, not true or false"))
            }
        }
    }

    /// The variables that it reads, with their values, for people.
    pub(crate) fn values(&self, asked: &Asked<'_>) -> Vec<(&'static str, String)> {
        let Ok(scope) = self.scope(asked) else { return Vec::new() };
        let shown = |name: &'static str| {
            let value = scope.get(name)?;
            let text = match value.read_lock::<Role>() {
                Some(role) => format!("{:?}", role.0),
                None => format!("{value:?}"),
            };
            Some((name, text))
        };
        VARIABLES.into_iter().filter_map(shown).collect()
    }

    /// What it reads of what is asked.
    fn scope(
        &self,
        Asked { identity, key, old, new, .. }: &Asked<'_>,
    ) -> Result<Scope<'_>, String> {
        let reads = &self.reads;
        let mut scope = Scope::new();
        if reads.inputs.account {
            scope.push_dynamic("account", identity.name().map_or(Dynamic::UNIT, Into::into));
        }
        if reads.inputs.signed_in {
            scope.push("signed_in", identity.name().is_some());
        }
        if reads.role {
            scope.push("role", Role(identity.roles().map(Into::into).collect()));
        }
        if reads.roles {
            let roles: Array = identity.roles().map(Into::into).collect();
            scope.push_dynamic("roles", roles.into());
        }
        if reads.segments {
            let segments: Array = key.segments().map(Into::into).collect();
            scope.push_dynamic("segments", segments.into());
        }
        if reads.key {
            scope.push_dynamic("key", key.as_str().into());
        }
        for (name, members, json) in [("old", &reads.old, old), ("new", &reads.new, new)] {
            if *members != Members::None {
                let value = json.map_or(Some(Dynamic::UNIT), |it| data::read(it.as_str(), members));
                let value = value.ok_or_else(|| format!("`{name}` cannot be read"))?;
                scope.push_dynamic(name, value);
            }
        }
        Ok(scope)
    }
}

const VARIABLES: [&str; 8] =
    ["account", "signed_in", "role", "roles", "segments", "key", "old", "new"];

/// Finds out what is read, and refuses what is more than an expression.
fn look_through(ast: &AST) -> Result<Reads, (Place, String)> {
    let mut reads = Reads::default();
    let mut mistake = None;
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        let looked = match path.last() {
            Some(ASTNode::Expr(expression)) => look_at(expression, path, &mut reads),
            Some(ASTNode::Stmt(Stmt::Expr(_))) | None => Ok(()),
            Some(ASTNode::Stmt(Stmt::FnCall(call, at))) => called(&call.name, *at),
            Some(other) => Err((other.position(), "this is more than an expression".to_owned())),
        };
        mistake = looked.err();
        mistake.is_none()
    });
    match mistake {
        Some((at, what)) => Err((place(at), what)),
        None => Ok(reads),
    }
}

type Looked = Result<(), (Position, String)>;

fn look_at(expression: &Expr, path: &[ASTNode<'_>], reads: &mut Reads) -> Looked {
    match expression {
        Expr::Variable(it, _, at) => variable(&it.1, *at, path, reads),
        Expr::FnCall(call, at) | Expr::MethodCall(call, at) => called(&call.name, *at),
        Expr::BoolConstant(..)
        | Expr::IntegerConstant(..)
        | Expr::FloatConstant(..)
        | Expr::CharConstant(..)
        | Expr::StringConstant(..)
        | Expr::DynamicConstant(..)
        | Expr::Array(..)
        | Expr::Unit(_)
        | Expr::Property(..)
        | Expr::Dot(..)
        | Expr::Index(..)
        | Expr::And(..)
        | Expr::Or(..)
        | Expr::Coalesce(..) => Ok(()),
        other => Err((other.position(), "this cannot stand in a rule".to_owned())),
    }
}

fn called(name: &str, at: Position) -> Looked {
    if FUNCTIONS.contains(&name) {
        return Ok(());
    }
    Err((at, format!("there is no function `{name}`")))
}

fn variable(name: &str, at: Position, path: &[ASTNode<'_>], reads: &mut Reads) -> Looked {
    match name {
        "account" => reads.inputs.account = true,
        "signed_in" => reads.inputs.signed_in = true,
        "role" => (reads.role, reads.inputs.roles) = (true, true),
        "roles" => (reads.roles, reads.inputs.roles) = (true, true),
        "segments" => reads.segments = true,
        "key" => reads.key = true,
        "old" => reads.old.add(member(path)),
        "new" => reads.new.add(member(path)),
        _ => return Err((at, format!("there is no variable `{name}`"))),
    }
    Ok(())
}

/// The name of the member that is read of the variable at the end of the path; none when it may be
/// any.
fn member<'a>(path: &[ASTNode<'a>]) -> Option<&'a str> {
    let [.., ASTNode::Expr(Expr::Dot(chain, ..)), ASTNode::Expr(of)] = path else { return None };
    if !std::ptr::eq(&raw const chain.lhs, *of) {
        return None;
    }
    match &chain.rhs {
        Expr::Property(name, _) => Some(&name.2),
        Expr::Dot(further, ..) | Expr::Index(further, ..) => match &further.lhs {
            Expr::Property(name, _) => Some(&name.2),
            _ => None,
        },
        _ => None,
    }
}

fn place(at: Position) -> Place {
    Place { line: at.line().unwrap_or(1), column: at.position().unwrap_or(1) }
}

/// What went wrong, without what was stored.
fn explain(error: &EvalAltResult) -> String {
    match error {
        EvalAltResult::ErrorTooManyOperations(_) => {
            format!("it takes more than {OPERATIONS} operations")
        }
        EvalAltResult::ErrorFunctionNotFound(signature, _) => format!("there is no {signature}"),
        EvalAltResult::ErrorArrayBounds(..) => "a list is not that long".to_owned(),
        EvalAltResult::ErrorDataTooLarge(..) => "a value gets too large".to_owned(),
        EvalAltResult::ErrorArithmetic(..) => "this cannot be calculated".to_owned(),
        EvalAltResult::ErrorIndexingType(..) | EvalAltResult::ErrorDotExpr(..) => {
            "what is looked into has no members".to_owned()
        }
        _ => "it cannot be evaluated".to_owned(),
    }
}
