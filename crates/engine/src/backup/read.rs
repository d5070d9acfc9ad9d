//! Reading a backup, and making sure that it is one.

use std::io::{self, BufRead, Read};

use monoxide_protocol::Version;
use zstd::Decoder;

use super::{BackupError, END, LONGEST_NAME, NAME, NUMBER, Summary, checksum::Checked, number};
use crate::backend::{Space, record};

/// Reads a backup to its end, and gives each entry to `each`. Whether the whole is as it was
/// written is known only in the end, so nothing must be done for good before.
///
/// # Errors
///
/// [`BackupError`] when it is not as it was written, and what `each` fails with, at once.
pub fn read(
    file: impl BufRead,
    mut each: impl FnMut(Space, &[u8], &[u8]) -> Result<(), BackupError>,
) -> Result<Summary, BackupError> {
    let mut file = Checked::new(file);
    check_name(&mut file)?;
    let mut packed = Packed(Decoder::with_buffer(&mut file)?.single_frame());
    let mut found = Summary::default();
    let (mut key, mut value) = (Vec::new(), Vec::new());
    loop {
        let [kind] = packed.array()?;
        if kind == END {
            break;
        }
        let space = Space::ALL.into_iter().find(|space| number(*space) == kind);
        let space = space.ok_or_else(|| damaged("an entry is in no space"))?;
        let (key_length, value_length) = (packed.length()?, packed.length()?);
        packed.bytes(key_length, &mut key)?;
        packed.bytes(value_length, &mut value)?;
        each(space, &key, &value)?;
        found.add(space);
    }
    let summary = packed.end()?;
    drop(packed);
    check_end(&mut file)?;
    if summary.counts != found.counts {
        return Err(damaged("it does not have as many entries as it says"));
    }
    Ok(summary)
}

/// Reads a backup to its end, and checks it: the checksums of the file and of each object, the
/// keys, and how many there are. Tells `each` how many entries it were so far.
///
/// # Errors
///
/// [`BackupError`] when it is not as it was written.
pub fn verify(file: impl BufRead, mut each: impl FnMut(u64)) -> Result<Summary, BackupError> {
    let mut count = 0;
    read(file, |space, key, value| {
        if space == Space::State {
            record::decode(key, value).map_err(|error| damaged(&error.to_string()))?;
        }
        count += 1;
        each(count);
        Ok(())
    })
}

fn check_name(file: &mut impl BufRead) -> Result<(), BackupError> {
    let mut line = Vec::new();
    file.take(LONGEST_NAME as u64).read_until(b'\n', &mut line)?;
    let line = String::from_utf8_lossy(&line);
    let format = line.strip_prefix(NAME).ok_or(BackupError::Foreign)?;
    match format.strip_suffix('\n') {
        Some(NUMBER) => Ok(()),
        format => Err(BackupError::Format(format.unwrap_or_default().escape_debug().to_string())),
    }
}

fn check_end(file: &mut Checked<impl BufRead>) -> Result<(), BackupError> {
    let (expected, mut checksum) = (file.checksum(), [0; 4]);
    file.read_exact(&mut checksum).map_err(unpacking)?;
    if u32::from_le_bytes(checksum) != expected {
        return Err(damaged("its checksum does not fit"));
    }
    match file.fill_buf()? {
        [] => Ok(()),
        _ => Err(damaged("something follows its end")),
    }
}

fn damaged(what: &str) -> BackupError {
    BackupError::Damaged(what.to_owned())
}

/// What is packed.
struct Packed<R: BufRead>(Decoder<'static, R>);

impl<R: BufRead> Packed<R> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], BackupError> {
        let mut array = [0; N];
        self.0.read_exact(&mut array).map_err(unpacking)?;
        Ok(array)
    }

    fn number(&mut self) -> Result<u64, BackupError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn length(&mut self) -> Result<u32, BackupError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// It takes no more memory than there are bytes, whatever a damaged length says.
    fn bytes(&mut self, length: u32, out: &mut Vec<u8>) -> Result<(), BackupError> {
        out.clear();
        let read = (&mut self.0).take(length.into()).read_to_end(out).map_err(unpacking)?;
        match u32::try_from(read) == Ok(length) {
            true => Ok(()),
            false => Err(unpacking(io::ErrorKind::UnexpectedEof.into())),
        }
    }

    fn end(&mut self) -> Result<Summary, BackupError> {
        let (version, taken) = (Version::new(self.number()?), self.number()?);
        let counts = [self.number()?, self.number()?, self.number()?];
        match self.0.read(&mut [0]).map_err(unpacking)? {
            0 => Ok(Summary { version, taken, counts }),
            _ => Err(damaged("something follows its end")),
        }
    }
}

