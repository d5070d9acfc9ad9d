//! How one stays signed in, and what a stolen token is worth.

use monoxide_identity::{Error, RefreshToken, TokenError};
use proptest::prelude::{any, proptest};

use crate::{World, address, check_token, name};

const DAY: u64 = 24 * 60 * 60;

#[tokio::test]
async fn a_refresh_token_gives_the_next_and_both_sides_go_on() {
    let world = World::new().await;
    world.has("ann", &[]).await;
    let mut signed_in = world.sign_in("ann").await;
    for _ in 0..5 {
        world.pass(600);
        check_token(world.identities.check(&signed_in.token), TokenError::Expired);
        let next = world.identities.refresh(&signed_in.refresh, address(2)).await.unwrap();
        assert_eq!(next.session, signed_in.session);
        assert_ne!(next.refresh.expose(), signed_in.refresh.expose());
        assert!(world.identities.check(&next.token).is_ok());
        signed_in = next;
    }
    let [session] = world.identities.sessions(&name("ann")).unwrap().try_into().unwrap();
    assert_eq!((session.last_used, session.address), (1_800_003_000, address(2)));
}

#[tokio::test]
async fn two_tabs_at_once_and_a_lost_answer_get_the_same_successor() {
    let world = World::new().await;
    world.has("ann", &[]).await;
    let first = world.sign_in("ann").await.refresh;

    let (a, b) = tokio::join!(
        world.identities.refresh(&first, address(1)),
        world.identities.refresh(&first, address(1)),
    );
    world.pass(30);
    let c = world.identities.refresh(&first, address(1)).await;

    let [a, b, c] = [a, b, c].map(|it| it.unwrap().refresh.expose());
    assert_eq!((&a, &b), (&b, &c));
    let successor = RefreshToken::parse(&a).unwrap();
    world.identities.refresh(&successor, address(1)).await.unwrap();
}

#[tokio::test]
async fn the_same_successor_is_told_also_after_a_restart() {
    let world = World::new().await;
    world.has("ann", &[]).await;
    let first = world.sign_in("ann").await.refresh;
    let second = world.identities.refresh(&first, address(1)).await.unwrap().refresh;

    let world = world.restarted(|builder| builder).await;

    let again = world.identities.refresh(&first, address(1)).await.unwrap().refresh;
    assert_eq!(again.expose(), second.expose());
}

#[tokio::test]
async fn a_replayed_token_ends_the_whole_family() {
    let world = World::new().await;
    world.has("ann", &[]).await;
    let first = world.sign_in("ann").await;
    let second = world.identities.refresh(&first.refresh, address(1)).await.unwrap();
    world.pass(31);

    let replayed = world.identities.refresh(&first.refresh, address(66)).await;

    check_token(replayed, TokenError::Reused);
    check_token(world.identities.check(&second.token), TokenError::Ended);
    check_token(world.identities.refresh(&second.refresh, address(1)).await, TokenError::Ended);
    check_token(world.identities.refresh(&first.refresh, address(1)).await, TokenError::Ended);
    let world = world.restarted(|builder| builder).await;
    check_token(world.identities.refresh(&second.refresh, address(1)).await, TokenError::Ended);
}

#[tokio::test]
async fn a_token_from_long_ago_ends_the_family_too_and_at_once() {
    let world = World::new().await;
    world.has("ann", &[]).await;
    let first = world.sign_in("ann").await.refresh;
    let second = world.identities.refresh(&first, address(1)).await.unwrap().refresh;
    let third = world.identities.refresh(&second, address(1)).await.unwrap();

    check_token(world.identities.refresh(&first, address(1)).await, TokenError::Reused);
    check_token(world.identities.check(&third.token), TokenError::Ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_issued_is_refused_and_ends_nothing() {
    let world = World::new().await;
    world.has("ann", &[]).await;
    let signed_in = world.sign_in("ann").await;
    let token = signed_in.refresh.expose();
    let refresh = |text: &str| -> Result<(), TokenError> {
        let Some(token) = RefreshToken::parse(text) else { return Err(TokenError::Malformed) };
        let refreshed = world.identities.refresh(&token, address(1));
        match tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(refreshed))
        {
            Err(Error::Token(error)) => Err(error),
            other => panic!("{other:?}"),
        }
    };
    proptest!(|(at in 0..token.len(), with in "[A-Za-z0-9_-]")| {
        let mut changed = token.clone();
        changed.replace_range(at..=at, &with);
        proptest::prop_assume!(changed != token);
        assert_eq!(refresh(&changed), Err(TokenError::Malformed));
    });
    proptest!(|(text in any::<String>())| {
        assert!(RefreshToken::parse(&text).is_none());
    });
    assert_eq!(refresh(&"A".repeat(10_000_000)), Err(TokenError::Malformed));

    assert!(world.identities.check(&signed_in.token).is_ok());
    world.identities.refresh(&signed_in.refresh, address(1)).await.unwrap();
}

#[tokio::test]
async fn a_session_that_is_not_used_for_thirty_days_is_over() {
    let world = World::new().await;
    world.has("ann", &[]).await;
    let signed_in = world.sign_in("ann").await;
    world.pass(30 * DAY);
    let refreshed = world.identities.refresh(&signed_in.refresh, address(1)).await.unwrap();
    world.pass(30 * DAY + 1);

    check_token(world.identities.refresh(&refreshed.refresh, address(1)).await, TokenError::Ended);
    assert!(world.identities.sessions(&name("ann")).unwrap().is_empty());
    world.identities.sweep().await.unwrap();
    let entries = world.engine.accounts().unwrap();
    assert!(!entries.iter().any(|(name, _)| name.starts_with(b"session/")));
}
