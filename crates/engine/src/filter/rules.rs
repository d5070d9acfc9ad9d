//! The filters of an engine, ready to be asked.

use std::{
    collections::HashMap,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use monoxide_protocol::{Glob, Json, Key, Object};

use super::{
    Check, Context, Denied, FilterError, FilterInfo, Filters, Kind, Limit, ReadList, ReadObject,
    Seen, Why, Write, path_of, table::Table,
};
use crate::{error::Error, identity::Identity};

/// Who asks, and whether what no filter covers is open to it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caller {
    pub(crate) identity: Identity,
    /// The program itself may do what no filter covers, also when clients may not.
    pub(crate) is_program: bool,
}

#[derive(Default)]
pub(crate) struct Rules {
    is_static: bool,
    write: Table<Write>,
    after_write: Table<Check>,
    read_object: Table<Option<Arc<ReadObject>>>,
    read_list: Table<ReadList>,
    delete: Table<Check>,
    limit: Table<usize>,
    limits: Vec<(Glob, Limit)>,
    /// Whether any read depends on more than what is stored.
    filters_reads: bool,
    infos: Vec<FilterInfo>,
}

impl Rules {
    pub(crate) fn new(filters: Filters) -> Result<Self, FilterError> {
        if let Some(error) = filters.error {
            return Err(error);
        }
        let mut rules = Self { is_static: filters.is_static, ..Self::default() };
        let mut infos = Infos::default();
        for filter in filters.filters {
            infos.take(&filter);
            rules.add(&filter.path, filter.kind)?;
        }
        rules.infos = infos.infos;
        Ok(rules)
    }

    fn add(&mut self, path: &Glob, kind: Kind) -> Result<(), FilterError> {
        match kind {
            Kind::Open => self.open(path),
            Kind::Write(filter) => self.write.add(path, filter),
            Kind::AfterWrite(hook) => self.after_write.add(path, hook),
            Kind::ReadObject(filter) => {
                self.filters_reads = true;
                self.read_object.add(path, Some(filter));
            }
            Kind::ReadList(filter) => {
                self.filters_reads |= !matches!(filter, ReadList::Open);
                self.read_list.add(path, filter);
            }
            Kind::Delete(filter) => self.delete.add(path, filter),
            Kind::Limit(limit) => {
                if !path.as_str().ends_with('*') {
                    return Err(FilterError::LimitPath(path.clone()));
                }
                if !limit.limits_something() {
                    return Err(FilterError::NoLimit(path.clone()));
                }
                if limit.clean_up_every().as_secs() < 60 {
                    return Err(FilterError::CleanUp(path.clone()));
                }
                self.limit.add(path, self.limits.len());
                self.limits.push((path.clone(), limit));
                self.open(path);
            }
        }
        Ok(())
    }

    fn open(&mut self, path: &Glob) {
        self.write.add(path, Write::Open);
        self.delete.add(path, Check::Open);
        self.read_object.add(path, None);
        if path.is_list() {
            self.read_list.add(path, ReadList::Open);
        }
    }

    /// What the data of a write turns into. `path` is a key, or the list that is pushed to.
    pub(crate) async fn write(
        &self,
        caller: &Caller,
        path: &Glob,
        data: Json,
    ) -> Result<Json, Error> {
        let Some(filter) = self.write.first(path) else {
            self.refuse_uncovered(caller, Some(path))?;
            return Ok(data);
        };
        let written = match filter {
            Write::Open => Ok(data),
            Write::Now(filter) => filter(&context(caller, path), data),
            Write::Later(filter) => filter(context(caller, path), data).await,
        };
        written.map_err(|denied| refusal(denied, path))
    }

    /// Tells the hook of `path` that it was written.
    pub(crate) async fn after_write(&self, caller: &Caller, path: &Glob) {
        // A hook cannot refuse what is done.
        drop(match self.after_write.first(path) {
            None | Some(Check::Open) => Ok(()),
            Some(Check::Now(hook)) => hook(&context(caller, path)),
            Some(Check::Later(hook)) => hook(context(caller, path)).await,
        });
    }