/// What zstd cannot unpack is of the kind `Other`; anything else is the file's.
fn unpacking(error: io::Error) -> BackupError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => damaged("it is cut off"),
        io::ErrorKind::Other if error.raw_os_error().is_none() => {
            damaged(&format!("it cannot be unpacked ({error})"))
        }
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use monoxide_protocol::{Json, Key, Object};
    use proptest::prelude::*;

    use super::*;
    use crate::backup::Writer;

    fn backup(objects: u32) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new()).unwrap();
        for n in 0..objects {
            let key = Key::parse(&format!("books/{n}")).unwrap();
            let data = Json::parse(format!("[{n},\"{}\"]", n.wrapping_mul(77_777)).as_bytes());
            let version = Version::new(n.into());
            let object = Object { key, created: 1, updated: 2, version, data: data.unwrap() };
            let record = record::encode(&object);
            writer.put(Space::State, object.key.as_str().as_bytes(), &record).unwrap();
        }
        writer.put(Space::Accounts, b"ann", b"{}").unwrap();
        writer.finish(Version::new(9), 7).unwrap().0
    }

    #[test]
    fn what_is_written_is_read() {
        let summary = verify(&*backup(100), |_| {}).unwrap();
        assert_eq!((summary.version, summary.taken), (Version::new(9), 7));
        assert_eq!(Space::ALL.map(|space| summary.count(space)), [100, 1, 0]);
    }

    #[track_caller]
    fn check_refused(file: &[u8], why: &str) {
        let error = verify(file, |_| {}).unwrap_err().to_string();
        assert!(error.contains(why), "`{error}` does not say `{why}`");
    }

    #[test]
    fn what_this_program_does_not_know_is_refused() {
        check_refused(b"", "no backup");
        check_refused(b"PK\x03\x04", "no backup");
        check_refused(b"monoxide backup 2\nwhatever", "format `2`");
        check_refused(b"monoxide backup 11\n", "format `11`");
        check_refused(b"monoxide backup 1", "format ``");
        check_refused(b"monoxide backup 1\n", "cut off");
        check_refused(b"monoxide backup 1\nno zstd at all", "cannot be unpacked");
        check_refused(&[&*backup(3), b"more"].concat(), "follows its end");
        check_refused(&[backup(3), backup(3)].concat(), "follows its end");
    }

    /// Two frames of zstd are one stream to others.
    #[test]
    fn a_second_packed_part_is_refused() {
        let more = zstd::encode_all(&b"more"[..], 1).unwrap();
        let whole = backup(3);
        let (packed, checksum) = whole.split_at(whole.len() - 4);
        check_refused(&[packed, &more, checksum].concat(), "its checksum does not fit");
    }

    /// Entries under a key that no object has, and records that are not of that key.
    #[test]
    fn an_object_that_is_not_whole_is_refused_though_the_checksum_fits() {
        let mut writer = Writer::new(Vec::new()).unwrap();
        writer.put(Space::State, b"books/1", b"torn").unwrap();
        check_refused(&writer.finish(Version::new(1), 1).unwrap().0, "`books/1` is torn");
    }

    #[test]
    fn a_backup_that_is_cut_off_anywhere_is_refused() {
        let whole = backup(20);
        for length in 0..whole.len() {
            assert!(verify(&whole[..length], |_| ()).is_err(), "{length} of {}", whole.len());
        }
    }

    #[test]
    fn a_backup_with_a_bit_flipped_anywhere_is_refused() {
        let whole = backup(20);
        for place in 0..whole.len() {
            for bit in 0..8 {
                let mut file = whole.clone();
                file[place] ^= 1 << bit;
                assert!(verify(&*file, |_| ()).is_err(), "bit {bit} of byte {place}");
            }
        }
    }

    proptest! {
        #[test]
        fn bytes_that_nobody_wrote_are_an_error_and_no_panic(
            rest in prop::collection::vec(any::<u8>(), 0..200),
            packs in any::<bool>(),
        ) {
            let rest = if packs { zstd::encode_all(&*rest, 1).unwrap() } else { rest };
            let read = verify(&*[b"monoxide backup 1\n".to_vec(), rest].concat(), |_| ());
            prop_assert!(read.is_err());
        }
    }
}
