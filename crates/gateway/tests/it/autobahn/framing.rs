//! Groups 1 to 5: frames, pings, reserved bits, opcodes and fragments.

use super::{
    BINARY, BINARY_BEGINS, CLOSE, ENDS, GOES_ON, HOWEVER, PING, PONG, Sent, Stand, TEXT,
    TEXT_BEGINS, fragments, frame, next, send,
};

/// Group 1.
#[tokio::test(start_paused = true)]
async fn a_message_of_any_length_may_be_said() {
    let mut stand = Stand::start().await;
    for (group, first, byte) in [("1.1", TEXT, b'*'), ("1.2", BINARY, 0xfe)] {
        for (nth, len, sent) in [
            (1, 0, Sent::AtOnce),
            (2, 125, Sent::AtOnce),
            (3, 126, Sent::AtOnce),
            (4, 127, Sent::AtOnce),
            (5, 128, Sent::AtOnce),
            (6, 65_535, Sent::AtOnce),
            (7, 65_536, Sent::AtOnce),
            (8, 65_536, Sent::InChops(997)),
        ] {
            let message = frame(first, vec![byte; len]);
            stand.check_legal(&format!("{group}.{nth}"), sent, &[message], &[]).await;
        }
    }
}

/// Lengths of every width cut at every place: not Autobahn's.
#[tokio::test(start_paused = true)]
async fn the_head_of_a_frame_may_come_in_pieces() {
    let mut stand = Stand::start().await;
    for len in [0, 1, 125, 126, 127, 128, 65_535, 65_536] {
        let (message, ping) = (frame(BINARY, vec![7; len]), frame(PING, "p"));
        for cut in 1..message.len().min(15) {
            let parts = [message[..cut].to_vec(), [&message[cut..], &ping].concat()];
            let case = format!("{len} cut at {cut}");
            stand.check_legal(&case, Sent::ByFrame, &parts, &[b"p"]).await;
        }
    }
}

