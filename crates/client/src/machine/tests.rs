//! What the machine promises.

use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const SILENCE: Duration = Duration::from_secs(150);

/// A machine and the time it lives in.
struct World {
    machine: Machine,
    now: Moment,
    luck: f64,
}

impl World {
    fn new(is_talkative: bool) -> Self {
        let policy = Policy { backoff: Backoff::default(), silence: SILENCE, is_talkative };
        Self { machine: Machine::new(policy), now: Moment::ZERO, luck: 0.5 }
    }

    /// A world with an open connection that has told something.
    fn live() -> Self {
        let mut world = Self::new(true);
        world.connect();
        world
    }

    /// Opens a connection that tells something.
    fn connect(&mut self) {
        assert!(matches!(self.after(Duration::ZERO, Event::Elapsed), Step::Open(_)));
        self.after(Duration::ZERO, Event::Opened { resumed: false });
        self.after(Duration::ZERO, Event::Heard);
        self.after(Duration::ZERO, Event::Fits);
        assert_eq!(self.machine.state(), &State::Live);
    }

    fn after(&mut self, time: Duration, event: Event) -> Step {
        self.now += time;
        self.machine.handle(event, self.now, self.luck)
    }

    /// Fails this often, and tells the last wait.
    fn fail(&mut self, times: u32) -> Duration {
        let mut last = Duration::ZERO;
        for _ in 0..times {
            let Step::Pause(wait) = self.after(Duration::ZERO, lost()) else {
                panic!("a lost connection is waited for");
            };
            assert!(matches!(self.after(wait, Event::Elapsed), Step::Open(_)));
            last = wait;
        }
        last
    }
}

fn lost() -> Event {
    Event::Ended(End::Broken("gone".to_owned()))
}

fn closed(code: u16) -> Event {
    Event::Ended(End::Closed { code, reason: String::new() })
}

#[test]
fn nothing_is_known_until_the_first_message_fits() {
    let mut world = World::new(true);
    assert_eq!(world.after(Duration::ZERO, Event::Elapsed), Step::Open(OPENING));

    let step = world.after(SECOND, Event::Opened { resumed: false });
    assert_eq!((step, world.machine.state()), (Step::Listen(SILENCE), &State::Connecting(None)));

    world.after(Duration::ZERO, Event::Heard);
    world.after(Duration::ZERO, Event::Fits);
    assert_eq!(world.machine.state(), &State::Live);
}

#[test]
fn a_connection_that_goes_on_from_our_version_is_live_at_once() {
    let mut world = World::live();
    world.fail(1);
    assert!(matches!(world.machine.state(), State::Stale(Trouble::Unreachable(_))));

    world.after(Duration::ZERO, Event::Opened { resumed: true });
    assert_eq!(world.machine.state(), &State::Live);
}

#[test]
fn waits_grow_with_each_failure() {
    let mut world = World::live();
    world.luck = 0.999_999;

    let waits: Vec<_> = (0..9).map(|_| world.fail(1).as_millis()).collect();

    assert_eq!(waits, [249, 499, 999, 1999, 3999, 7999, 15999, 29999, 29999]);
}

#[test]
fn only_a_connection_that_lasted_starts_the_backoff_anew() {
    let mut world = World::live();
    world.fail(6);
    let patience = world.fail(1);

    world.after(Duration::ZERO, Event::Opened { resumed: true });
    world.after(Duration::ZERO, Event::Fits);
    assert!(world.fail(1) > patience, "a message alone is no proof");

    world.after(Duration::ZERO, Event::Opened { resumed: true });
    world.now += STEADY;
    assert!(world.fail(1) <= Backoff::BASE);
}

#[test]
fn a_wake_cuts_the_wait_and_starts_the_backoff_anew() {
    let mut world = World::live();
    world.fail(8);
    let Step::Pause(wait) = world.after(Duration::ZERO, lost()) else { panic!("no wait") };
    assert!(wait > SECOND);

    assert_eq!(world.after(SECOND, Event::Woke), Step::Open(OPENING));
    assert!(world.fail(1) <= Backoff::BASE);
}