    /// Whether a key, or what a glob names, may be deleted.
    pub(crate) async fn delete(&self, caller: &Caller, path: &Glob) -> Result<(), Error> {
        let Some(filter) = self.delete.first(path) else {
            return self.refuse_uncovered(caller, Some(path));
        };
        let deleted = match filter {
            Check::Open => Ok(()),
            Check::Now(filter) => filter(&context(caller, path)),
            Check::Later(filter) => filter(context(caller, path)).await,
        };
        deleted.map_err(|denied| refusal(denied, path))
    }

    /// Whether `path` may be read at all; what is seen of it is decided for each object.
    pub(crate) fn readable(&self, caller: &Caller, path: &Glob) -> Result<(), Error> {
        if self.has_read_filter(path) { Ok(()) } else { self.refuse_uncovered(caller, None) }
    }

    /// Whether a filter is about reading `path`. One for a list is also about its objects.
    pub(crate) fn has_read_filter(&self, path: &Glob) -> bool {
        self.read_list.first(path).is_some()
            || (!path.is_list() && self.read_object.first(path).is_some())
    }

    /// What is seen of a key that is asked for alone.
    pub(crate) fn object(
        &self,
        identity: &Identity,
        key: &Key,
        object: Option<&Arc<Object>>,
    ) -> Result<Option<Arc<Object>>, Error> {
        if !self.filters_reads {
            return Ok(object.cloned());
        }
        let path = path_of(key);
        let seen = match self.read_object.first(&path) {
            Some(Some(filter)) => {
                let context = Context { identity: identity.clone(), path: path.clone() };
                let run = || filter(&context, object.map(|it| &**it));
                let seen = caught(run).map_err(|denied| refusal(denied, &path))?;
                object.and_then(|object| apply(object, seen))
            }
            Some(None) | None => object.cloned(),
        };
        Ok(seen.and_then(|object| self.listed(identity, &path, object)))
    }

    /// What is seen of an object in a list; what its filter refuses is not seen.
    pub(crate) fn item(&self, identity: &Identity, object: &Arc<Object>) -> Option<Arc<Object>> {
        self.object(identity, &object.key, Some(object)).ok().flatten()
    }

    /// What the list filter of its key lets see of an object.
    fn listed(&self, identity: &Identity, path: &Glob, object: Arc<Object>) -> Option<Arc<Object>> {
        let context = || Context { identity: identity.clone(), path: path.clone() };
        match self.read_list.first(path) {
            None | Some(ReadList::Open) => Some(object),
            Some(ReadList::Item(filter)) => {
                let seen = caught(|| Ok(filter(&context(), &object))).ok()?;
                apply(&object, seen)
            }
            Some(ReadList::Whole(filter)) => {
                let key = object.key.clone();
                let seen = caught(|| filter(&context(), vec![object])).ok()?;
                seen.into_iter().find(|object| object.key == key)
            }
        }
    }

    /// The filter that decides from the whole list, where there is one.
    pub(crate) fn filters_whole(&self, glob: &Glob) -> bool {
        matches!(self.read_list.first(glob), Some(ReadList::Whole(_)))
    }

    /// What is seen of a list, in its order.
    pub(crate) fn list(
        &self,
        identity: &Identity,
        glob: &Glob,
        objects: Vec<Arc<Object>>,
    ) -> Result<Vec<Arc<Object>>, Error> {
        if !self.filters_reads {
            return Ok(objects);
        }
        if let Some(ReadList::Whole(filter)) = self.read_list.first(glob) {
            let context = Context { identity: identity.clone(), path: glob.clone() };
            let seen = caught(|| filter(&context, objects));
            return seen.map_err(|denied| refusal(denied, glob));
        }
        Ok(objects.iter().filter_map(|object| self.item(identity, object)).collect())
    }

    /// Whether what is seen depends on who looks.
    pub(crate) fn filters_reads(&self) -> bool {
        self.filters_reads
    }

    /// Whether the list has the oldest first.
    pub(crate) fn is_oldest_first(&self, glob: &Glob) -> bool {
        let limit = self.limit.first(glob).and_then(|&nth| self.limits.get(nth));
        limit.is_some_and(|(_, limit)| limit.is_oldest_first())
    }

