//! How many objects a list may have, and how old they may get.

use std::{fmt, sync::Arc, time::Duration};

use crate::{error::Error, guard};

/// A bound on a list: by count, by age, or both, in which case the stricter holds.
///
/// ```
/// use monoxide_engine::Limit;
/// use std::time::Duration;
///
/// let last_day = Limit::count(10_000).and_age(Duration::from_secs(24 * 60 * 60)).oldest_first();
/// assert!(last_day.is_oldest_first());
/// ```
#[derive(Debug, Clone)]
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
    fn now(&self) -> Result<T, Error> {
        match self {
            Self::Fixed(value) => Ok(*value),
            Self::Dynamic(value) => guard::call("the function of a limit", || value()),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Setting<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(value) => value.fmt(f),
            // Looking at a limit does not run the application.
            Self::Dynamic(_) => f.write_str("dynamic"),
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

    /// At most as many objects as the function says; none when it says zero. It is asked at each
    /// write and four times a second, outside of any lock, and must not wait. A write during
    /// which it panics is not done.
    #[must_use]
    pub fn count_by(count: impl Fn() -> usize + Send + Sync + 'static) -> Self {
        Self { count: Some(Setting::Dynamic(Arc::new(count))), ..Self::none() }
    }

    /// No object older than this, since it was made.
    #[must_use]
    pub fn age(age: Duration) -> Self {
        Self::none().and_age(age)
    }

    /// No object older than the function says; see [`count_by`](Self::count_by) for when it is
    /// asked.
    #[must_use]
    pub fn age_by(age: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self::none().and_age_by(age)
    }

    /// And no object older than this.
    #[must_use]
    pub fn and_age(mut self, age: Duration) -> Self {
        self.age = Some(Setting::Fixed(age));
        self
    }

    /// And no object older than the function says.
    #[must_use]
    pub fn and_age_by(mut self, age: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.age = Some(Setting::Dynamic(Arc::new(age)));
        self
    }

    /// Lists the oldest first, wherever the list is read or watched. Default: the newest first.
    /// What goes is the oldest either way.
    #[must_use]
    pub fn oldest_first(mut self) -> Self {
        self.oldest_first = true;
        self
    }

    /// How often ooo would clean up, at least one minute. Default: ten minutes. It is reported
    /// and changes nothing: a limit is enforced with each write and four times a second, so
    /// there is never anything left to clean up.
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

    /// How many objects there may be now; `None` without such a bound.
    #[must_use]
    pub fn current_count(&self) -> Option<usize> {
        self.count.as_ref()?.now().ok()
    }

    /// How old objects may be now; `None` without such a bound.
    #[must_use]
    pub fn current_age(&self) -> Option<Duration> {
        self.age.as_ref()?.now().ok()
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

    /// How often ooo would clean up; see [`clean_up`](Self::clean_up).
    #[must_use]
    pub fn clean_up_every(&self) -> Duration {
        self.clean_up
    }

    /// What the limit is now, or that its function panicked.
    pub(crate) fn bound(&self) -> Result<Bound, Error> {
        let count = self.count.as_ref().map(Setting::now).transpose()?;
        let age = self.age.as_ref().map(Setting::now).transpose()?;
        Ok(Bound { count, age })
    }

    /// Whether nothing could ever be stored under the limit.
    pub(crate) fn keeps_nothing(&self) -> bool {
        matches!(self.count, Some(Setting::Fixed(0)))
            || matches!(self.age, Some(Setting::Fixed(Duration::ZERO)))
    }

    pub(crate) fn limits_something(&self) -> bool {
        self.count.is_some() || self.age.is_some()
    }

    fn none() -> Self {
        let clean_up = Duration::from_secs(10 * 60);
        Self { count: None, age: None, oldest_first: false, clean_up }
    }
}