/// Group 2.
#[tokio::test(start_paused = true)]
async fn each_ping_is_answered_with_what_it_carries_and_no_pong_is() {
    let mut stand = Stand::start().await;
    let once = Sent::AtOnce;
    let (odd, long) = (b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", &[0xfe; 125]);
    let ten: Vec<_> = (0..10).map(|nth| format!("payload-{nth}")).collect();
    let pings: Vec<_> = ten.iter().map(|payload| frame(PING, payload)).collect();
    let ten: Vec<_> = ten.iter().map(String::as_bytes).collect();
    let (pong, ping) = (frame(PONG, "unsolicited pong payload"), frame(PING, "ping payload"));

    stand.check_legal("2.1", once, &[frame(PING, "")], &[b""]).await;
    stand.check_legal("2.2", once, &[frame(PING, "Hello, world!")], &[b"Hello, world!"]).await;
    stand.check_legal("2.3", once, &[frame(PING, odd)], &[odd]).await;
    stand.check_legal("2.4", once, &[frame(PING, long)], &[long]).await;
    stand.check_failed("2.5", once, &[frame(PING, [0xfe; 126])], 1002).await;
    stand.check_legal("2.6", Sent::InChops(1), &[frame(PING, long)], &[long]).await;
    stand.check_legal("2.7", once, &[frame(PONG, "")], &[]).await;
    stand.check_legal("2.8", once, std::slice::from_ref(&pong), &[]).await;
    stand.check_legal("2.9", once, &[pong, ping], &[b"ping payload"]).await;
    stand.check_legal("2.10", once, &pings, &ten).await;
    stand.check_legal("2.11", Sent::InChops(1), &pings, &ten).await;
}

/// Group 3.
#[tokio::test(start_paused = true)]
async fn a_reserved_bit_is_a_mistake() {
    let mut stand = Stand::start().await;
    let reserved = |first: u8, rsv: u8, payload: &str| frame(first | rsv << 4, payload);
    let (hello, ping) = (frame(TEXT, "Hello, world!"), frame(PING, ""));
    for (case, sent, before, mistake) in [
        ("3.1", Sent::AtOnce, None, reserved(TEXT, 1, "Hello, world!")),
        ("3.2", Sent::AtOnce, Some(&hello), reserved(TEXT, 2, "Hello, world!")),
        ("3.3", Sent::ByFrame, Some(&hello), reserved(TEXT, 3, "Hello, world!")),
        ("3.4", Sent::InChops(1), Some(&hello), reserved(TEXT, 4, "Hello, world!")),
        ("3.5", Sent::AtOnce, None, reserved(BINARY, 5, "\0\u{7f}")),
        ("3.6", Sent::AtOnce, None, reserved(PING, 6, "Hello, world!")),
        ("3.7", Sent::AtOnce, None, reserved(CLOSE, 7, "")),
    ] {
        let frames: Vec<_> = before.into_iter().chain([&mistake, &ping]).cloned().collect();
        stand.check_failed(case, sent, &frames, 1002).await;
    }
}

/// Group 4.
#[tokio::test(start_paused = true)]
async fn an_opcode_without_a_meaning_is_a_mistake() {
    let mut stand = Stand::start().await;
    let (hello, ping) = (frame(TEXT, "Hello, world!"), frame(PING, ""));
    for (group, opcodes) in [("4.1", 3..=7), ("4.2", 11..=15)] {
        for (nth, opcode) in (1..).zip(opcodes) {
            let payload = if nth % 2 == 0 || nth == 5 { "reserved opcode payload" } else { "" };
            let mistake = frame(ENDS | opcode, payload);
            let frames: &[_] = match nth {
                1 | 2 => &[mistake],
                _ => &[hello.clone(), mistake, ping.clone()],
            };
            let sent = if nth == 5 { Sent::InChops(1) } else { Sent::AtOnce };
            stand.check_failed(&format!("{group}.{nth}"), sent, frames, 1002).await;
        }
    }
}

/// What RFC 6455 asks for in section 5.1; Autobahn's client never does it.
#[tokio::test(start_paused = true)]
async fn a_frame_without_a_mask_is_a_mistake() {
    let mut stand = Stand::start().await;
    let longer = [&b"\x82\x7e\0\x7e"[..], &[b'x'; 126]].concat();
    for (what, bytes) in [
        ("a text", &b"\x81\x05hello"[..]),
        ("no text", b"\x81\x00"),
        ("a message", b"\x82\x02hi"),
        ("a ping", b"\x89\x00"),
        ("a pong", b"\x8a\x01x"),
        ("a goodbye", b"\x88\x02\x03\xe8"),
        ("a longer message", &longer),
    ] {
        for sent in HOWEVER {
            stand.check_failed(what, sent, &[bytes.to_vec()], 1002).await;
        }
    }
    let masked_before = [frame(TEXT, "hello"), b"\x81\x05hello".to_vec(), frame(PING, "")];
    stand.check_failed("one among others", Sent::AtOnce, &masked_before, 1002).await;
}

/// Group 5, what is legal.
#[tokio::test(start_paused = true)]
async fn a_message_may_come_in_fragments_with_pings_between() {
    let mut stand = Stand::start().await;
    let (begins, ends) = (frame(TEXT_BEGINS, "fragment1"), frame(ENDS, "fragment2"));
    let ping = frame(PING, "ping payload");
    for (nth, sent) in (0..).zip(HOWEVER) {
        let whole = [begins.clone(), ends.clone()];
        stand.check_legal(&format!("5.{}", 3 + nth), sent, &whole, &[]).await;
        let with_ping = [begins.clone(), ping.clone(), ends.clone()];
        let pong: &[&[u8]] = &[b"ping payload"];
        stand.check_legal(&format!("5.{}", 6 + nth), sent, &with_ping, pong).await;
    }

    let (first, second) = (frame(PING, "pongme 1!"), frame(PING, "pongme 2!"));
    let parts: Vec<_> = fragments(TEXT_BEGINS, b"fragment1fragment2fragment3fragment4fragment5", 9);
    for (case, sent) in [("5.19", Sent::AtOnce), ("5.20", Sent::ByFrame)] {
        let mut socket = stand.open().await;
        let until_then = [parts[0].clone(), parts[1].clone(), first.clone()];
        send(&mut socket, sent, &until_then).await.unwrap();
        // It does not wait for the end of the message.
        assert_eq!(next(&mut socket).await.payload, b"pongme 1!", "{case}");
        let after = [parts[2].clone(), parts[3].clone(), second.clone(), parts[4].clone()];
        send(&mut socket, sent, &after).await.unwrap();
        stand.check_open(case, &mut socket, &[b"pongme 2!"]).await;
    }
}

/// Group 5, what is not.
#[tokio::test(start_paused = true)]
async fn fragments_out_of_order_are_a_mistake() {
    let mut stand = Stand::start().await;
    let halves = |first: u8| vec![frame(first & !ENDS, "fragment1"), frame(ENDS, "fragment2")];
    stand.check_failed("5.1", Sent::AtOnce, &halves(PING), 1002).await;
    stand.check_failed("5.2", Sent::AtOnce, &halves(PONG), 1002).await;
    stand.check_failed("5: a goodbye", Sent::AtOnce, &halves(CLOSE), 1002).await;

    // What goes on with nothing, and then a message.
    for (first, from) in [(ENDS, 9), (GOES_ON, 12)] {
        for (nth, sent) in (from..).zip(HOWEVER) {
            let frames = [frame(first, "non-continuation payload"), frame(TEXT, "Hello, world!")];
            stand.check_failed(&format!("5.{nth}"), sent, &frames, 1002).await;
        }
    }
    let mut twice = halves(TEXT);
    twice.extend([frame(GOES_ON, "fragment3"), frame(TEXT, "fragment4")]);
    stand.check_failed("5.15", Sent::AtOnce, &twice, 1002).await;
    for (case, first) in [("5.16", GOES_ON), ("5.17", ENDS)] {
        let round = [vec![frame(first, "fragment1")], halves(TEXT)].concat();
        stand.check_failed(case, Sent::AtOnce, &[round.clone(), round].concat(), 1002).await;
    }
    let begins_twice = [frame(TEXT_BEGINS, "fragment1"), frame(TEXT, "fragment2")];
    stand.check_failed("5.18", Sent::AtOnce, &begins_twice, 1002).await;
    let begins_another = [frame(TEXT_BEGINS, "fragment1"), frame(BINARY_BEGINS, "fragment2")];
    stand.check_failed("5.18, of two kinds", Sent::AtOnce, &begins_another, 1002).await;
}