    /// The number of the limit that a key is under.
    pub(crate) fn limit_of(&self, key: &Key) -> Option<usize> {
        if self.limit.is_empty() { None } else { self.limit.first(&path_of(key)).copied() }
    }

    /// All limits, by their numbers.
    pub(crate) fn limits(&self) -> &[(Glob, Limit)] {
        &self.limits
    }

    /// What there is, path by path.
    pub(crate) fn infos(&self) -> &[FilterInfo] {
        &self.infos
    }

    pub(crate) fn is_static(&self) -> bool {
        self.is_static
    }

    fn refuse_uncovered(&self, caller: &Caller, path: Option<&Glob>) -> Result<(), Error> {
        if self.is_static && !caller.is_program {
            return Err(Error::NoFilter(path.cloned()));
        }
        Ok(())
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").field("infos", &self.infos).finish_non_exhaustive()
    }
}

fn context(caller: &Caller, path: &Glob) -> Context {
    Context { identity: caller.identity.clone(), path: path.clone() }
}

fn refusal(denied: Denied, path: &Glob) -> Error {
    match denied.0 {
        Why::Said(_) => Error::Denied(denied),
        Why::Result => Error::FilterResult(path.clone()),
    }
}

/// Runs a read filter. It also runs in the hub, for everyone: what it panics over is not seen,
/// and nobody else notices.
fn caught<T>(filter: impl FnOnce() -> Result<T, Denied>) -> Result<T, Denied> {
    catch_unwind(AssertUnwindSafe(filter)).unwrap_or_else(|_| {
        tracing::error!("a read filter panicked, so what it was asked about is not shown");
        Err(Denied::new("filters: the filter failed"))
    })
}

fn apply(object: &Arc<Object>, seen: Seen) -> Option<Arc<Object>> {
    match seen {
        Seen::Whole => Some(Arc::clone(object)),
        Seen::As(data) => Some(Arc::new(Object { data, ..Object::clone(object) })),
        Seen::Hidden => None,
    }
}

/// Gathers filters by path.
#[derive(Default)]
struct Infos {
    infos: Vec<FilterInfo>,
    by_path: HashMap<Glob, usize>,
}

impl Infos {
    fn take(&mut self, filter: &super::Filter) {
        let new = self.infos.len();
        let nth = *self.by_path.entry(filter.path.clone()).or_insert(new);
        if nth == new {
            self.infos.push(FilterInfo::new(filter.path.clone()));
        }
        let Some(info) = self.infos.get_mut(nth) else { return };
        let about = || filter.about.clone();
        let open = |info: &mut FilterInfo| {
            (info.can_write, info.can_read, info.can_delete) = (true, true, true);
            info.about_write = info.about_write.take().or_else(about);
            info.about_read = info.about_read.take().or_else(about);
            info.about_delete = info.about_delete.take().or_else(about);
        };
        match &filter.kind {
            Kind::Open => open(info),
            Kind::Write(_) => {
                info.can_write = true;
                info.about_write = info.about_write.take().or_else(about);
            }
            Kind::AfterWrite(_) => {
                info.about_after_write = info.about_after_write.take().or_else(about);
            }
            Kind::ReadObject(_) | Kind::ReadList(_) => {
                info.can_read = true;
                info.about_read = info.about_read.take().or_else(about);
            }
            Kind::Delete(_) => {
                info.can_delete = true;
                info.about_delete = info.about_delete.take().or_else(about);
            }
            Kind::Limit(limit) => {
                (info.can_write, info.can_read, info.can_delete) = (true, true, true);
                info.limit.get_or_insert_with(|| limit.clone());
                info.about_limit = info.about_limit.take().or_else(about);
            }
        }
        info.schema = info.schema.take().or_else(|| filter.schema.clone());
    }
}

impl FilterInfo {
    fn new(path: Glob) -> Self {
        Self {
            path,
            can_write: false,
            can_read: false,
            can_delete: false,
            about_write: None,
            about_read: None,
            about_delete: None,
            about_after_write: None,
            about_limit: None,
            limit: None,
            schema: None,
        }
    }
}
