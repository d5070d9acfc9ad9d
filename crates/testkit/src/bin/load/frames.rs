//! Frames of a WebSocket, as a subscriber sees them: measured, and read only at their two ends.

/// How much of each end of a payload is kept when it comes in pieces.
const EDGE: usize = 64;

/// The longest header of a frame that is not masked.
const HEADER: usize = 10;

/// One frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// Its first byte: the opcode, and whether it is the last of a message.
    pub(crate) first: u8,
    /// How long its payload is.
    pub(crate) length: usize,
    /// The payload's start: at least [`EDGE`] bytes, or all.
    pub(crate) start: &'a [u8],
    /// The payload's end: at least [`EDGE`] bytes, or all.
    pub(crate) end: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Whether it is a message: text or bytes.
    pub(crate) fn is_message(&self) -> bool {
        matches!(self.first, 0x81 | 0x82)
    }

    /// Whether it carries the whole document.
    pub(crate) fn is_snapshot(&self) -> bool {
        self.start.starts_with(br#"{"snapshot":true"#)
    }

    /// The version that it names.
    pub(crate) fn version(&self) -> Option<&'a str> {
        const NAME: &[u8] = br#""version":""#;
        let at = self.start.windows(NAME.len()).position(|bytes| bytes == NAME)? + NAME.len();
        let version = self.start.get(at..)?.split(|&byte| byte == b'"').next()?;
        std::str::from_utf8(version).ok()
    }

    /// The number that its publisher put into the data.
    pub(crate) fn number(&self) -> Option<u64> {
        let at = self.end.iter().rposition(|&byte| byte == b'~')? + 1;
        let digits = self.end.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit());
        Some(digits.fold(0, |number, &digit| number * 10 + u64::from(digit - b'0')))
    }
}

/// Cuts what arrives into frames. Between two frames it holds nothing.
#[derive(Debug, Default)]
pub(crate) struct FrameReader {
    open: Option<Box<Open>>,
}

/// A frame of which only a part has come.
#[derive(Debug, Default)]
struct Open {
    /// The header, then the payload's start.
    start: Vec<u8>,
    end: Vec<u8>,
    /// How much of it came, the header included.
    taken: usize,
}

impl FrameReader {
    /// Takes the next bytes of the connection, and shows each frame that is whole by now.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], mut show: impl FnMut(Frame<'_>)) {
        if let Some(open) = &mut self.open {
            bytes = open.take(bytes);
            let Some(frame) = open.whole() else { return };
            show(frame);
            self.open = None;
        }
        while let Some((frame, rest)) = whole(bytes) {
            show(frame);
            bytes = rest;
        }
        if !bytes.is_empty() {
            let mut open = Box::<Open>::default();
            open.take(bytes);
            self.open = Some(open);
        }
    }
}

impl Open {
    /// Takes what belongs to this frame, and gives back the rest.
    fn take<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        while sizes(&self.start).is_none()
            && let Some((&byte, rest)) = bytes.split_first()
        {
            self.start.push(byte);
            self.taken += 1;
            bytes = rest;
        }
        let Some((header, payload)) = sizes(&self.start) else { return bytes };
        let missing = (header + payload - self.taken).min(bytes.len());
        let (ours, rest) = bytes.split_at(missing);
        self.taken += ours.len();
        let room = (HEADER + EDGE).saturating_sub(self.start.len()).min(ours.len());
        self.start.extend(ours.iter().take(room));
        self.end.extend(ours.iter().skip(ours.len().saturating_sub(EDGE)));
        let surplus = self.end.len().saturating_sub(EDGE);
        self.end.drain(..surplus);
        rest
    }

    fn whole(&self) -> Option<Frame<'_>> {
        let (header, length) = sizes(&self.start)?;
        let first = *self.start.first()?;
        let start = self.start.get(header..)?;
        (self.taken == header + length).then_some(Frame { first, length, start, end: &self.end })
    }
}

/// The frame at the start of `bytes` and what follows, when all of it is there.
fn whole(bytes: &[u8]) -> Option<(Frame<'_>, &[u8])> {
    let (header, length) = sizes(bytes)?;
    let payload = bytes.get(header..header + length)?;
    let frame = Frame { first: *bytes.first()?, length, start: payload, end: payload };
    Some((frame, bytes.get(header + length..)?))
}

/// How long the header and the payload of a frame are, when the header is there. Servers do not
/// mask.
fn sizes(bytes: &[u8]) -> Option<(usize, usize)> {
    let &[_, short, ref rest @ ..] = bytes else { return None };
    let wide = match short {
        126 => 2,
        127 => 8,
        short => return Some((2, usize::from(short))),
    };
    let digits = rest.get(..wide)?;
    Some((2 + wide, digits.iter().fold(0, |length, &byte| length << 8 | usize::from(byte))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame with this payload.
    fn framed(payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![0x82];
        match payload.len() {
            short @ ..126 => frame.push(u8::try_from(short).unwrap()),
            middle @ ..65_536 => {
                frame.push(126);
                frame.extend(u16::try_from(middle).unwrap().to_be_bytes());
            }
            long => {
                frame.push(127);
                frame.extend(u64::try_from(long).unwrap().to_be_bytes());
            }
        }
        frame.extend(payload);
        frame
    }

    fn message(version: u64, padding: usize) -> Vec<u8> {
        let text = "x".repeat(padding);
        let number = version + 1_000_000_000;
        format!(
            r#"{{"snapshot":true,"version":"{version:x}","data":{{"text":"{text}~{number}"}}}}"#
        )
        .into_bytes()
    }

    #[test]
    fn frames_are_the_same_however_they_are_cut() {
        let payloads = [0, 40, 200, 70_000, 3].map(|padding| message(0xabc, padding));
        let stream: Vec<u8> = payloads.iter().flat_map(|payload| framed(payload)).collect();

        for piece in [1, 2, 3, 7, 64, 500, 69_999, stream.len()] {
            let mut reader = FrameReader::default();
            let mut seen = Vec::new();
            for bytes in stream.chunks(piece) {
                reader.feed(bytes, |frame| {
                    let ends = frame.version().zip(frame.number()).unwrap();
                    assert!(frame.is_message() && frame.is_snapshot());
                    assert_eq!(ends, ("abc", 1_000_002_748));
                    seen.push(frame.length);
                });
            }
            assert_eq!(seen, payloads.each_ref().map(Vec::len), "in pieces of {piece}");
            assert!(reader.open.is_none(), "nothing is held between frames");
        }
    }

    #[test]
    fn an_empty_frame_is_a_frame() {
        let mut seen = 0;
        FrameReader::default().feed(&[0x89, 0, 0x88, 0], |frame| {
            assert!(!frame.is_message() && frame.number().is_none());
            seen += 1;
        });

        assert_eq!(seen, 2);
    }
}
