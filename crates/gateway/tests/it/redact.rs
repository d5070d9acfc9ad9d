//! Times and versions as `#1`, `#2`, … in the order they appear.

pub(crate) use monoxide_testkit::Redactor;
