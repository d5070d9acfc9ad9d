//! What the bytes of an entry mean.
//!
//! An object is kept under its key as four numbers and its data, with the lowest byte first:
//!
//! ```text
//! created: 8 bytes | updated: 8 bytes | version: 8 bytes | checksum: 4 bytes | data, as JSON
//! ```
//!
//! The checksum (CRC-32) is over the key and everything else of the record, so a record that is
//! torn, or under the wrong key, is not taken for data.

use monoxide_protocol::{Json, Key, Object, Version};

use super::{BackendError, Batch, Space};

/// Where the space `system` has the highest version.
const VERSION: &str = "version";

const NUMBER: usize = 8;
const CHECKSUM: usize = 4;
const HEAD: usize = 3 * NUMBER + CHECKSUM;

impl Batch {
    /// Keeps `object`.
    pub fn put_object(&mut self, object: &Object) {
        self.add(Space::State, object.key.as_str().as_bytes(), Some(encode(object).into()));
    }

    /// Keeps no object under `key`.
    pub fn delete_object(&mut self, key: &Key) {
        self.delete(Space::State, key.as_str());
    }

    /// Keeps the highest version that there was.
    pub fn put_version(&mut self, version: Version) {
        self.put(Space::System, VERSION, version.number().to_le_bytes());
    }
}

/// The highest version, when the entry is that.
///
/// # Errors
///
/// [`BackendError::Damaged`] when it cannot be read.
pub fn decode_version(key: &[u8], value: &[u8]) -> Result<Option<Version>, BackendError> {
    if !is_version(key) {
        return Ok(None);
    }
    let number = <[u8; NUMBER]>::try_from(value)
        .map_err(|_| BackendError::Damaged("the highest version is torn".to_owned()))?;
    Ok(Some(Version::new(u64::from_le_bytes(number))))
}

/// Whether this is where the space `system` has the highest version.
pub(crate) fn is_version(key: &[u8]) -> bool {
    key == VERSION.as_bytes()
}

/// The value of an object's entry.
#[must_use]
pub fn encode(object: &Object) -> Vec<u8> {
    let data = object.data.as_str().as_bytes();
    let mut record = Vec::with_capacity(HEAD + data.len());
    for number in [object.created, object.updated, object.version.number()] {
        record.extend_from_slice(&number.to_le_bytes());
    }
    let checksum = checksum(object.key.as_str().as_bytes(), &record, data);
    record.extend_from_slice(&checksum.to_le_bytes());
    record.extend_from_slice(data);
    record
}

/// The object of an entry of the space `state`.
///
/// # Errors
///
/// [`BackendError::Damaged`], which names the key, when it is not as it was written.
pub fn decode(key: &[u8], value: &[u8]) -> Result<Object, BackendError> {
    read(key, value).ok_or_else(|| {
        let key = String::from_utf8_lossy(key);
        BackendError::Damaged(format!("the record of `{}` is torn", key.escape_debug()))
    })
}

fn read(key: &[u8], value: &[u8]) -> Option<Object> {
    let (numbers, rest) = value.split_at_checked(HEAD - CHECKSUM)?;
    let (sum, data) = rest.split_first_chunk::<CHECKSUM>()?;
    if u32::from_le_bytes(*sum) != checksum(key, numbers, data) {
        return None;
    }
    let mut numbers = numbers.chunks_exact(NUMBER).filter_map(|it| it.try_into().ok());
    let mut number = || numbers.next().map(u64::from_le_bytes);
    Some(Object {
        key: Key::parse(std::str::from_utf8(key).ok()?).ok()?,
        created: number()?,
        updated: number()?,
        version: Version::new(number()?),
        data: Json::from_checked(std::str::from_utf8(data).ok()?),
    })
}

fn checksum(key: &[u8], numbers: &[u8], data: &[u8]) -> u32 {
    let mut checksum = crc32fast::Hasher::new();
    [key, numbers, data].iter().for_each(|part| checksum.update(part));
    checksum.finalize()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn object(data: &str) -> Object {
        Object {
            key: Key::parse("books/dune").unwrap(),
            created: 1,
            updated: 2,
            version: Version::new(u64::MAX),
            data: Json::parse(data.as_bytes()).unwrap(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let object = object(r#"{"pages":412}"#);
        assert_eq!(decode(b"books/dune", &encode(&object)), Ok(object));
    }

    #[test]
    fn a_record_under_another_key_is_not_taken_for_data() {
        let error = decode(b"books/emma", &encode(&object("1"))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "what is stored is damaged: the record of `books/emma` is torn"
        );
    }

    proptest! {
        /// `1234` cut to `12` is JSON too.
        #[test]
        fn a_torn_record_is_an_error_that_names_its_key(
            length in any::<prop::sample::Index>(),
            digits in "[1-9]{1,40}",
        ) {
            let record = encode(&object(&digits));
            let error = decode(b"books/dune", &record[..length.index(record.len())]).unwrap_err();
            prop_assert!(error.to_string().contains("books/dune"), "{error}");
        }

        #[test]
        fn bytes_that_nobody_wrote_are_an_error_and_no_panic(
            key in prop::collection::vec(any::<u8>(), 0..40),
            value in prop::collection::vec(any::<u8>(), 0..80),
        ) {
            prop_assert!(decode(&key, &value).is_err());
        }
    }
}
