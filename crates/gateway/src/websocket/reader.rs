//! What a client says, frame by frame (RFC 6455, section 5), as its bytes come in.

use bytes::Bytes;

use super::utf8::{NotUtf8, Text};

/// How long what stands before a payload may be: two bytes, eight of length, four of mask.
const HEAD: usize = 14;

/// How long the payload of a control frame may be.
const CONTROL: usize = 125;

/// How long a text may be that is kept, and how many are before somebody takes them. What is over
/// is thrown away.
const TEXT: usize = 8 * 1024;
const TEXTS: usize = 8;

/// How a client broke the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Violation {
    #[error("not a WebSocket frame")]
    Protocol,
    #[error("the text is not UTF-8")]
    NotUtf8,
    #[error("the message is too large")]
    TooLarge,
}

impl From<NotUtf8> for Violation {
    fn from(NotUtf8: NotUtf8) -> Self {
        Self::NotUtf8
    }
}

/// What a client says about the connection itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Control {
    Ping(Bytes),
    Pong,
    /// With its payload: nothing, or a code and a reason.
    Close(Bytes),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Kind {
    fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// Where in the stream of frames we are.
#[derive(Debug)]
enum Place {
    /// In what stands before a payload.
    Head {
        bytes: [u8; HEAD],
        len: u8,
    },
    Payload {
        frame: Frame,
        left: u64,
    },
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    kind: Kind,
    is_last: bool,
    mask: [u8; 4],
}

/// A message whose end was not seen yet.
#[derive(Debug)]
struct Message {
    /// `None` for one that is binary.
    text: Option<Text>,
    size: u64,
}

/// The texts that a client says, where somebody wants them.
#[derive(Debug, Default)]
struct Said {
    /// The one that is being said; `None` when it is too long.
    current: Option<Vec<u8>>,
    whole: Vec<String>,
}

/// Reads frames. It keeps nothing of them but the payload of a control frame that is cut in two,
/// and small texts where they are wanted.
#[derive(Debug)]
pub(super) struct Reader {
    place: Place,
    message: Option<Message>,
    control: Vec<u8>,
    /// On the heap, and only where it is wanted: there may be very many connections.
    said: Option<Box<Said>>,
    max_message: u64,
    /// The client said goodbye; what follows is not for anybody.
    closed: bool,
}

const START: Place = Place::Head { bytes: [0; HEAD], len: 0 };

impl Reader {
    pub(super) fn new(max_message: usize) -> Self {
        let max_message = max_message as u64;
        let (message, control, said) = (None, Vec::new(), None);
        Self { place: START, message, control, said, max_message, closed: false }
    }

    /// Keeps small texts from now on.
    pub(super) fn keep_texts(&mut self) {
        self.said.get_or_insert_default();
    }

    /// The texts that were said since this was asked last.
    pub(super) fn take_texts(&mut self) -> Vec<String> {
        self.said.as_mut().map(|said| std::mem::take(&mut said.whole)).unwrap_or_default()
    }

    pub(super) fn has_texts(&self) -> bool {
        self.said.as_ref().is_some_and(|said| !said.whole.is_empty())
    }

    /// Reads `bytes`, which are unmasked in place, and says what is heard in them.
    pub(super) fn read(
        &mut self,
        mut bytes: &mut [u8],
        mut heard: impl FnMut(Control),
    ) -> Result<(), Violation> {
        while !bytes.is_empty() && !self.closed {
            match &mut self.place {
                Place::Head { bytes: head, len } => {
                    let [first, rest @ ..] = bytes else { break };
                    let Some(place) = head.get_mut(usize::from(*len)) else { break };
                    *place = *first;
                    *len += 1;
                    bytes = rest;
                    let (head, len) = (*head, usize::from(*len));
                    if let Some((frame, length)) =
                        self.frame(head.get(..len).unwrap_or_default())?
                    {
                        self.place = Place::Payload { frame, left: length };
                        self.end_of_frame(&mut heard)?;
                    }
                }
                Place::Payload { frame, left } => {
                    let count = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                    let (payload, rest) = bytes.split_at_mut(count);
                    unmask(payload, &mut frame.mask);
                    *left -= count as u64;
                    let kind = frame.kind;
                    self.payload(kind, payload)?;
                    bytes = rest;
                    self.end_of_frame(&mut heard)?;
                }
            }
        }
        Ok(())
    }

    /// What a head says once it is whole. What is wrong is said as soon as it can be seen.
    fn frame(&self, head: &[u8]) -> Result<Option<(Frame, u64)>, Violation> {
        let [first, rest @ ..] = head else { return Ok(None) };
        let is_last = first & 0x80 != 0;
        let kind = match first & 0x7f {
            0x0 => Kind::Continuation,
            0x1 => Kind::Text,
            0x2 => Kind::Binary,
            0x8 => Kind::Close,
            0x9 => Kind::Ping,
            0xa => Kind::Pong,
            // Also every reserved bit: no extension was agreed upon.
            _ => return Err(Violation::Protocol),
        };
        let goes_on = kind == Kind::Continuation;
        if kind.is_control() && !is_last || !kind.is_control() && goes_on != self.message.is_some()
        {
            return Err(Violation::Protocol);
        }
        let [second, rest @ ..] = rest else { return Ok(None) };
        let short = second & 0x7f;
        // Every frame of a client is masked.
        if second & 0x80 == 0 || kind.is_control() && usize::from(short) > CONTROL {
            return Err(Violation::Protocol);
        }
        let (length, mask) = match (short, rest) {
            (126, [a, b, mask @ ..]) => (u16::from_be_bytes([*a, *b]).into(), mask),
            (127, [a, b, c, d, e, f, g, h, mask @ ..]) => {
                (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), mask)
            }
            (126 | 127, _) => return Ok(None),
            _ => (short.into(), rest),
        };
        if length > i64::MAX as u64 {
            return Err(Violation::Protocol);
        }
        let before = self.message.as_ref().map_or(0, |message| message.size);
        if !kind.is_control() && length.saturating_add(before) > self.max_message {
            return Err(Violation::TooLarge);
        }
        let mask = mask.try_into().ok();
        Ok(mask.map(|mask| (Frame { kind, is_last, mask }, length)))
    }

    fn payload(&mut self, kind: Kind, payload: &[u8]) -> Result<(), Violation> {
        if kind.is_control() {
            self.control.extend_from_slice(payload);
            return Ok(());
        }
        if self.message.is_none()
            && let Some(said) = &mut self.said
        {
            said.current = (kind == Kind::Text).then(Vec::new);
        }
        let message = self.message.get_or_insert_with(|| Message::new(kind));
        message.size += payload.len() as u64;
        if let Some(said) = &mut self.said {
            said.add(payload);
        }
        message.text.as_mut().map_or(Ok(()), |text| text.push(payload))?;
        Ok(())
    }

    /// Ends the frame if its payload was read.
    fn end_of_frame(&mut self, heard: &mut impl FnMut(Control)) -> Result<(), Violation> {
        let Place::Payload { frame: Frame { kind, is_last, .. }, left: 0 } = self.place else {
            return Ok(());
        };
        self.place = START;
        if !kind.is_control() {
            let message = self.message.get_or_insert_with(|| Message::new(kind));
            if is_last {
                let whole = message.text.as_ref().is_none_or(Text::is_whole);
                self.message = None;
                if let Some(said) = &mut self.said {
                    said.end();
                }
                return whole.then_some(()).ok_or(Violation::NotUtf8);
            }
            return Ok(());
        }
        let payload = std::mem::take(&mut self.control);
        match kind {
            Kind::Ping => heard(Control::Ping(payload.into())),
            Kind::Pong => heard(Control::Pong),
            _ => {
                check_close(&payload)?;
                self.closed = true;
                heard(Control::Close(payload.into()));
            }
        }
        Ok(())
    }
}

