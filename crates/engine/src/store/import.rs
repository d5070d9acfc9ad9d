//! Many objects from elsewhere, as one write.

use std::collections::HashMap;

use monoxide_protocol::{Glob, Key, Target};

use super::{Change, State, Store, Times, size};
use crate::{
    error::Error,
    event::{Commit, Event},
    filter::{Bound, Caller, path_of},
    transfer::{Import, ImportError, ImportRefusal, Imported},
};

/// What one import wants to write, and the path that filters know it by.
struct Wanted {
    path: Glob,
    /// The list, for what gets its key here.
    target: Target,
    change: Change,
}

/// The limits that are written under, and what they are now.
type Bounds = Vec<(usize, Bound)>;

impl Store {
    /// Writes all of `imports`, or nothing: as one commit, once every filter has said yes.
    pub(crate) async fn import(
        &self,
        caller: &Caller,
        imports: Vec<Import>,
        is_rehearsal: bool,
    ) -> Result<Imported, ImportError> {
        let mut wanted = Vec::with_capacity(imports.len());
        let mut lines = HashMap::with_capacity(imports.len());
        for import in imports {
            let line = import.line;
            let one = self.wanted(caller, import).await;
            let one = one.map_err(|error| ImportError::at(line, error.into()))?;
            if let Some(first) = lines.insert(one.change.key.clone(), line) {
                let key = one.change.key;
                return Err(ImportError::at(line, ImportRefusal::Twice(key, first)));
            }
            wanted.push(one);
        }
        if wanted.is_empty() {
            return Ok(Imported::default());
        }
        let bounds = self.bounds(&wanted)?;
        if is_rehearsal {
            return Ok(self.lock().rehearse(&wanted));
        }
        let bytes =
            wanted.iter().filter_map(|it| Some(size(&it.change.key, it.change.data.as_ref()?)));
        let bytes = bytes.sum();
        let paths: Vec<_> = wanted.iter().map(|it| it.path.clone()).collect();
        let mut imported = Imported::default();
        let decide = |state: &mut State| {
            let commit = self.decide_import(state, wanted, &bounds, &mut imported);
            Ok::<_, Error>(commit)
        };
        let version = self.commit_by(bytes, decide).await?;
        imported.version = Some(version);
        for path in paths {
            self.filters.after_write(caller, &path).await;
        }
        Ok(imported)
    }

    async fn wanted(&self, caller: &Caller, import: Import) -> Result<Wanted, Error> {
        let Import { target, data, mut created, updated, .. } = import;
        let (path, key) = match &target {
            Target::Object(key) => (path_of(key), key.clone()),
            Target::List(list) => {
                let version = self.clock.next();
                // So that the list has them in the order in which they came.
                created = created.or(Some(version.number()));
                (list.glob().clone(), list.key(version))
            }
        };
        let data = Some(self.filters.write(caller, &path, data).await?);
        // What is new has not been changed since.
        let updated = updated.or(created.map(|_| 0));
        Ok(Wanted { path, target, change: Change { key, data, times: Times { created, updated } } })
    }

    /// The application says what its limits are; that is not for the lock.
    fn bounds(&self, wanted: &[Wanted]) -> Result<Bounds, Error> {
        let limits = self.filters.limits().iter().enumerate();
        let touched =
            |nth| wanted.iter().any(|it| self.filters.limit_of(&it.change.key) == Some(nth));
        let bounds = limits.filter(|(nth, _)| touched(*nth));
        bounds.map(|(nth, (_, limit))| Ok((nth, limit.bound()?))).collect()
    }

    fn decide_import(
        &self,
        state: &mut State,
        wanted: Vec<Wanted>,
        bounds: &[(usize, Bound)],
        imported: &mut Imported,
    ) -> Commit {
        let free = |state: &State, Wanted { target, mut change, .. }: Wanted| {
            if let Target::List(list) = target {
                while state.tree.get(&change.key).is_some() {
                    change.key = list.key(self.clock.next());
                }
            }
            change
        };
        let changes: Vec<Change> = wanted.into_iter().map(|it| free(state, it)).collect();
        let version = self.clock.next();
        let mut events: Vec<Event> =
            changes.into_iter().map(|change| state.tree.stamp(change, version)).collect();
        imported.created = events.iter().filter(|event| event.old.is_none()).count();
        imported.changed = events.len() - imported.created;
        state.apply(&events, &self.filters);
        let written: HashMap<Key, usize> =
            events.iter().enumerate().map(|(nth, event)| (event.key.clone(), nth)).collect();
        for (nth, bound) in bounds {
            // What is imported may be older than what is there, so the limit decides only now.
            let gone = state.limits.over(*nth, *bound, self.clock.wall(), &[]);
            let gone: Vec<Event> = gone
                .into_iter()
                .map(|key| state.tree.stamp(Change::delete(key), version))
                .collect();
            imported.evicted += gone.len();
            state.apply(&gone, &self.filters);
            for event in gone {
                let at = written.get(&event.key).and_then(|nth| events.get_mut(*nth));
                match at {
                    Some(write) => write.new = None,
                    None => events.push(event),
                }
            }
        }
        events.retain(|event| event.old.is_some() || event.new.is_some());
        Commit { version, events, cleared: None }
    }
}

impl State {
    /// What an import would do, but for what limits would remove.
    fn rehearse(&self, wanted: &[Wanted]) -> Imported {
        let changed = wanted.iter().filter(|it| match it.target {
            Target::Object(_) => self.tree.get(&it.change.key).is_some(),
            Target::List(_) => false,
        });
        let changed = changed.count();
        Imported { created: wanted.len() - changed, changed, ..Imported::default() }
    }
}
