//! The clock ticks again, whatever happens to its connections.

use monoxide_client::{Clock, State, Tick, Trouble};
use monoxide_protocol::Glob;

use crate::server::server;

async fn next(clock: &mut Clock) -> Tick {
    clock.next().await.expect("the clock goes on")
}

#[tokio::test]
async fn a_clock_ticks() {
    let (server, client) = server().await;
    let script = tokio::spawn(async move {
        let mut peer = server.accept().await;
        peer.send(b"1795216592268589282".to_vec()).await;
        peer.send("1795216593268589282").await;
        peer
    });
    let mut clock = client.clock();

    assert_eq!(next(&mut clock).await, Tick::Time(1_795_216_592_268_589_282));
    assert_eq!(next(&mut clock).await, Tick::State(State::Live));
    assert_eq!(next(&mut clock).await, Tick::Time(1_795_216_593_268_589_282));
    assert_eq!(script.await.unwrap().address, "/");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_stops_is_stale_and_called_again() {
    let (server, client) = server().await;
    let script = tokio::spawn(async move {
        let mut stopped = server.accept().await;
        stopped.send("1").await;
        let mut broken = server.accept().await;
        broken.send("noon").await;
        let mut right = server.accept().await;
        right.send("2").await;
        (stopped, broken, right)
    });
    let mut clock = client.clock();

    assert_eq!(next(&mut clock).await, Tick::Time(1));
    assert_eq!(next(&mut clock).await, Tick::State(State::Live));
    assert_eq!(next(&mut clock).await, Tick::State(State::Stale(Trouble::Silence)));
    assert!(matches!(next(&mut clock).await, Tick::State(State::Stale(Trouble::Misfit(_)))));
    assert_eq!(next(&mut clock).await, Tick::Time(2));
    assert_eq!(next(&mut clock).await, Tick::State(State::Live));
    script.await.unwrap();
}

/// A browser shows no pings, so there a subscription cannot notice by itself that it is dead.
#[tokio::test(start_paused = true)]
async fn a_clock_that_comes_back_makes_silent_subscriptions_ask_again() {
    let (server, client) = server().await;
    let script = tokio::spawn(async move {
        let mut dead = server.accept().await;
        dead.snapshot(1, "[]").await;
        let mut stopped = server.accept().await;
        stopped.send("1").await;
        let mut clock = server.accept().await;
        clock.send("2").await;
        (server.accept().await.address, dead, stopped, clock)
    });
    let mut subscription = client.subscribe(Glob::parse("books/*").unwrap());
    while !subscription.state().is_live() {
        subscription.next().await.unwrap();
    }
    let mut clock = client.clock();

    let (address, ..) = tokio::select! {
        peers = script => peers.unwrap(),
        () = async { while subscription.next().await.is_some() {} } => panic!("it is over"),
        () = async { while clock.next().await.is_some() {} } => panic!("it stopped"),
    };

    assert_eq!(address, "/books/*?v=1");
}
