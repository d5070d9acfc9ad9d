//! Which state of the world a message speaks of.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The number of a commit. It strictly increases over the whole store, and is not consecutive.
///
/// It is the time of the commit in nanoseconds since the Unix epoch, moved forward where two
/// commits would have met. On the wire it is lower-case hexadecimal without padding.
///
/// ```
/// # use monoxide_protocol::Version;
/// let version = Version::new(0x18e9_e3e2_64ba_0945);
/// assert_eq!(version.to_string(), "18e9e3e264ba0945");
/// assert_eq!("18e9e3e264ba0945".parse(), Ok(version));
/// assert!("018e9e3e264ba0945".parse::<Version>().is_err(), "one version has one text");
/// ```
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Version(u64);

/// The text is not a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a version: lower-case hexadecimal without padding")]
pub struct VersionError(String);

impl Version {
    /// The version with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number: nanoseconds since the Unix epoch, about.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerHex::fmt(&self.0, f)
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let version = u64::from_str_radix(text, 16).map(Self);
        // Padding, capitals and a plus sign name the same number, but not as the server wrote it.
        version
            .ok()
            .filter(|version| version.to_string() == text)
            .ok_or_else(|| VersionError(text.to_owned()))
    }
}

impl TryFrom<String> for Version {
    type Error = VersionError;

    fn try_from(text: String) -> Result<Self, VersionError> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}
