//! What a server is made of, and what its administrators do with it: the management API, with types.

use monoxide_protocol::Key;
use serde_json::Value;

use crate::{
    Client,
    accounts::{Read, Request, flag, number, text},
};

/// A filter, as it is described to people.
#[derive(Debug, Clone, PartialEq)]
pub struct FilterShown {
    /// The key or list it is for.
    pub path: String,
    /// What it is: `open`, `read-only`, `write-only`, `limit` or `custom`.
    pub kind: String,
    /// Whether what it is for can be read.
    pub can_read: bool,
    /// Whether it can be written.
    pub can_write: bool,
    /// Whether it can be deleted.
    pub can_delete: bool,
    /// What is said about it: of what, and what.
    pub about: Vec<(&'static str, String)>,
    /// How much there may be of what it is for.
    pub limit: Option<LimitShown>,
    /// A value as it takes it.
    pub example: Option<Value>,
    /// The JSON Schema of that.
    pub schema: Option<Value>,
}

/// How much there may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitShown {
    /// How many objects there are.
    pub objects: u64,
    /// How many there may be, if that is limited.
    pub count: Option<u64>,
    /// How old they may become, as Go writes durations, if that is limited.
    pub age: Option<String>,
    /// Whether either changes while the server runs.
    pub changes: bool,
    /// Whether the oldest comes first.
    pub oldest_first: bool,
}

/// An endpoint of the application.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointShown {
    /// Its path, with its variables in braces.
    pub path: String,
    /// What it is for.
    pub about: String,
    /// The variables, and what they are.
    pub vars: Vec<(String, String)>,
    /// Its methods.
    pub methods: Vec<MethodShown>,
}

/// A method of an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodShown {
    /// Such as `GET`.
    pub name: String,
    /// The parameters of its query, and what they are.
    pub params: Vec<(String, String)>,
    /// What it takes, by example.
    pub request: Option<Value>,
    /// What it answers, by example.
    pub response: Option<Value>,
    /// The JSON Schema of what it takes.
    pub request_schema: Option<Value>,
}

/// What an endpoint answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    /// The HTTP status.
    pub status: u16,
    /// The headers that a page may see, by name.
    pub headers: Vec<(String, String)>,
    /// The body, as text.
    pub body: String,
}

/// The backups of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupsShown {
    /// How often one is made, in nanoseconds, and how many are kept; where the server makes any by
    /// itself.
    pub schedule: Option<(u64, u64)>,
    /// Those that it has kept, the newest first.
    pub files: Vec<BackupFile>,
    /// When the last one was taken, in nanoseconds since the Unix epoch.
    pub last: Option<u64>,
    /// Since when none can be made, and why.
    pub failing: Option<(u64, String)>,
}

/// A backup that a server has kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupFile {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub size: u64,
    /// When it was written, in nanoseconds since the Unix epoch.
    pub written: u64,
}

/// What a backup was found to hold when it was checked to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// When it was taken, in nanoseconds since the Unix epoch.
    pub taken: u64,
    /// The highest version that was handed out then, as it is written on the wire.
    pub version: String,
    /// How many objects there are.
    pub objects: u64,
    /// How many entries about accounts.
    pub accounts: u64,
}

/// Another server behind this one, or one that shares its state; as the server tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Told(pub Value);

impl Read for Told {
    fn read(json: &Value, _now: u64) -> Option<Self> {
        Some(Self(json.clone()))
    }
}

impl Told {
    /// Whether it says that the server shares its state with others.
    #[must_use]
    pub fn is_in_a_cluster(&self) -> bool {
        self.0.get("role").and_then(Value::as_str).is_some_and(|role| role != "none")
    }
}

/// All filters.
#[derive(Debug, Clone, PartialEq)]
pub struct Filters(pub Vec<FilterShown>);

impl Read for Filters {
    fn read(json: &Value, now: u64) -> Option<Self> {
        Read::read(json.get("filters")?, now).map(Self)
    }
}

impl Read for FilterShown {
    fn read(json: &Value, _now: u64) -> Option<Self> {
        let about = [
            ("Write", "descWrite"),
            ("Read", "descRead"),
            ("Delete", "descDelete"),
            ("After a write", "descAfterWrite"),
            ("Limit", "descLimit"),
        ];
        let about = about.into_iter().filter_map(|(what, name)| Some((what, text(json, name)?)));
        Some(Self {
            path: text(json, "path")?,
            kind: text(json, "type")?,
            can_read: flag(json, "canRead"),
            can_write: flag(json, "canWrite"),
            can_delete: flag(json, "canDelete"),
            about: about.filter(|(_, text)| !text.is_empty()).collect(),
            limit: LimitShown::read(json),
            example: json.get("schema").cloned(),
            schema: json.get("jsonSchema").cloned(),
        })
    }
}

impl LimitShown {
    fn read(json: &Value) -> Option<Self> {
        Some(Self {
            objects: number(json, "objects")?,
            count: number(json, "limit").or_else(|| number(json, "currentLimit")),
            age: text(json, "maxAge").or_else(|| text(json, "currentMaxAge")),
            changes: flag(json, "limitDynamic") || flag(json, "maxAgeDynamic"),
            oldest_first: text(json, "order").as_deref() == Some("asc"),
        })
    }
}

impl Read for EndpointShown {
    fn read(json: &Value, now: u64) -> Option<Self> {
        Some(Self {
            path: text(json, "path")?,
            about: text(json, "description").unwrap_or_default(),
            vars: described(json, "vars"),
            methods: Read::read(json.get("methods")?, now)?,
        })
    }
}