#[test]
fn a_wake_right_after_an_attempt_waits_for_a_second_to_pass() {
    let mut world = World::live();
    world.fail(8);
    world.after(Duration::ZERO, lost());

    let quarter = SECOND / 4;
    assert_eq!(world.after(quarter, Event::Woke), Step::Pause(3 * quarter));
    assert_eq!(world.after(quarter, Event::Woke), Step::Pause(2 * quarter));
    assert_eq!(world.after(2 * quarter, Event::Elapsed), Step::Open(OPENING));
}

#[test]
fn a_wake_asks_again_on_a_connection_that_was_silent_for_long() {
    let mut world = World::live();
    assert_eq!(world.after(DOUBT - SECOND, Event::Woke), Step::Stay);
    assert_eq!(world.after(SECOND, Event::Woke), Step::Open(OPENING));
    assert_eq!(world.machine.state(), &State::Stale(Trouble::Silence));
}

#[test]
fn a_connection_that_hangs_is_given_up() {
    let mut world = World::new(true);
    world.after(Duration::ZERO, Event::Elapsed);
    assert!(matches!(world.after(OPENING, Event::Elapsed), Step::Pause(_)));
    assert_eq!(world.machine.state(), &State::Connecting(Some(Trouble::Silence)));
}

#[test]
fn a_silent_connection_is_dead_where_pings_can_be_heard() {
    let mut world = World::live();
    world.after(SECOND, Event::Heard);
    assert_eq!(world.after(SILENCE - SECOND, Event::Elapsed), Step::Listen(SECOND));
    assert!(matches!(world.after(SECOND, Event::Elapsed), Step::Pause(_)));
}

#[test]
fn where_pings_cannot_be_heard_only_a_connection_that_never_spoke_is_dead() {
    let mut quiet = World::new(false);
    quiet.connect();
    assert_eq!(quiet.after(SILENCE, Event::Elapsed), Step::Stay);

    let mut mute = World::new(false);
    mute.after(Duration::ZERO, Event::Elapsed);
    mute.after(Duration::ZERO, Event::Opened { resumed: false });
    assert!(matches!(mute.after(SILENCE, Event::Elapsed), Step::Pause(_)));
}

#[test]
fn a_message_that_does_not_fit_ends_the_connection_and_not_the_copy() {
    let mut world = World::live();
    assert!(matches!(world.after(SECOND, Event::Misfit("why".to_owned())), Step::Pause(_)));
    assert_eq!(world.machine.state(), &State::Stale(Trouble::Misfit("why".to_owned())));
}

#[test]
fn a_server_that_asks_for_time_gets_it_whatever_wakes() {
    let mut world = World::live();
    let Step::Pause(wait) = world.after(SECOND, closed(1013)) else { panic!("no wait") };
    assert!(wait > LATER);
    assert_eq!(world.after(SECOND, Event::Woke), Step::Pause(LATER - SECOND));
}

#[test]
fn what_the_server_refuses_for_good_is_not_asked_again() {
    let invalid = |text: &str| Reason::Invalid(text.to_owned());
    for (event, expected) in [
        (closed(4400), invalid("")),
        (closed(4401), Reason::NeedsAuth),
        (closed(4403), Reason::Forbidden),
        (Event::Ended(End::Refused(400)), invalid("400")),
        (Event::Ended(End::Refused(404)), invalid("404")),
        (Event::Ended(End::Refused(401)), Reason::NeedsAuth),
        (Event::Ended(End::Refused(403)), Reason::Forbidden),
        (Event::Ended(End::Address(String::new())), Reason::Address(String::new())),
    ] {
        let mut world = World::live();
        assert_eq!(world.after(SECOND, event), Step::Stop);
        assert_eq!(world.machine.state(), &State::Closed(expected));
    }
    for event in [closed(1000), closed(1001), closed(1012), Event::Ended(End::Refused(502))] {
        assert!(matches!(World::live().after(SECOND, event), Step::Pause(_)));
    }
}

