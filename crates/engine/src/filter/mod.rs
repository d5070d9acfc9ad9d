//! What may be written, read and deleted, and what a write or a read turns into.

mod limit;
mod set;
mod table;

use std::{fmt, sync::Arc};

use monoxide_protocol::{Glob, Json, JsonError, Key, KeyError, Object};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

pub use self::limit::Limit;
pub(crate) use self::{
    limit::Bound,
    set::{Caller, FilterSet},
};
use crate::{guard::Later, identity::Identity};

/// What a filter is told about the request.
#[derive(Debug, Clone)]
pub struct Context {
    /// Who asks.
    pub identity: Identity,
    /// What is asked for: a key, or the list that is pushed to, read or deleted.
    pub path: Glob,
}

/// A filter said no. The text is for the client to read.
///
/// ```
/// use monoxide_engine::Denied;
///
/// assert_eq!(Denied::new("a name is required").to_string(), "a name is required");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Denied(pub(crate) Why);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Why {
    #[error("{0}")]
    Said(String),
    /// What the filter made is not JSON.
    #[error("invalid filter result")]
    Result,
}

impl Denied {
    /// A refusal that says `text` to the client.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Why::Said(text.into()))
    }
}

impl From<JsonError> for Denied {
    /// The filter has made something that is not JSON: its own mistake, and the client is told no
    /// more than that.
    fn from(_: JsonError) -> Self {
        Self(Why::Result)
    }
}

/// What a read filter makes of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// It is seen as it is.
    Whole,
    /// It is seen with this data instead of its own.
    As(Json),
    /// It is not seen: as if it were not there.
    Hidden,
}

/// Why filters cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// The path of a filter is neither a key nor a glob.
    #[error("a filter's path is wrong: {0}")]
    Path(#[from] KeyError),
    /// A limit holds for the objects of a list, so its path has to end in a star.
    #[error("the limit on `{0}` needs a path that ends in `*`")]
    LimitPath(Glob),
    /// A limit that limits nothing.
    #[error("the limit on `{0}` has neither a count nor an age")]
    NoLimit(Glob),
    /// A limit that is zero: nothing could be stored under it.
    #[error("the limit on `{0}` is zero, so it would keep nothing")]
    KeepsNothing(Glob),
    /// A limit is cleaned up more often than is good.
    #[error("the limit on `{0}` is to be cleaned up more often than once a minute")]
    CleanUp(Glob),
    /// A description or a schema stands before any filter.
    #[error("there is no filter yet that could be described")]
    NothingToDescribe,
}

type Result<T> = std::result::Result<T, Denied>;

type WriteNow = dyn Fn(&Context, Json) -> Result<Json> + Send + Sync;
type WriteLater = dyn Fn(Context, Json) -> Later<Result<Json>> + Send + Sync;
type CheckNow = dyn Fn(&Context) -> Result<()> + Send + Sync;
type CheckLater = dyn Fn(Context) -> Later<Result<()>> + Send + Sync;
type ReadObject = dyn Fn(&Context, Option<&Object>) -> Result<Seen> + Send + Sync;
type ReadItem = dyn Fn(&Context, &Object) -> Seen + Send + Sync;
type ReadWhole = dyn Fn(&Context, Vec<Arc<Object>>) -> Result<Vec<Arc<Object>>> + Send + Sync;

#[derive(Clone)]
pub(crate) enum Write {
    Open,
    Now(Arc<WriteNow>),
    Later(Arc<WriteLater>),
}

#[derive(Clone)]
pub(crate) enum Check {
    Open,
    Now(Arc<CheckNow>),
    Later(Arc<CheckLater>),
}

#[derive(Clone)]
pub(crate) enum ReadList {
    Open,
    Item(Arc<ReadItem>),
    Whole(Arc<ReadWhole>),
}

#[derive(Clone)]
enum Kind {
    Open,
    Write(Write),
    AfterWrite(Check),
    ReadObject(Arc<ReadObject>),
    ReadList(ReadList),
    Delete(Check),
    Limit(Limit),
}

#[derive(Clone)]
struct Filter {
    path: Glob,
    kind: Kind,
    about: Option<String>,
    schema: Option<Value>,
}

/// The filters of a server, in the order they were added: of those that match, the first decides.
///
/// ```
/// use monoxide_engine::{Denied, Filters, Limit};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, schemars::JsonSchema)]
/// struct Book {
///     title: String,
/// }
///
/// let filters = Filters::new()
///     .write_as("books/*", |_, book: Book| match book.title.is_empty() {
///         true => Err(Denied::new("a book has a title")),
///         false => Ok(book),
///     })
///     .open("settings")
///     .about("what the page looks like")
///     .limit("logs/*", Limit::count(1_000));
/// ```
#[derive(Clone, Default)]
#[must_use = "filters do nothing before an engine has them"]
pub struct Filters {
    filters: Vec<Filter>,
    is_static: bool,
    error: Option<FilterError>,
}