impl Said {
    fn add(&mut self, payload: &[u8]) {
        let Some(current) = &mut self.current else { return };
        if current.len() + payload.len() > TEXT {
            self.current = None;
        } else {
            current.extend_from_slice(payload);
        }
    }

    fn end(&mut self) {
        let Some(text) = self.current.take().and_then(|it| String::from_utf8(it).ok()) else {
            return;
        };
        if self.whole.len() < TEXTS {
            self.whole.push(text);
        }
    }
}

impl Message {
    fn new(kind: Kind) -> Self {
        Self { text: (kind == Kind::Text).then(Text::default), size: 0 }
    }
}

/// Undoes the mask, and turns it to where the next byte needs it.
fn unmask(payload: &mut [u8], mask: &mut [u8; 4]) {
    let mut words = payload.chunks_exact_mut(8);
    let [a, b, c, d] = *mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    for word in &mut words {
        if let Ok(bytes) = <[u8; 8]>::try_from(&*word) {
            word.copy_from_slice(&(u64::from_ne_bytes(bytes) ^ wide).to_ne_bytes());
        }
    }
    let rest = words.into_remainder();
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    mask.rotate_left(rest.len() % 4);
}

/// Whether a close frame says what it may (RFC 6455, section 7.4; 1012 to 1014 were registered
/// later).
fn check_close(payload: &[u8]) -> Result<(), Violation> {
    let [a, b, reason @ ..] = payload else {
        return payload.is_empty().then_some(()).ok_or(Violation::Protocol);
    };
    let code = u16::from_be_bytes([*a, *b]);
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Violation::Protocol);
    }
    std::str::from_utf8(reason).map_err(|_| Violation::NotUtf8)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A frame as a client sends it.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        let mut out = vec![first];
        match payload.len() {
            len @ 0..126 => out.push(0x80 | u8::try_from(len).unwrap()),
            len => {
                out.push(0x80 | 126);
                out.extend(u16::try_from(len).unwrap().to_be_bytes());
            }
        }
        out.extend(mask);
        out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        out
    }

    fn read(bytes: &[u8], size: usize) -> Result<Vec<Control>, Violation> {
        let (mut reader, mut controls) = (Reader::new(1_000), Vec::new());
        for piece in bytes.chunks(size) {
            reader.read(&mut piece.to_vec(), |control| controls.push(control))?;
        }
        Ok(controls)
    }

    #[track_caller]
    fn check(bytes: &[u8], expected: &Result<Vec<Control>, Violation>) {
        for size in [1, 3, bytes.len()] {
            assert_eq!(read(bytes, size), *expected, "in pieces of {size}");
        }
    }

    #[test]
    fn pings_are_heard_between_the_frames_of_a_message() {
        let ping = || Control::Ping(Bytes::from_static(b"hello"));
        let frames = [frame(0x01, b"a"), frame(0x89, b"hello"), frame(0x80, b"b")].concat();
        check(&frames, &Ok(vec![ping()]));
        check(
            &[frame(0x89, b"hello"), frame(0x8a, b"")].concat(),
            &Ok(vec![ping(), Control::Pong]),
        );
    }

    #[test]
    fn what_is_no_frame_is_noticed() {
        let protocol = || Err(Violation::Protocol);
        check(&frame(0xc1, b"reserved bit"), &protocol());
        check(&frame(0x83, b"reserved kind"), &protocol());
        check(&frame(0x80, b"goes on from nothing"), &protocol());
        check(&[frame(0x01, b"a"), frame(0x81, b"another one begins")].concat(), &protocol());
        check(&frame(0x09, b"a control frame in parts"), &protocol());
        check(&frame(0x89, &[0; 126]), &protocol());
        check(b"\x81\x05hello", &protocol());
        check(b"\x81\xff\x80\0\0\0\0\0\0\0", &protocol());
        check(&frame(0x88, b"\x03"), &protocol());
        check(&frame(0x88, b"\x03\xed"), &protocol());
    }

    #[test]
    fn a_message_is_bounded_over_all_its_frames() {
        check(&[frame(0x02, &[0; 600]), frame(0x80, &[0; 400])].concat(), &Ok(Vec::new()));
        let large = [frame(0x02, &[0; 600]), frame(0x80, &[0; 401])].concat();
        check(&large, &Err(Violation::TooLarge));
    }

    #[test]
    fn text_is_utf8_over_all_its_frames() {
        check(&[frame(0x01, b"\xc3"), frame(0x80, b"\xa4")].concat(), &Ok(Vec::new()));
        check(&frame(0x81, b"\xc3"), &Err(Violation::NotUtf8));
        check(&frame(0x82, b"\xc3"), &Ok(Vec::new()));
        check(&frame(0x88, b"\x03\xe8\xc3"), &Err(Violation::NotUtf8));
    }

    #[test]
    fn small_texts_are_kept_where_they_are_wanted() {
        let long = vec![b'x'; 60_000];
        let frames = [
            frame(0x01, b"hel"),
            frame(0x89, b"ping"),
            frame(0x80, b"lo"),
            frame(0x82, b"bytes"),
            frame(0x81, &long),
            frame(0x81, b""),
            frame(0x81, b"bye"),
        ]
        .concat();
        for size in [1, 3, frames.len()] {
            let mut reader = Reader::new(100_000);
            reader.keep_texts();
            for piece in frames.chunks(size) {
                reader.read(&mut piece.to_vec(), |_| {}).unwrap();
            }
            assert!(reader.has_texts());
            // An empty frame has no payload that could begin a text.
            assert_eq!(reader.take_texts(), ["hello", "bye"], "in pieces of {size}");
            assert!(!reader.has_texts());
        }
        let mut reader = Reader::new(100_000);
        reader.read(&mut frames.clone(), |_| {}).unwrap();
        assert!(!reader.has_texts());
    }

    #[test]
    fn nobody_fills_the_memory_with_texts() {
        let mut reader = Reader::new(1_000);
        reader.keep_texts();
        for _ in 0..1_000 {
            reader.read(&mut frame(0x81, b"again"), |_| {}).unwrap();
        }
        assert_eq!(reader.take_texts().len(), TEXTS);
    }

    #[test]
    fn nothing_counts_after_a_goodbye() {
        let frames = [frame(0x88, b"\x03\xe8bye"), frame(0x83, b"whatever")].concat();
        check(&frames, &Ok(vec![Control::Close(Bytes::from_static(b"\x03\xe8bye"))]));
        check(&frame(0x88, b""), &Ok(vec![Control::Close(Bytes::new())]));
    }

    proptest! {
        #[test]
        fn it_reads_anything_and_cuts_do_not_matter(
            bytes in prop::collection::vec(any::<u8>(), 1..200),
            size in 1..9_usize,
        ) {
            prop_assert_eq!(read(&bytes, size), read(&bytes, bytes.len()));
        }

        #[test]
        fn a_payload_is_unmasked_however_it_is_cut(
            payload in prop::collection::vec(any::<u8>(), 0..125),
            size in 1..20_usize,
        ) {
            let heard = read(&frame(0x89, &payload), size);
            prop_assert_eq!(heard, Ok(vec![Control::Ping(payload.into())]));
        }
    }
}
