//! Groups 9 and 10: long messages, in however many frames and chops, up to what we take.

use super::{BINARY, BINARY_BEGINS, Sent, Stand, TEXT, TEXT_BEGINS, fragments, frame};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// The longest message that a client may send.
const LIMIT: usize = MIB;

/// Each kind of message: the first byte of a whole one and of the first of several frames, and
/// what it is made of.
const KINDS: [(u8, u8, u8); 2] = [(TEXT, TEXT_BEGINS, b'*'), (BINARY, BINARY_BEGINS, 0xfe)];

/// Groups 9.1 and 9.2. The suite's longest are longer than what we take.
#[tokio::test(start_paused = true)]
async fn a_message_may_be_as_long_as_the_limit_and_not_longer() {
    let mut stand = Stand::start().await;
    for (group, (first, _, byte)) in (1..).zip(KINDS) {
        for (nth, len) in (1..).zip([64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB]) {
            let case = format!("9.{group}.{nth}");
            let message = [frame(first, vec![byte; len])];
            match len <= LIMIT {
                true => stand.check_legal(&case, Sent::AtOnce, &message, &[]).await,
                false => stand.check_failed(&case, Sent::AtOnce, &message, 1009).await,
            }
        }
        let over = [frame(first, vec![byte; LIMIT + 1])];
        stand.check_failed("9: a byte more", Sent::AtOnce, &over, 1009).await;
    }
}

/// A server that waited for the end would wait for as much as it is promised.
#[tokio::test(start_paused = true)]
async fn a_frame_that_says_it_is_too_long_is_not_heard_out() {
    let mut stand = Stand::start().await;
    for (first, _, byte) in KINDS {
        let head = frame(first, vec![byte; LIMIT + 1])[..14].to_vec();
        stand.check_failed("9: its head", Sent::AtOnce, &[head], 1009).await;
    }
}

/// Groups 9.3 and 9.4.
#[tokio::test(start_paused = true)]
async fn a_message_in_fragments_is_as_long_as_all_of_them() {
    let mut stand = Stand::start().await;
    let sizes = [64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB];
    for (group, (_, begins, byte)) in (3..).zip(KINDS) {
        for (nth, size) in (1..).zip(sizes) {
            let case = format!("9.{group}.{nth}");
            let legal = fragments(begins, &vec![byte; LIMIT], size);
            stand.check_legal(&case, Sent::AtOnce, &legal, &[]).await;
            let too_long = fragments(begins, &vec![byte; 4 * MIB], size);
            stand.check_failed(&case, Sent::AtOnce, &too_long, 1009).await;
        }
    }
}

/// Groups 9.5 and 9.6.
#[tokio::test(start_paused = true)]
async fn a_long_message_may_come_in_small_chops() {
    let mut stand = Stand::start().await;
    for (group, (first, _, byte)) in (5..).zip(KINDS) {
        for (nth, size) in (1..).zip([64, 128, 256, 512, KIB, 2 * KIB]) {
            let message = [frame(first, vec![byte; MIB])];
            let case = format!("9.{group}.{nth}");
            stand.check_legal(&case, Sent::InChops(size), &message, &[]).await;
        }
    }
}

/// Groups 9.7 and 9.8.
#[tokio::test(start_paused = true)]
async fn a_thousand_messages_may_be_said() {
    let mut stand = Stand::start().await;
    for (group, (first, _, byte)) in (7..).zip(KINDS) {
        for (nth, len) in (1..).zip([0, 16, 64, 256, KIB, 4 * KIB]) {
            let messages = vec![frame(first, vec![byte; len]); 1_000];
            stand.check_legal(&format!("9.{group}.{nth}"), Sent::AtOnce, &messages, &[]).await;
        }
    }
}

/// Group 10.
#[tokio::test(start_paused = true)]
async fn a_client_may_cut_what_it_says_as_it_likes() {
    let mut stand = Stand::start().await;
    let message = fragments(TEXT_BEGINS, &[b'*'; 65_536], 1_300);
    for sent in [Sent::AtOnce, Sent::ByFrame, Sent::InChops(1_000)] {
        stand.check_legal("10.1.1", sent, &message, &[]).await;
    }
}