fn event() -> impl Strategy<Value = Event> {
    let end = prop_oneof![
        Just(End::Broken(String::new())),
        (1000..1016_u16).prop_map(|code| End::Closed { code, reason: String::new() }),
        (404..600_u16).prop_map(End::Refused),
    ];
    prop_oneof![
        any::<bool>().prop_map(|resumed| Event::Opened { resumed }),
        Just(Event::Heard),
        Just(Event::Fits),
        Just(Event::Misfit(String::new())),
        end.prop_map(Event::Ended),
        Just(Event::Woke),
        Just(Event::Woke),
    ]
}

proptest! {
    /// Whatever happens, in whatever order and however often.
    #[test]
    fn there_is_always_a_pause_between_attempts_and_always_a_next_one(
        events in prop::collection::vec((event(), 0..5_000_u64, 0.0..1.0_f64), 1..200),
        is_talkative: bool,
    ) {
        let mut world = World::new(is_talkative);
        let mut due = Some(Moment::ZERO);
        let mut is_connected = false;
        let mut last_attempt = None;
        for (event, pause, luck) in events {
            world.luck = luck;
            let arrival = world.now + Duration::from_millis(pause);
            // The timer is as much a part of the world as the event.
            let event = match due {
                Some(moment) if moment <= arrival => {
                    world.now = moment;
                    due = None;
                    Event::Elapsed
                }
                _ => {
                    world.now = arrival;
                    event
                }
            };
            match world.after(Duration::ZERO, event) {
                Step::Stay => {}
                Step::Open(time) => {
                    if let Some(last) = last_attempt.replace(world.now) {
                        prop_assert!(world.now - last >= Backoff::BASE / 5);
                    }
                    (is_connected, due) = (true, Some(world.now + time));
                }
                Step::Listen(time) => due = Some(world.now + time),
                Step::Pause(time) => {
                    prop_assert!(time <= Backoff::CAP + LATER);
                    (is_connected, due) = (false, Some(world.now + time));
                }
                Step::Stop => {
                    prop_assert!(matches!(world.machine.state(), State::Closed(_)));
                    return Ok(());
                }
            }
            prop_assert!(is_connected || due.is_some(), "it would wait for ever");
            prop_assert!(is_connected || !world.machine.state().is_live());
        }
    }
}

#[test]
fn who_has_to_sign_in_goes_on_after_that_and_not_before() {
    let mut world = World::live();
    let needs_auth = || Event::Ended(End::Closed { code: 4401, reason: String::new() });
    assert_eq!(world.after(SECOND, needs_auth()), Step::Stop);
    assert_eq!(world.after(SECOND, Event::Woke), Step::Stay);

    let Step::Pause(first) = world.after(SECOND, Event::Admitted) else { panic!() };
    assert_eq!(world.machine.state(), &State::Stale(Trouble::SignedOut));
    assert!(first <= Backoff::BASE, "it goes on soon");

    for _ in 0..3 {
        assert!(matches!(world.after(SECOND, Event::Elapsed), Step::Open(_)));
        assert_eq!(world.after(Duration::ZERO, needs_auth()), Step::Stop);
        assert!(matches!(world.after(Duration::ZERO, Event::Admitted), Step::Pause(_)));
    }
    world.after(SECOND, Event::Elapsed);
    assert!(world.fail(1) > Backoff::BASE, "and later each time that it was of no use");
}

#[test]
fn who_may_not_is_not_let_in_by_signing_in() {
    let mut world = World::live();
    world.after(SECOND, Event::Ended(End::Closed { code: 4403, reason: String::new() }));
    assert_eq!(world.after(SECOND, Event::Admitted), Step::Stay);
    assert_eq!(world.machine.state(), &State::Closed(Reason::Forbidden));
}
