//! Group 7: how a client says goodbye, and how not to.

use super::{CLOSE, ENDS, PING, Sent, Stand, TEXT, TEXT_BEGINS, frame, next, send};

/// A close frame with this code and reason.
fn goodbye(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(CLOSE, [&code.to_be_bytes(), reason].concat())
}

/// Sends frames that say goodbye: the answer is one close frame with `code`, and the end.
async fn check_left(stand: &mut Stand, case: &str, frames: &[Vec<u8>], code: u16) {
    for sent in [Sent::AtOnce, Sent::ByFrame] {
        let mut socket = stand.open().await;
        let _ = send(&mut socket, sent, frames).await;
        let close = next(&mut socket).await;
        assert_eq!((close.first, &close.payload[..2]), (CLOSE, &code.to_be_bytes()[..]), "{case}");
        assert_eq!(socket.rest().await, b"", "{case}: one goodbye is enough");
        stand.change().await;
    }
}

/// Group 7.1.
#[tokio::test(start_paused = true)]
async fn nothing_is_heard_after_a_goodbye() {
    let mut stand = Stand::start().await;
    let (bye, hello) = (goodbye(1000, b""), frame(TEXT, "Hello World!"));
    for (case, frames) in [
        ("7.1.1", vec![hello.clone(), bye.clone()]),
        ("7.1.2", vec![bye.clone(), bye.clone()]),
        ("7.1.3", vec![bye.clone(), frame(PING, "")]),
        ("7.1.4", vec![bye.clone(), hello.clone()]),
        ("7.1.5", vec![frame(TEXT_BEGINS, "fragment1"), bye.clone(), frame(ENDS, "fragment2")]),
        ("7.1.6", vec![frame(TEXT, vec![b'*'; 256 * 1024]), hello, bye.clone(), frame(PING, "")]),
        ("7.1: a mistake after it", vec![bye, b"\xff\xff\xff\xff".to_vec()]),
    ] {
        check_left(&mut stand, case, &frames, 1000).await;
    }
}

/// Group 7.3.
#[tokio::test(start_paused = true)]
async fn a_goodbye_has_no_code_or_a_whole_one_and_a_short_reason() {
    let mut stand = Stand::start().await;
    let mut socket = stand.open().await;
    socket.send_raw(frame(CLOSE, "")).await.unwrap();
    let close = next(&mut socket).await;
    // Who gave no reason is given none, or told that it was as it should be.
    let answer = (close.first, close.payload.as_slice());
    assert!(matches!(answer, (CLOSE, b"" | b"\x03\xe8")), "7.3.1: {close:?}");
    assert_eq!(socket.rest().await, b"", "7.3.1");

    stand.check_failed("7.3.2", Sent::AtOnce, &[frame(CLOSE, "a")], 1002).await;
    check_left(&mut stand, "7.3.3", &[goodbye(1000, b"")], 1000).await;
    check_left(&mut stand, "7.3.4", &[goodbye(1000, b"Hello World!")], 1000).await;
    check_left(&mut stand, "7.3.5", &[goodbye(1000, &[b'*'; 123])], 1000).await;
    stand.check_failed("7.3.6", Sent::AtOnce, &[goodbye(1000, &[b'*'; 124])], 1002).await;
}

/// Group 7.5.
#[tokio::test(start_paused = true)]
async fn a_reason_that_is_not_utf_8_is_a_mistake() {
    let mut stand = Stand::start().await;
    let reason = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited";
    stand.check_failed("7.5.1", Sent::AtOnce, &[goodbye(1000, reason)], 1007).await;
    stand.check_failed("7.5: cut", Sent::AtOnce, &[goodbye(1000, &reason[..1])], 1007).await;
    check_left(&mut stand, "7.5: right", &[goodbye(1000, &reason[..11])], 1000).await;
}

/// Group 7.7.
#[tokio::test(start_paused = true)]
async fn a_goodbye_is_answered_with_its_code() {
    let mut stand = Stand::start().await;
    // 1012 and 1013 came after the RFC, and after the suite.
    for code in
        [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4999]
    {
        check_left(&mut stand, &format!("7.7, {code}"), &[goodbye(code, b"")], code).await;
    }
}

/// Group 7.9.
#[tokio::test(start_paused = true)]
async fn a_code_that_is_never_sent_is_a_mistake() {
    let mut stand = Stand::start().await;
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999] {
        let case = format!("7.9, {code}");
        stand.check_failed(&case, Sent::AtOnce, &[goodbye(code, b"")], 1002).await;
    }
}

/// Group 7.13: nobody says what to answer, but the end has to come.
#[tokio::test(start_paused = true)]
async fn a_code_that_nobody_has_defined_ends_the_connection_too() {
    let mut stand = Stand::start().await;
    for sent in [5000, 65_535] {
        let mut socket = stand.open().await;
        socket.send_raw(goodbye(sent, b"")).await.unwrap();
        let code = socket.closed().await;
        assert!(code == sent || code == 1000 || code == 1002, "7.13: {code}");
        stand.change().await;
    }
}