impl Filters {
    /// No filters: everything is open.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets only through what a filter covers. Default: what has no filter is open.
    pub fn only_these(mut self) -> Self {
        self.is_static = true;
        self
    }

    /// Lets everything through: writes, reads, deletes.
    pub fn open(self, path: &str) -> Self {
        self.add(path, Kind::Open)
    }

    /// Checks what is written under `path`, and may change it. After a patch it is given the
    /// whole object's data; on a push, the path is that of the list.
    pub fn write<F>(self, path: &str, filter: F) -> Self
    where
        F: Fn(&Context, Json) -> Result<Json> + Send + Sync + 'static,
    {
        self.add(path, Kind::Write(Write::Now(Arc::new(filter))))
    }

    /// Like [`write`](Self::write), for a filter that has to wait for something.
    pub fn write_async<F, O>(self, path: &str, filter: F) -> Self
    where
        F: Fn(Context, Json) -> O + Send + Sync + 'static,
        O: Future<Output = Result<Json>> + Send + 'static,
    {
        let filter =
            move |context, data| -> Later<Result<Json>> { Box::pin(filter(context, data)) };
        self.add(path, Kind::Write(Write::Later(Arc::new(filter))))
    }

    /// Like [`write`](Self::write), for data of a type. What is not of the type is refused, and
    /// the type is the schema.
    pub fn write_as<T, F>(self, path: &str, filter: F) -> Self
    where
        T: DeserializeOwned + Serialize + JsonSchema,
        F: Fn(&Context, T) -> Result<T> + Send + Sync + 'static,
    {
        let typed = move |context: &Context, data: Json| {
            let data = serde_json::from_str(data.as_str());
            let data = data.map_err(|error| Denied::new(error.to_string()))?;
            let data = serde_json::to_vec(&filter(context, data)?);
            Ok(Json::parse(&data.map_err(JsonError::from)?)?)
        };
        self.write(path, typed).schema::<T>()
    }

    /// Is told of each write under `path` after it was done. The write is answered after it.
    pub fn after_write<F>(self, path: &str, hook: F) -> Self
    where
        F: Fn(&Context) + Send + Sync + 'static,
    {
        let hook = move |context: &Context| {
            hook(context);
            Ok(())
        };
        self.add(path, Kind::AfterWrite(Check::Now(Arc::new(hook))))
    }

    /// Like [`after_write`](Self::after_write), for a hook that has to wait for something.
    pub fn after_write_async<F, O>(self, path: &str, hook: F) -> Self
    where
        F: Fn(Context) -> O + Send + Sync + 'static,
        O: Future<Output = ()> + Send + 'static,
    {
        let hook = move |context| -> Later<Result<()>> {
            let done = hook(context);
            Box::pin(async {
                done.await;
                Ok(())
            })
        };
        self.add(path, Kind::AfterWrite(Check::Later(Arc::new(hook))))
    }

    /// Decides how an object is seen, alone or in a list. It is also asked where nothing is
    /// stored, with `None`. An error is told to who reads by key; who watches sees nothing then.
    ///
    /// It runs at each read and at each change for those who watch, so it cannot wait.
    pub fn read_object<F>(self, path: &str, filter: F) -> Self
    where
        F: Fn(&Context, Option<&Object>) -> Result<Seen> + Send + Sync + 'static,
    {
        self.add(path, Kind::ReadObject(Arc::new(filter)))
    }

    /// Decides how each object of a list is seen, also when it is read by its key.
    ///
    /// It runs at each read and at each change for those who watch, so it cannot wait.
    pub fn read_list<F>(self, path: &str, filter: F) -> Self
    where
        F: Fn(&Context, &Object) -> Seen + Send + Sync + 'static,
    {
        self.add(path, Kind::ReadList(ReadList::Item(Arc::new(filter))))
    }

    /// Like [`read_object`](Self::read_object), for data of a type: gives what is seen of it, and
    /// `None` for nothing. What is not of the type is not seen.
    pub fn read_object_as<T, F>(self, path: &str, filter: F) -> Self
    where
        T: DeserializeOwned + Serialize + JsonSchema,
        F: Fn(&Context, Option<T>) -> Result<Option<T>> + Send + Sync + 'static,
    {
        let typed = move |context: &Context, object: Option<&Object>| match object {
            None => filter(context, None).map(|_| Seen::Whole),
            Some(object) => match serde_json::from_str(object.data.as_str()) {
                Ok(data) => filter(context, Some(data)).map(seen_as),
                Err(_) => Ok(Seen::Hidden),
            },
        };
        self.read_object(path, typed).schema::<T>()
    }

    /// Like [`read_list`](Self::read_list), for data of a type: gives what is seen of it, and
    /// `None` for nothing. What is not of the type is not seen.
    pub fn read_list_as<T, F>(self, path: &str, filter: F) -> Self
    where
        T: DeserializeOwned + Serialize + JsonSchema,
        F: Fn(&Context, T) -> Option<T> + Send + Sync + 'static,
    {
        let typed = move |context: &Context, object: &Object| {
            let data = serde_json::from_str(object.data.as_str()).ok();
            seen_as(data.and_then(|data| filter(context, data)))
        };
        self.read_list(path, typed).schema::<T>()
    }

