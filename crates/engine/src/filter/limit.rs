//! How many objects a list may have, and how old they may get.

use std::{fmt, sync::Arc, time::Duration};

/// A bound on a list: by count, by age, or both, in which case the stricter holds.
///
/// ```
/// use monoxide_engine::Limit;
/// use std::time::Duration;
///
/// let last_day = Limit::count(10_000).and_age(Duration::from_secs(24 * 60 * 60)).oldest_first();
/// assert!(last_day.is_oldest_first());
/// ```
#[derive(Clone)]
pub struct Limit {
    count: Option<Setting<usize>>,
    age: Option<Setting<Duration>>,
    oldest_first: bool,
    clean_up: Duration,
}

/// A number, or a function that is asked at each write and every now and then.
#[derive(Clone)]
enum Setting<T> {
    Fixed(T),
    Dynamic(Arc<dyn Fn() -> T + Send + Sync>),
}

impl<T: Copy> Setting<T> {
    fn now(&self) -> T {
        match self {
            Self::Fixed(value) => *value,
            Self::Dynamic(value) => value(),
        }
    }
}

/// What a limit is at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) count: Option<usize>,
    pub(crate) age: Option<Duration>,
}

impl Limit {
    /// At most so many objects.
    #[must_use]
    pub fn count(count: usize) -> Self {
        Self { count: Some(Setting::Fixed(count)), ..Self::none() }
    }

    /// At most as many objects as the function says. It must not wait, nor call the engine.
    #[must_use]
    pub fn count_by(count: impl Fn() -> usize + Send + Sync + 'static) -> Self {
        Self { count: Some(Setting::Dynamic(Arc::new(count))), ..Self::none() }
    }

    /// No object older than this, since it was made.
    #[must_use]
    pub fn age(age: Duration) -> Self {
        Self::none().and_age(age)
    }

    /// No object older than the function says. It must not wait, nor call the engine.
    #[must_use]
    pub fn age_by(age: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self { age: Some(Setting::Dynamic(Arc::new(age))), ..Self::none() }
    }

    /// And no object older than this.
    #[must_use]
    pub fn and_age(mut self, age: Duration) -> Self {
        self.age = Some(Setting::Fixed(age));
        self
    }

    /// Lists the oldest first, wherever the list is read or watched. Default: the newest first.
    /// What goes is the oldest either way.
    #[must_use]
    pub fn oldest_first(mut self) -> Self {
        self.oldest_first = true;
        self
    }

    /// How often everything is looked at anew, besides what each write and each expiry does.
    /// Default: every ten minutes; at least one minute.
    #[must_use]
    pub fn clean_up(mut self, every: Duration) -> Self {
        self.clean_up = every;
        self
    }

    /// Whether the list has the oldest first.
    #[must_use]
    pub fn is_oldest_first(&self) -> bool {
        self.oldest_first
    }

    /// How many objects there may be now.
    #[must_use]
    pub fn current_count(&self) -> Option<usize> {
        self.count.as_ref().map(Setting::now)
    }

    /// How old objects may be now.
    #[must_use]
    pub fn current_age(&self) -> Option<Duration> {
        self.age.as_ref().map(Setting::now)
    }

    /// Whether the count is a function.
    #[must_use]
    pub fn is_count_dynamic(&self) -> bool {
        matches!(self.count, Some(Setting::Dynamic(_)))
    }

    /// Whether the age is a function.
    #[must_use]
    pub fn is_age_dynamic(&self) -> bool {
        matches!(self.age, Some(Setting::Dynamic(_)))
    }

    /// How often everything is looked at anew.
    #[must_use]
    pub fn clean_up_every(&self) -> Duration {
        self.clean_up
    }

    pub(crate) fn bound(&self) -> Bound {
        Bound { count: self.current_count(), age: self.current_age() }
    }

    pub(crate) fn limits_something(&self) -> bool {
        self.count.is_some() || self.age.is_some()
    }

    fn none() -> Self {
        let clean_up = Duration::from_secs(10 * 60);
        Self { count: None, age: None, oldest_first: false, clean_up }
    }
}

impl PartialEq for Limit {
    fn eq(&self, other: &Self) -> bool {
        self.bound() == other.bound()
            && (self.oldest_first, self.clean_up) == (other.oldest_first, other.clean_up)
    }
}

impl fmt::Debug for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limit")
            .field("count", &self.current_count())
            .field("age", &self.current_age())
            .field("oldest_first", &self.oldest_first)
            .finish_non_exhaustive()
    }
}