impl Read for MethodShown {
    fn read(json: &Value, _now: u64) -> Option<Self> {
        Some(Self {
            name: text(json, "method")?,
            params: described(json, "params"),
            request: json.get("request").cloned(),
            response: json.get("response").cloned(),
            request_schema: json.get("requestSchema").cloned(),
        })
    }
}

/// Names, and what is said about each.
fn described(json: &Value, name: &str) -> Vec<(String, String)> {
    let all = json.get(name).and_then(Value::as_object);
    let each = |(name, text): (&String, &Value)| {
        (name.clone(), text.as_str().unwrap_or_default().to_owned())
    };
    all.into_iter().flatten().map(each).collect()
}

impl Read for Key {
    fn read(json: &Value, _now: u64) -> Option<Self> {
        Self::parse(json.as_str()?).ok()
    }
}

impl Read for BackupsShown {
    fn read(json: &Value, now: u64) -> Option<Self> {
        let schedule =
            json.get("schedule").and_then(|it| Some((number(it, "every")?, number(it, "keep")?)));
        let failing =
            json.get("failing").and_then(|it| Some((number(it, "since")?, text(it, "reason")?)));
        let files = Read::read(json.get("files")?, now)?;
        Some(Self { schedule, files, last: number(json, "last"), failing })
    }
}

impl Read for BackupFile {
    fn read(json: &Value, _now: u64) -> Option<Self> {
        let (size, written) = (number(json, "size")?, number(json, "written")?);
        Some(Self { name: text(json, "name")?, size, written })
    }
}

impl Read for Verified {
    fn read(json: &Value, _now: u64) -> Option<Self> {
        Some(Self {
            taken: number(json, "taken")?,
            version: text(json, "version")?,
            objects: number(json, "objects")?,
            accounts: number(json, "accounts")?,
        })
    }
}

/// The filters, read as [`Filters`] or as what else can be read from them. This and what follows is for administrators, where people sign in.
#[must_use]
pub fn filters<T: Read>() -> Request<T> {
    Request::new("GET", "?api=filters")
}

/// The application's endpoints.
#[must_use]
pub fn endpoints() -> Request<Vec<EndpointShown>> {
    Request::new("GET", "?api=endpoints")
}

/// The keys that no filter is for.
#[must_use]
pub fn orphan_keys() -> Request<Vec<Key>> {
    Request::new("GET", "?api=orphan-keys")
}

/// Calls an endpoint at `address`, which has no slash before it, with JSON as its body. Whatever
/// comes back is an answer. A method that endpoints do not have is taken for GET.
#[must_use]
pub fn call(method: &str, address: String, body: Option<String>) -> Request<Called> {
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    let method = methods.into_iter().find(|it| *it == method).unwrap_or("GET");
    let request = Request::reading(method, address, |answer| {
        let (status, headers, body) = (answer.status, answer.headers.clone(), answer.body.clone());
        Ok(Called { status, headers, body })
    });
    match body {
        Some(body) => request.body(body),
        None => request,
    }
}

/// Other servers whose keys are among this one's.
#[must_use]
pub fn proxies() -> Request<Vec<Told>> {
    Request::new("GET", "?api=proxies")
}

/// How the server shares its state with others.
#[must_use]
pub fn cluster() -> Request<Told> {
    Request::new("GET", "?api=pivot")
}

/// The backups that there are. Nobody is an administrator where nobody signs in, so this and what
/// follows is refused there.
#[must_use]
pub fn backups() -> Request<BackupsShown> {
    Request::new("GET", "?api=backups")
}

/// Makes a backup, and keeps it with the others.
#[must_use]
pub fn make_backup() -> Request<BackupFile> {
    Request::new("POST", "?api=backups")
}

/// Checks a backup that the server has kept, to its end.
#[must_use]
pub fn verify_backup(name: &str) -> Request<Verified> {
    Request::new("POST", format!("?api=backups&verify={name}"))
}

/// Where a backup that the server has kept is to be had, for a link.
#[must_use]
pub fn backup_address(name: &str) -> String {
    format!("?api=backups&name={name}")
}

impl Client {
    /// The address of `path`, for a link.
    #[must_use]
    pub fn link(&self, path: &str) -> String {
        self.page_address(path.trim_start_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_read_as_the_server_describes_it() {
        let json = r#"{"filters":[{"path":"log/*","type":"limit","canRead":true,"canWrite":true,
            "canDelete":true,"isGlob":true,"limit":100,"maxAge":"24h0m0s","order":"desc",
            "descLimit":"today","objects":7},{"path":"secret","type":"write-only","canWrite":true,
            "schema":{"text":""},"jsonSchema":{"type":"object"}}]}"#;
        let json = serde_json::from_str(json).unwrap();

        let Some(Filters(filters)) = Filters::read(&json, 0) else { panic!() };
        let [log, secret] = filters.as_slice() else { panic!() };

        let limit = log.limit.as_ref().unwrap();
        assert_eq!(
            (limit.objects, limit.count, limit.age.as_deref()),
            (7, Some(100), Some("24h0m0s"))
        );
        assert_eq!(log.about, [("Limit", "today".to_owned())]);
        assert_eq!((secret.can_read, secret.can_write, &secret.limit), (false, true, &None));
        assert!(secret.schema.is_some() && secret.example.is_some());
    }

    #[test]
    fn a_server_alone_is_in_no_cluster() {
        for (role, expected) in [("none", false), ("pivot", true)] {
            let told = Told(serde_json::json!({ "role": role }));
            assert_eq!(told.is_in_a_cluster(), expected);
        }
    }
}
