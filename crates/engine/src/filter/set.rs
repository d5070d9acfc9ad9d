//! The filters of an engine, ready to be asked.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};

use monoxide_protocol::{Glob, Json, Key, Object};

use super::{
    Check, Context, Denied, FilterError, FilterInfo, Filters, Kind, Limit, ReadList, ReadObject,
    ReadWhole, Seen, Why, Write, path_of, table::Table,
};
use crate::{error::Error, guard, identity::Identity};

/// What panics, in the words of the log.
const WRITE_FILTER: &str = "a write filter";
const DELETE_FILTER: &str = "a delete filter";
const READ_FILTER: &str = "a read filter";
const AFTER_WRITE: &str = "a hook after writes";

/// Who asks, and whether what no filter covers is open to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) identity: Identity,
    /// The program itself may do what no filter covers, also when clients may not.
    pub(crate) is_program: bool,
}

#[derive(Default)]
pub(crate) struct FilterSet {
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

impl FilterSet {
    pub(crate) fn new(filters: Filters) -> Result<Self, FilterError> {
        if let Some(error) = filters.error {
            return Err(error);
        }
        let mut set = Self { is_static: filters.is_static, ..Self::default() };
        let mut infos = Infos::default();
        for filter in filters.filters {
            infos.take(&filter);
            set.add(&filter.path, filter.kind)?;
        }
        set.infos = infos.infos;
        Ok(set)
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
                if limit.keeps_nothing() {
                    return Err(FilterError::KeepsNothing(path.clone()));
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
            Write::Open => return Ok(data),
            Write::Now(filter) => {
                guard::call(WRITE_FILTER, || filter(&context(caller, path), data))
            }
            Write::Later(filter) => {
                guard::call_later(WRITE_FILTER, || filter(context(caller, path), data)).await
            }
        };
        written?.map_err(|denied| refusal(denied, path))
    }

    /// Tells the hook of `path` that it was written.
    pub(crate) async fn after_write(&self, caller: &Caller, path: &Glob) {
        // What is done is done: a hook can neither refuse it nor fail it.
        if let Some(hook) = self.after_write.first(path) {
            drop(check(AFTER_WRITE, hook, caller, path).await);
        }
    }

    /// Whether a key, or what a glob names, may be deleted. A filter for a part of what the glob
    /// names is asked too: a wider glob is no way around it.
    pub(crate) async fn delete(&self, caller: &Caller, path: &Glob) -> Result<(), Error> {
        if self.delete.first(path).is_none() {
            self.refuse_uncovered(caller, Some(path))?;
        }
        for filter in self.delete.deciding(path) {
            let deleted = check(DELETE_FILTER, filter, caller, path).await?;
            deleted.map_err(|denied| refusal(denied, path))?;
        }
        Ok(())
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

    /// What is seen of a key that is asked for alone. Without an object, its filter is asked all
    /// the same: it may refuse.
    pub(crate) fn object(
        &self,
        identity: &Identity,
        key: &Key,
        object: Option<&Arc<Object>>,
    ) -> Result<Option<Arc<Object>>, Error> {
        if !self.filters_reads {
            return Ok(object.cloned());
        }
        let context = Context { identity: identity.clone(), path: path_of(key) };
        let seen = self.by_object_filter(&context, object)?;
        Ok(seen.and_then(|object| self.by_list_filter(&context, object)))
    }

    /// What is seen of an object in a list; what its filter refuses is not seen.
    pub(crate) fn item(&self, identity: &Identity, object: &Arc<Object>) -> Option<Arc<Object>> {
        self.object(identity, &object.key, Some(object)).ok().flatten()
    }

    /// What the object filter of its key lets see of an object.
    fn by_object_filter(
        &self,
        context: &Context,
        object: Option<&Arc<Object>>,
    ) -> Result<Option<Arc<Object>>, Error> {
        let Some(Some(filter)) = self.read_object.first(&context.path) else {
            return Ok(object.cloned());
        };
        let seen = guard::call(READ_FILTER, || filter(context, object.map(|it| &**it)))?
            .map_err(|denied| refusal(denied, &context.path))?;
        Ok(object.and_then(|object| apply(object, seen)))
    }

    /// What the list filter of its key lets see of an object.
    fn by_list_filter(&self, context: &Context, object: Arc<Object>) -> Option<Arc<Object>> {
        match self.read_list.first(&context.path) {
            None | Some(ReadList::Open) => Some(object),
            Some(ReadList::Item(filter)) => {
                let seen = guard::call(READ_FILTER, || filter(context, &object)).ok()?;
                apply(&object, seen)
            }
            Some(ReadList::Whole(filter)) => {
                let key = object.key.clone();
                let seen = guard::call(READ_FILTER, || filter(context, vec![object])).ok()?.ok()?;
                seen.into_iter().find(|object| object.key == key)
            }
        }
    }

    /// Whether a filter decides from the whole list.
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
        match self.read_list.first(glob) {
            Some(ReadList::Whole(filter)) => self.whole_list(identity, glob, filter, &objects),
            _ => Ok(objects.iter().filter_map(|object| self.item(identity, object)).collect()),
        }
    }

    /// What a filter makes of a whole list. What another filter hides, it is not told of.
    fn whole_list(
        &self,
        identity: &Identity,
        glob: &Glob,
        filter: &Arc<ReadWhole>,
        objects: &[Arc<Object>],
    ) -> Result<Vec<Arc<Object>>, Error> {
        let told = objects.iter().filter_map(|object| {
            let context = Context { identity: identity.clone(), path: path_of(&object.key) };
            let seen = self.by_object_filter(&context, Some(object)).ok().flatten()?;
            match self.read_list.first(&context.path) {
                Some(ReadList::Whole(own)) if Arc::ptr_eq(own, filter) => Some(seen),
                _ => self.by_list_filter(&context, seen),
            }
        });
        let (context, told) =
            (Context { identity: identity.clone(), path: glob.clone() }, told.collect());
        let mut seen = guard::call(READ_FILTER, || filter(&context, told))?
            .map_err(|denied| refusal(denied, glob))?;
        // Patches are worked out by key, so a key stands in a list once.
        let mut keys = HashSet::with_capacity(seen.len());
        seen.retain(|object| keys.insert(object.key.clone()));
        Ok(seen)
    }

    /// Whether what is seen of any key depends on more than what is stored.
    pub(crate) fn filters_reads(&self) -> bool {
        self.filters_reads
    }

    /// Whether what is seen of some key that `path` names depends on more than what is stored.
    pub(crate) fn filters_reads_of(&self, path: &Glob) -> bool {
        self.filters_reads
            && (self.read_object.any_overlapping(path, Option::is_some)
                || self.read_list.any_overlapping(path, |it| !matches!(it, ReadList::Open)))
    }

    /// Whether everybody may know that there is something under `key`.
    pub(crate) fn is_public(&self, key: &Key) -> bool {
        if !self.is_static && !self.filters_reads {
            return true;
        }
        let path = path_of(key);
        (!self.is_static || self.has_read_filter(&path)) && !self.filters_reads_of(&path)
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

impl fmt::Debug for FilterSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilterSet").field("infos", &self.infos).finish_non_exhaustive()
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

/// Asks a filter that says yes or no, or tells a hook.
async fn check(
    what: &'static str,
    check: &Check,
    caller: &Caller,
    path: &Glob,
) -> Result<Result<(), Denied>, Error> {
    match check {
        Check::Open => Ok(Ok(())),
        Check::Now(check) => guard::call(what, || check(&context(caller, path))),
        Check::Later(check) => guard::call_later(what, || check(context(caller, path))).await,
    }
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
