//! Group 6: a text is UTF-8, and what is not ends the connection with 1007.

use super::{
    BINARY, ENDS, GOES_ON, HOWEVER, PING, PONG, Sent, Stand, TEXT, TEXT_BEGINS, fragments, frame,
    next, send,
};

/// `κόσμε`, in two and three bytes a letter.
const COSMOS: &[u8] = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";

/// Groups 6.1 and 6.2.
#[tokio::test(start_paused = true)]
async fn a_text_may_be_cut_anywhere_and_be_nothing() {
    let mut stand = Stand::start().await;
    let of = |parts: [&str; 3]| {
        let [a, b, c] = parts;
        vec![frame(TEXT_BEGINS, a), frame(GOES_ON, b), frame(ENDS, c)]
    };
    let (first, second) = ("Hello-µ@ßöä", "üàá-UTF-8!!");
    let all = [first, second].concat();
    for (case, frames) in [
        ("6.1.1", vec![frame(TEXT, "")]),
        ("6.1.2", of(["", "", ""])),
        ("6.1.3", of(["", "middle frame payload", ""])),
        ("6.2.1", vec![frame(TEXT, &all)]),
        ("6.2.2", vec![frame(TEXT_BEGINS, first), frame(ENDS, second)]),
        ("6.2.3", fragments(TEXT_BEGINS, all.as_bytes(), 1)),
        ("6.2.4", fragments(TEXT_BEGINS, COSMOS, 1)),
    ] {
        for sent in HOWEVER {
            stand.check_legal(case, sent, &frames, &[]).await;
        }
    }
}

/// Group 6.3.
#[tokio::test(start_paused = true)]
async fn a_text_that_is_wrong_in_its_middle_is_a_mistake_however_it_is_cut() {
    let mut stand = Stand::start().await;
    let text = [COSMOS, b"\xed\xa0\x80", b"edited"].concat();
    stand.check_failed("6.3.1", Sent::AtOnce, &[frame(TEXT, &text)], 1007).await;
    for size in 1..text.len() {
        let frames = fragments(TEXT_BEGINS, &text, size);
        stand.check_failed("6.3.2", Sent::AtOnce, &frames, 1007).await;
        stand.check_failed("6.3.2", Sent::ByFrame, &frames, 1007).await;
    }
    // Nobody looks at bytes.
    stand.check_legal("6: bytes", Sent::AtOnce, &[frame(BINARY, &text)], &[]).await;
}

/// Groups 6.4.1 and 6.4.2.
#[tokio::test(start_paused = true)]
async fn a_text_that_cannot_become_right_is_not_heard_out() {
    let mut stand = Stand::start().await;
    let text = [COSMOS, b"\xf4\x90\x80\x80", b"edited"].concat();
    for (case, second, third) in [("6.4.1", 11, 15), ("6.4.2", 12, 13)] {
        let mut socket = stand.open().await;
        let fine = frame(TEXT_BEGINS, &text[..second]);
        send(&mut socket, Sent::AtOnce, &[fine, frame(PING, "")]).await.unwrap();
        assert_eq!(next(&mut socket).await.first, PONG, "{case}: nothing is wrong so far");
        let wrong = frame(GOES_ON, &text[second..third]);
        send(&mut socket, Sent::AtOnce, &[wrong]).await.unwrap();
        stand.check_closed(case, socket, 1007).await;
    }
}

/// Groups 6.4.3 and 6.4.4. The suite is content with a server that waits for the frame's end.
#[tokio::test(start_paused = true)]
async fn a_frame_with_a_wrong_text_is_a_mistake_however_it_is_chopped() {
    let mut stand = Stand::start().await;
    let text = frame(TEXT, [COSMOS, b"\xf4\x90\x80\x80", b"edited"].concat());
    for size in 1..text.len() {
        let case = format!("6.4.3, chops of {size}");
        stand.check_failed(&case, Sent::InChops(size), std::slice::from_ref(&text), 1007).await;
    }
}