    /// Decides what is seen of a list from all of it. What other read filters hide, it is not told
    /// of; an object that is read by its key it is asked about as a list of one. Each change costs as much as the list is
    /// long; [`read_list`](Self::read_list) costs the same in a list of any length.
    pub fn read_whole_list<F>(self, path: &str, filter: F) -> Self
    where
        F: Fn(&Context, Vec<Arc<Object>>) -> Result<Vec<Arc<Object>>> + Send + Sync + 'static,
    {
        self.add(path, Kind::ReadList(ReadList::Whole(Arc::new(filter))))
    }

    /// Lets everything under `path` be read, and nothing be changed.
    pub fn read_only(self, path: &str) -> Self {
        self.add(path, Kind::ReadList(ReadList::Open))
    }

    /// Lets everything under `path` be written, and nothing be read or deleted.
    pub fn write_only(self, path: &str) -> Self {
        self.add(path, Kind::Write(Write::Open))
    }

    /// Decides whether a key, or everything a glob names, may be deleted. The glob may be wider
    /// than `path`: then it is for the part under `path` that the filter speaks.
    pub fn delete<F>(self, path: &str, filter: F) -> Self
    where
        F: Fn(&Context) -> Result<()> + Send + Sync + 'static,
    {
        self.add(path, Kind::Delete(Check::Now(Arc::new(filter))))
    }

    /// Like [`delete`](Self::delete), for a filter that has to wait for something.
    pub fn delete_async<F, O>(self, path: &str, filter: F) -> Self
    where
        F: Fn(Context) -> O + Send + Sync + 'static,
        O: Future<Output = Result<()>> + Send + 'static,
    {
        let filter = move |context| -> Later<Result<()>> { Box::pin(filter(context)) };
        self.add(path, Kind::Delete(Check::Later(Arc::new(filter))))
    }

    /// Lets everything under `path` be deleted.
    pub fn delete_open(self, path: &str) -> Self {
        self.add(path, Kind::Delete(Check::Open))
    }

    /// Opens a list and bounds it: what is beyond the limit goes, the oldest first, and everyone
    /// who watches is told.
    pub fn limit(self, path: &str, limit: Limit) -> Self {
        self.add(path, Kind::Limit(limit))
    }

    /// Says what the last filter is for.
    pub fn about(mut self, text: impl Into<String>) -> Self {
        match self.filters.last_mut() {
            Some(filter) => filter.about = Some(text.into()),
            None => _ = self.error.get_or_insert(FilterError::NothingToDescribe),
        }
        self
    }

    /// Says of which type the data under the last filter's path is.
    pub fn schema<T: JsonSchema>(mut self) -> Self {
        let schema = schemars::schema_for!(T).to_value();
        match self.filters.last_mut() {
            Some(filter) => filter.schema = Some(schema),
            None => _ = self.error.get_or_insert(FilterError::NothingToDescribe),
        }
        self
    }

    fn add(mut self, path: &str, kind: Kind) -> Self {
        match Glob::parse(path) {
            Ok(path) => self.filters.push(Filter { path, kind, about: None, schema: None }),
            Err(error) => _ = self.error.get_or_insert(error.into()),
        }
        self
    }
}

impl fmt::Debug for Filters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths = self.filters.iter().map(|filter| filter.path.as_str());
        f.debug_struct("Filters").field("paths", &paths.collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

/// Data of a type as it is seen. What cannot be written as JSON is not seen.
fn seen_as<T: Serialize>(data: Option<T>) -> Seen {
    let json = data.and_then(|data| serde_json::to_vec(&data).ok());
    json.and_then(|json| Json::parse(&json).ok()).map_or(Seen::Hidden, Seen::As)
}

/// What the filters of one path do, for people who look at the server.
#[derive(Debug, Clone)]
pub struct FilterInfo {
    /// The path.
    pub path: Glob,
    /// Whether a filter lets writes through, or some of them.
    pub can_write: bool,
    /// Whether a filter lets reads through, or some of them.
    pub can_read: bool,
    /// Whether a filter lets deletes through, or some of them.
    pub can_delete: bool,
    /// What the write filter is for.
    pub about_write: Option<String>,
    /// What the read filter is for.
    pub about_read: Option<String>,
    /// What the delete filter is for.
    pub about_delete: Option<String>,
    /// What the hook after writes is for.
    pub about_after_write: Option<String>,
    /// What the limit is for.
    pub about_limit: Option<String>,
    /// The limit.
    pub limit: Option<Limit>,
    /// The type of the data, as JSON Schema.
    pub schema: Option<Value>,
}

/// The key of an object as a filter's path.
pub(crate) fn path_of(key: &Key) -> Glob {
    key.clone().into()
}
