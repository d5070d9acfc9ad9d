//! Rules and filters together: what somebody sees, and what may be written.

use std::sync::Arc;

use monoxide_protocol::{Glob, Json, Key, Object};

use crate::{
    error::Error,
    filter::{Caller, FilterSet, path_of},
    guard,
    identity::Identity,
    rules::{Asked, Inputs, Operation, Rules, Verdict},
};

/// The filters, and the rules that are in force now.
#[derive(Debug)]
pub(crate) struct Access {
    filters: Arc<FilterSet>,
    rules: Option<Arc<dyn Rules>>,
    /// Whether there ever were rules. From then on versions of messages are told apart by view.
    had_rules: bool,
}

impl Access {
    pub(crate) fn new(filters: Arc<FilterSet>, rules: Option<Arc<dyn Rules>>) -> Self {
        let had_rules = rules.is_some();
        Self { filters, rules, had_rules }
    }

    /// The same filters with other rules.
    pub(crate) fn with(&self, rules: Option<Arc<dyn Rules>>) -> Self {
        Self { filters: Arc::clone(&self.filters), rules, had_rules: true }
    }

    pub(crate) fn filters(&self) -> &FilterSet {
        &self.filters
    }

    pub(crate) fn rules(&self) -> Option<&Arc<dyn Rules>> {
        self.rules.as_ref()
    }

    pub(crate) fn had_rules(&self) -> bool {
        self.had_rules
    }

    /// Whether rules decide what `caller` may do.
    pub(crate) fn is_ruled(&self, caller: &Caller) -> bool {
        self.rules.is_some() && !caller.is_program
    }

    /// What of an identity decides what is seen of what `glob` names, or of anything.
    pub(crate) fn inputs(&self, glob: Option<&Glob>, caller: &Caller) -> Inputs {
        let is_filtered = glob.is_some_and(|glob| self.filters.filters_reads_of(glob));
        match &self.rules {
            _ if is_filtered => Inputs::ALL,
            Some(rules) if self.is_ruled(caller) => rules.inputs(glob),
            _ => Inputs::default(),
        }
    }

    /// Whether rules let `identity` write, or delete when there is no `new` data.
    pub(crate) fn may_write(
        &self,
        identity: &Identity,
        key: &Key,
        old: Option<&Object>,
        new: Option<&Json>,
    ) -> Verdict {
        let operation = match (old, new) {
            (_, None) => Operation::Delete,
            (None, Some(_)) => Operation::Create,
            (Some(_), Some(_)) => Operation::Update,
        };
        let Some(rules) = &self.rules else {
            return Verdict { is_allowed: true, looked_at_old: false };
        };
        let old = old.map(|old| &old.data);
        decide(&**rules, &Asked { identity, operation, key, old, new })
    }

    /// Whether rules let an object be read.
    pub(crate) fn may_read(&self, caller: &Caller, operation: Operation, object: &Object) -> bool {
        let Some(rules) = self.rules.as_ref().filter(|_| !caller.is_program) else { return true };
        let (identity, key, old) = (&caller.identity, &object.key, Some(&object.data));
        decide(&**rules, &Asked { identity, operation, key, old, new: None }).is_allowed
    }

    /// What is seen of a key that is asked for alone. What rules hide is as what is not there.
    pub(crate) fn object(
        &self,
        caller: &Caller,
        reading: Operation,
        key: &Key,
        object: Option<&Arc<Object>>,
    ) -> Result<Option<Arc<Object>>, Error> {
        let object = object.filter(|object| self.may_read(caller, reading, object));
        self.filters.object(&caller.identity, key, object)
    }

    /// What is seen of an object in a list.
    pub(crate) fn item(
        &self,
        caller: &Caller,
        reading: Operation,
        object: &Arc<Object>,
    ) -> Option<Arc<Object>> {
        let is_seen = self.may_read(caller, reading, object);
        is_seen.then(|| self.filters.item(&caller.identity, object)).flatten()
    }

    /// What is seen of a list, in its order.
    pub(crate) fn list(
        &self,
        caller: &Caller,
        reading: Operation,
        glob: &Glob,
        mut objects: Vec<Arc<Object>>,
    ) -> Result<Vec<Arc<Object>>, Error> {
        if self.is_ruled(caller) {
            objects.retain(|object| self.may_read(caller, reading, object));
        }
        self.filters.list(&caller.identity, glob, objects)
    }

    /// Whether somebody may know that an object is there, when filters do not look at who asks.
    pub(crate) fn is_listed(&self, caller: &Caller, reading: Operation, object: &Object) -> bool {
        self.filters.is_public(&object.key) && self.may_read(caller, reading, object)
    }

    /// Whether a read filter or a rule hides an object from a client.
    pub(crate) fn hides(&self, caller: &Caller, reading: Operation, object: &Arc<Object>) -> bool {
        let seen = || self.object(caller, reading, &object.key, Some(object));
        !caller.is_program && matches!(seen(), Ok(None))
    }

    /// Whether `path` may be read at all; what is seen of it is decided for each object.
    pub(crate) fn readable(&self, caller: &Caller, path: &Glob) -> Result<(), Error> {
        self.filters.readable(caller, path)
    }

    /// Like [`object`](Self::object), once it may be read at all.
    pub(crate) fn get(
        &self,
        caller: &Caller,
        key: &Key,
        object: Option<&Arc<Object>>,
    ) -> Result<Option<Arc<Object>>, Error> {
        self.readable(caller, &path_of(key))?;
        self.object(caller, Operation::Read, key, object)
    }
}

fn decide(rules: &dyn Rules, asked: &Asked<'_>) -> Verdict {
    let refused = Verdict { is_allowed: false, looked_at_old: true };
    guard::call("a rule", || rules.decide(asked)).unwrap_or(refused)
}