/// Groups 6.5 to 6.23, what is UTF-8.
#[tokio::test(start_paused = true)]
async fn whatever_is_utf_8_may_be_said() {
    let mut stand = Stand::start().await;
    let (mut prefixes, mut not_characters) = (Vec::new(), Vec::new());
    for len in [2, 5, 7, 9, 11] {
        prefixes.push(&COSMOS[..len]);
    }
    let planes = (0_u32..=0x10).flat_map(|plane| [plane << 16 | 0xfffe, plane << 16 | 0xffff]);
    for text in planes.map(|point| char::from_u32(point).unwrap().to_string()) {
        not_characters.push(text);
    }
    let not_characters: Vec<_> = not_characters.iter().map(String::as_bytes).collect();
    let groups: [(&str, &[&[u8]]); 7] = [
        (
            "6.5",
            &[
                b"hello$world",
                b"hello\xc2\xa2world",
                b"hello\xe2\x82\xacworld",
                b"hello\xf0\xa4\xad\xa2world",
                COSMOS,
            ],
        ),
        ("6.6", &prefixes),
        ("6.7", &[b"\0", b"\xc2\x80", b"\xe0\xa0\x80", b"\xf0\x90\x80\x80"]),
        ("6.9", &[b"\x7f", b"\xdf\xbf", b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf"]),
        ("6.11", &[b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xf4\x8f\xbf\xbf"]),
        ("6.22", &not_characters),
        (
            "6.23",
            &[
                b"\xef\xbf\xb9",
                b"\xef\xbf\xba",
                b"\xef\xbf\xbb",
                b"\xef\xbf\xbc",
                b"\xef\xbf\xbd",
                b"\xef\xbf\xbe",
                b"\xef\xbf\xbf",
            ],
        ),
    ];
    for (group, texts) in groups {
        for text in texts {
            let case = format!("{group} {}", text.escape_ascii());
            let in_bytes = fragments(TEXT_BEGINS, text, 1);
            stand.check_legal(&case, Sent::AtOnce, &[frame(TEXT, text)], &[]).await;
            stand.check_legal(&case, Sent::AtOnce, &in_bytes, &[]).await;
        }
    }
}

/// Groups 6.6 to 6.21, what is not.
#[tokio::test(start_paused = true)]
async fn whatever_is_not_utf_8_is_a_mistake() {
    let mut stand = Stand::start().await;
    let cut: Vec<_> = [1, 3, 4, 6, 8, 10].map(|len| &COSMOS[..len]).to_vec();
    let lonely = [0xc0..=0xdf, 0xe0..=0xef, 0xf0..=0xf7, 0xf8..=0xfb_u8, 0xfc..=0xfd];
    let lonely = lonely.map(|bytes| bytes.flat_map(|byte| [byte, b' ']).collect::<Vec<_>>());
    let lonely: Vec<_> = lonely.iter().map(Vec::as_slice).collect();
    let going_on: Vec<_> = (0x80..=0xbf).collect();
    let incomplete: [&[u8]; 10] = [
        b"\xc0",
        b"\xe0\x80",
        b"\xf0\x80\x80",
        b"\xf8\x80\x80\x80",
        b"\xfc\x80\x80\x80\x80",
        b"\xdf",
        b"\xef\xbf",
        b"\xf7\xbf\xbf",
        b"\xfb\xbf\xbf\xbf",
        b"\xfd\xbf\xbf\xbf\xbf",
    ];
    let groups: [(&str, &[&[u8]]); 16] = [
        ("6.6", &cut),
        ("6.8", &[b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80"]),
        ("6.10", &[b"\xf7\xbf\xbf\xbf", b"\xfb\xbf\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf\xbf"]),
        ("6.11", &[b"\xf4\x90\x80\x80"]),
        ("6.12", &[b"\x80", b"\xbf", b"\x80\xbf", b"\x80\xbf\x80", b"\x80\xbf\x80\xbf"]),
        ("6.12", &[b"\x80\xbf\x80\xbf\x80", b"\x80\xbf\x80\xbf\x80\xbf", &going_on]),
        ("6.13", &lonely),
        ("6.14", &incomplete),
        ("6.15", &[&incomplete.concat()]),
        ("6.16", &[b"\xfe", b"\xff", b"\xfe\xfe\xff\xff"]),
        ("6.17", &[b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xf8\x80\x80\x80\xaf"]),
        ("6.17", &[b"\xfc\x80\x80\x80\x80\xaf"]),
        ("6.18", &[b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf", b"\xf8\x87\xbf\xbf\xbf"]),
        ("6.18", &[b"\xfc\x83\xbf\xbf\xbf\xbf"]),
        ("6.19", &[b"\xc0\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"\xf8\x80\x80\x80\x80"]),
        ("6.19", &[b"\xfc\x80\x80\x80\x80\x80"]),
    ];
    // Halves of what UTF-16 has for one character: one, and two.
    let high = [0xd800_u16, 0xdb7f, 0xdb80, 0xdbff];
    let low = [0xdc00_u16, 0xdf80, 0xdfff];
    let pairs = high.iter().flat_map(|&high| [0xdc00, 0xdfff].map(|low| vec![high, low]));
    let halves = high.iter().chain(&low).map(|&half| vec![half]).chain(pairs);
    let halves: Vec<_> = halves.map(|halves| halves.into_iter().flat_map(half).collect()).collect();
    let halves = halves.iter().map(|text: &Vec<u8>| ("6.20, 6.21", text.as_slice()));

    let all = groups.iter().flat_map(|(group, texts)| texts.iter().map(|text| (*group, *text)));
    for (group, text) in all.chain(halves) {
        let case = format!("{group} {}", text.escape_ascii());
        stand.check_failed(&case, Sent::AtOnce, &[frame(TEXT, text)], 1007).await;
        let in_bytes = fragments(TEXT_BEGINS, text, 1);
        stand.check_failed(&case, Sent::AtOnce, &in_bytes, 1007).await;
    }
}

/// Half of a surrogate pair in the three bytes that it would have if it were a character.
fn half(point: u16) -> [u8; 3] {
    let low = |bits: u16| u8::try_from(bits & 0x3f).unwrap();
    [0xed, 0x80 | low(point >> 6), 0x80 | low(point)]
}
