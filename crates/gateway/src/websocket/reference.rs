//! Our end beside tungstenite's: of the same bytes both hear the same, and what ours writes are the
//! bytes that tungstenite would have written.

use std::{
    io::{self, Cursor, IoSlice, Read, Write},
    pin::Pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use proptest::{collection::vec, prelude::*, sample::Index};
use tokio::io::AsyncWrite;
use tokio_tungstenite::tungstenite::{
    Error, Message, WebSocket,
    error::ProtocolError,
    protocol::{
        Role, WebSocketConfig,
        frame::{
            Frame, FrameHeader,
            coding::{Control as Kind, Data, OpCode},
        },
    },
};

use super::{
    reader::{Control, Reader, Violation},
    writer::Queue,
};

/// How large a message may be.
const MAX_MESSAGE: usize = 600;

/// What a client says, and how.
#[derive(Debug, Clone)]
struct Said {
    first: u8,
    payload: Vec<u8>,
    mask: Option<[u8; 4]>,
    length: Length,
}

/// In how many bytes a length is written.
#[derive(Debug, Clone, Copy)]
enum Length {
    Shortest,
    Two,
    Eight,
}

impl Said {
    fn new(first: u8, payload: &[u8]) -> Self {
        let (payload, mask) = (payload.to_vec(), Some([0x37, 0xfa, 0x21, 0x3d]));
        Self { first, payload, mask, length: Length::Shortest }
    }

    fn is_control(&self) -> bool {
        self.first & 0x08 != 0
    }

    fn encode(&self) -> Vec<u8> {
        let (len, masked) = (self.payload.len(), u8::from(self.mask.is_some()) << 7);
        let mut out = vec![self.first];
        match (self.length, u8::try_from(len)) {
            (Length::Shortest, Ok(len @ 0..126)) => out.push(masked | len),
            (Length::Shortest | Length::Two, _) => {
                out.push(masked | 126);
                out.extend(u16::try_from(len).unwrap().to_be_bytes());
            }
            (Length::Eight, _) => {
                out.push(masked | 127);
                out.extend((len as u64).to_be_bytes());
            }
        }
        out.extend(self.mask.iter().flatten());
        let mask = self.mask.unwrap_or_default();
        out.extend(self.payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        out
    }
}

fn control() -> impl Strategy<Value = Said> {
    (prop_oneof![Just(0x89), Just(0x8a)], vec(any::<u8>(), 0..=125))
        .prop_map(|(first, payload)| Said::new(first, &payload))
}

/// A message in several frames, cut anywhere, with control frames in between.
fn message() -> impl Strategy<Value = Vec<Said>> {
    let between = prop_oneof![3 => Just(None), 1 => control().prop_map(Some)];
    let parts = vec((any::<Index>(), between), 0..4);
    (any::<bool>(), "\\PC{0,40}", parts).prop_map(|(is_text, text, parts)| {
        let text = text.as_bytes();
        let mut cuts: Vec<_> = parts.iter().map(|(at, _)| at.index(text.len() + 1)).collect();
        cuts.sort_unstable();
        let (mut said, mut start) = (Vec::new(), 0);
        for (at, (_, between)) in cuts.into_iter().zip(parts) {
            said.push(Said::new(0x00, &text[start..at]));
            said.extend(between);
            start = at;
        }
        said.push(Said::new(0x00, &text[start..]));
        said.last_mut().unwrap().first |= 0x80;
        said[0].first |= if is_text { 0x01 } else { 0x02 };
        said
    })
}

fn close() -> impl Strategy<Value = Said> {
    let code = prop_oneof![3 => 1000..1016_u16, 1 => 2990..3010_u16, 1 => any::<u16>()];
    let reason = (code, "\\PC{0,20}")
        .prop_map(|(code, reason)| [&code.to_be_bytes(), reason.as_bytes()].concat());
    let payload = prop_oneof![1 => vec(any::<u8>(), 0..4), 4 => reason];
    payload.prop_map(|payload| Said::new(0x88, &payload))
}

/// How something goes wrong, or is only unusual.
#[derive(Debug, Clone)]
enum Twist {
    First(u8),
    Byte(Index, u8),
    Longer(Vec<u8>),
    Mask(Option<[u8; 4]>),
    Length(Length),
    Twice,
    Left,
}

fn twist() -> impl Strategy<Value = Twist> {
    prop_oneof![
        (0..8_u32).prop_map(|bit| Twist::First(1 << bit)),
        any::<u8>().prop_map(Twist::First),
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Twist::Byte(at, byte)),
        vec(any::<u8>(), 1..800).prop_map(Twist::Longer),
        any::<Option<[u8; 4]>>().prop_map(Twist::Mask),
        prop_oneof![Just(Length::Two), Just(Length::Eight)].prop_map(Twist::Length),
        Just(Twist::Twice),
        Just(Twist::Left),
    ]
}

/// What a client says that means well, but for some twists.
fn conversation() -> impl Strategy<Value = Vec<Said>> {
    let item = prop_oneof![
        4 => message(),
        2 => control().prop_map(|control| vec![control]),
        1 => close().prop_map(|close| vec![close]),
    ];
    let twists = vec((any::<Index>(), twist()), 0..3);
    (vec(item, 1..6), twists).prop_map(|(items, twists)| {
        let mut all: Vec<Said> = items.concat();
        for (at, twist) in twists {
            if all.is_empty() {
                break;
            }
            let at = at.index(all.len());
            let said = &mut all[at];
            match twist {
                Twist::First(bits) => said.first ^= bits,
                Twist::Byte(_, _) if said.payload.is_empty() => {}
                Twist::Byte(at, byte) => {
                    let at = at.index(said.payload.len());
                    said.payload[at] = byte;
                }
                Twist::Longer(more) => said.payload.extend(more),
                Twist::Mask(mask) => said.mask = mask,
                Twist::Length(length) => said.length = length,
                Twist::Twice => all.insert(at, all[at].clone()),
                Twist::Left => drop(all.remove(at)),
            }
        }
        for control in all.iter_mut().filter(|it| it.is_control()) {
            // Tungstenite minds neither a length in more bytes than it needs, nor ever hears of a
            // code that was registered after it was written.
            control.length = Length::Shortest;
            if control.payload.starts_with(&1014_u16.to_be_bytes()) {
                control.payload.clear();
            }
            // Of two mistakes either may be told.
            if let [a, b, reason @ ..] = &mut *control.payload
                && std::str::from_utf8(reason).is_err()
            {
                [*a, *b] = 1000_u16.to_be_bytes();
            }
        }
        all
    })
}

/// What is heard, and the mistake that ends it.
type Heard = (Vec<Control>, Option<Violation>);

/// What our end hears of bytes that come in pieces of these sizes.
fn heard(bytes: &[u8], sizes: &[usize]) -> Heard {
    let (mut reader, mut controls) = (Reader::new(MAX_MESSAGE), Vec::new());
    let (mut rest, mut sizes) = (bytes, sizes.iter().cycle());
    while !rest.is_empty() {
        let (piece, next) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
        rest = next;
        if let Err(violation) = reader.read(&mut piece.to_vec(), |it| controls.push(it)) {
            return (controls, Some(violation));
        }
    }
    (controls, None)
}

/// A connection on which everything was said already.
struct Spoken(Cursor<Vec<u8>>);

impl Read for Spoken {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

impl Write for Spoken {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What tungstenite hears.
fn heard_by_tungstenite(bytes: Vec<u8>) -> Heard {
    let config =
        WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(None);
    let spoken = Spoken(Cursor::new(bytes));
    let mut socket = WebSocket::from_raw_socket(spoken, Role::Server, Some(config));
    let mut controls = Vec::new();
    let violation = loop {
        match socket.read() {
            Ok(Message::Ping(payload)) => controls.push(Control::Ping(payload)),
            Ok(Message::Pong(_)) => controls.push(Control::Pong),
            Ok(Message::Close(None)) => {
                controls.push(Control::Close(Bytes::new()));
                break None;
            }
            Ok(Message::Close(Some(close))) => {
                // So it says that a close frame was none.
                if close.reason == "Protocol violation" {
                    break Some(Violation::Protocol);
                }
                let code = u16::from(close.code);
                let payload = [&code.to_be_bytes(), close.reason.as_bytes()].concat();
                controls.push(Control::Close(payload.into()));
                break None;
            }
            Ok(Message::Text(_) | Message::Binary(_) | Message::Frame(_)) => {}
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => break None,
            Err(Error::Utf8(_)) => break Some(Violation::NotUtf8),
            Err(Error::Capacity(_)) => break Some(Violation::TooLarge),
            Err(Error::Protocol(_)) => break Some(Violation::Protocol),
            Err(error) => panic!("{error}"),
        }
    };
    (controls, violation)
}

/// A connection that takes so many bytes at a time, and nothing where it says `None`.
struct Fitful<'a> {
    taken: Vec<u8>,
    takes: Box<dyn Iterator<Item = Option<usize>> + 'a>,
    gathers: bool,
}

impl AsyncWrite for Fitful<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Some(count) = self.takes.next().unwrap() else { return Poll::Pending };
        let slices = if self.gathers { slices } else { &slices[..1] };
        let bytes: Vec<u8> = slices.iter().flat_map(|it| it.iter().copied()).take(count).collect();
        assert!(!bytes.is_empty(), "there is always something to be written");
        self.taken.extend(&bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn is_write_vectored(&self) -> bool {
        self.gathers
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What is to be sent.
#[derive(Debug, Clone)]
enum Sent {
    Message(Vec<u8>),
    Ping,
    Pong(Vec<u8>),
    Close(Vec<u8>),
}

impl Sent {
    fn queue(&self, queue: &mut Queue) {
        match self.clone() {
            Self::Message(payload) => queue.message(payload.into()),
            Self::Ping => queue.ping(),
            Self::Pong(payload) => queue.pong(payload.into()),
            Self::Close(payload) => queue.close(payload.into()),
        }
    }

    /// As tungstenite writes it.
    fn encode(&self, out: &mut Vec<u8>) {
        let (opcode, payload) = match self.clone() {
            Self::Message(payload) => (OpCode::Data(Data::Binary), payload),
            Self::Ping => (OpCode::Control(Kind::Ping), Vec::new()),
            Self::Pong(payload) => (OpCode::Control(Kind::Pong), payload),
            Self::Close(payload) => (OpCode::Control(Kind::Close), payload),
        };
        let header = FrameHeader { opcode, ..FrameHeader::default() };
        Frame::from_payload(header, payload.into()).format(out).unwrap();
    }
}

fn sent() -> impl Strategy<Value = Sent> {
    let size = prop_oneof![
        4 => 0..200_usize, 2 => 1_000..1_050_usize, 1 => 65_530..65_540_usize
    ];
    let payload = |size, seed: u8| (seed..=255).chain(0..=250).cycle().take(size).collect();
    prop_oneof![
        6 => (size, any::<u8>()).prop_map(move |(size, seed)| Sent::Message(payload(size, seed))),
        1 => Just(Sent::Ping),
        1 => vec(any::<u8>(), 0..=125).prop_map(Sent::Pong),
        1 => vec(any::<u8>(), 0..=125).prop_map(Sent::Close),
    ]
}

/// Has everything written as it can be, some of it queued while others are half written.
fn written(
    all: &[Sent],
    at_once: usize,
    takes: impl Iterator<Item = Option<usize>>,
    gathers: bool,
) -> Vec<u8> {
    let mut connection = Fitful { taken: Vec::new(), takes: Box::new(takes), gathers };
    let (mut queue, mut context) = (Queue::default(), Context::from_waker(Waker::noop()));
    let mut groups = all.chunks(at_once);
    loop {
        let group = groups.next();
        group.into_iter().flatten().for_each(|it| it.queue(&mut queue));
        if group.is_none() && queue.is_empty() {
            break;
        }
        // What the connection does not take now it is asked to later.
        let _ = queue.poll_write(Pin::new(&mut connection), &mut context);
    }
    assert_eq!(queue.controls(), 0);
    connection.taken
}

fn encoded(all: &[Sent]) -> Vec<u8> {
    let mut out = Vec::new();
    all.iter().for_each(|it| it.encode(&mut out));
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn both_hear_the_same_however_it_is_cut(
        conversation in conversation(),
        sizes in vec(prop_oneof![Just(1), 1..20_usize, Just(4_096)], 1..5),
    ) {
        let bytes: Vec<u8> = conversation.iter().flat_map(Said::encode).collect();

        let ours = heard(&bytes, &sizes);

        prop_assert_eq!(ours, heard_by_tungstenite(bytes));
    }
}

proptest! {
    #[test]
    fn what_is_written_are_the_frames_however_they_are_taken(
        all in vec(sent(), 1..40),
        at_once in 1..40_usize,
        takes in vec(proptest::option::weighted(0.7, prop_oneof![1..8_usize, 1..100_000_usize]), 1..9),
        gathers in any::<bool>(),
    ) {
        let takes = takes.into_iter().chain([Some(1_000)]).collect::<Vec<_>>();
        let takes = takes.iter().copied().cycle();

        prop_assert!(written(&all, at_once, takes, gathers) == encoded(&all));
    }
}

/// Every place there is where a write may end.
#[test]
fn frames_go_on_from_any_byte() {
    let all = [
        Sent::Message(vec![1; 300]),
        Sent::Ping,
        Sent::Message(Vec::new()),
        Sent::Pong(b"hello".to_vec()),
        Sent::Message(vec![2; 2_000]),
        Sent::Close(b"\x03\xe8bye".to_vec()),
    ];
    let expected = encoded(&all);
    for first in 1..expected.len() {
        for gathers in [false, true] {
            let takes = [Some(first), None].into_iter().chain(std::iter::repeat(Some(usize::MAX)));
            assert!(written(&all, all.len(), takes, gathers) == expected, "cut at {first}");
        }
    }
}
