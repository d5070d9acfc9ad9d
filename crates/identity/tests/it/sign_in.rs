//! Who signs in, who does not, and what is learned from not.

use std::time::Duration;

use monoxide_identity::{AccountChange, Cost, Error, TokenError};

use crate::{CHEAP, PASSWORD, World, address, check_token, name, origin};

#[tokio::test]
async fn the_right_password_signs_in_and_is_noted() {
    let world = World::new().await;
    world.has("ann", &["editor"]).await;

    let signed_in = world.identities.sign_in("Ann", &PASSWORD.into(), &origin(7)).await.unwrap();

    assert_eq!(signed_in.account.account.as_str(), "ann");
    assert_eq!(signed_in.account.last_sign_in, Some(1_800_000_000));
    assert_eq!(world.identities.account(&name("ann")).unwrap().last_sign_in, Some(1_800_000_000));
    let [session] = world.identities.sessions(&name("ann")).unwrap().try_into().unwrap();
    assert_eq!((session.address, session.user_agent.as_str()), (address(7), "a test"));
    assert_eq!((session.created, session.last_used), (1_800_000_000, 1_800_000_000));
}

#[tokio::test]
async fn an_account_that_is_not_there_is_the_same_answer_and_the_same_work() {
    let world = World::new().await;
    world.has("ann", &[]).await;
    world.has("bob", &[]).await;
    let disabled = AccountChange { disabled: Some(true), ..AccountChange::default() };
    world.identities.change(&name("bob"), &disabled).await.unwrap();

    for (n, account) in
        ["ann", "bob", "nobody", "no body", "", "ä", &"x".repeat(100_000)].into_iter().enumerate()
    {
        let before = world.identities.hashes();
        let from = origin(u32::try_from(n).unwrap());
        let refused = world.identities.sign_in(account, &"wrong password".into(), &from).await;
        assert!(matches!(refused, Err(Error::Credentials)), "{account}: {refused:?}");
        assert_eq!(world.identities.hashes() - before, 1, "{account}");
    }
}

#[tokio::test]
async fn a_password_of_ten_megabytes_is_no_work_at_all() {
    let world = World::new().await;
    world.has("ann", &[]).await;
    let before = world.identities.hashes();

    for account in ["ann", "nobody"] {
        let long = "x".repeat(10_000_000);
        let refused = world.identities.sign_in(account, &long.into(), &origin(1)).await;
        assert!(matches!(refused, Err(Error::Credentials)), "{refused:?}");
    }

    assert_eq!(world.identities.hashes(), before);
}

#[tokio::test]
async fn a_thousand_wrong_passwords_from_one_address_are_a_handful_of_tries() {
    let world = World::new().await;
    world.has("ann", &[]).await;
    let before = world.identities.hashes();

    let tries = (0..1_000).map(|n| {
        let (identities, password) = (world.identities.clone(), format!("wrong password {n}"));
        async move { identities.sign_in("ann", &password.into(), &origin(1)).await }
    });
    let tries: Vec<_> = tries.map(tokio::spawn).collect();
    let (mut wrong, mut many) = (0, 0);
    for tried in tries {
        match tried.await.unwrap().unwrap_err() {
            Error::Credentials => wrong += 1,
            Error::TooMany { retry_after } => {
                assert!(retry_after > Duration::ZERO);
                many += 1;
            }
            error => panic!("{error}"),
        }
    }

    assert_eq!((wrong, many), (5, 995));
    assert_eq!(world.identities.hashes() - before, 5);
    let right = world.identities.sign_in("ann", &PASSWORD.into(), &origin(1)).await;
    assert!(matches!(right, Err(Error::TooMany { .. })), "also the right one has to wait");
    world.pass(60);
    world.sign_in("ann").await;
}

#[tokio::test]
async fn who_guesses_from_everywhere_locks_an_account_but_not_its_owner() {
    let world = World::new().await;
    world.has("ann", &[]).await;
    world.sign_in("ann").await;
    for n in 100..200 {
        drop(world.identities.sign_in("ann", &"wrong password".into(), &origin(n)).await);
        drop(world.identities.sign_in("nobody", &"wrong password".into(), &origin(n)).await);
    }

    let stranger = world.identities.sign_in("ann", &PASSWORD.into(), &origin(300)).await;
    assert!(matches!(stranger, Err(Error::TooMany { .. })), "{stranger:?}");
    world.sign_in("ann").await;
    for n in 100..200 {
        drop(world.identities.sign_in("ann", &"wrong password".into(), &origin(n)).await);
    }
    let [lock] = world.identities.locks().unwrap().try_into().unwrap();
    assert_eq!(lock.account, "ann", "that there is no `nobody` is not told by its lock");
    world.identities.lift_lock(&name("ann")).unwrap();
    assert!(matches!(world.identities.lift_lock(&name("ann")), Err(Error::NotFound)));
    world.identities.sign_in("ann", &PASSWORD.into(), &origin(300)).await.unwrap();
}

#[tokio::test]
async fn a_password_is_kept_at_the_cost_of_today_when_its_owner_signs_in() {
    let world = World::new().await;
    world.has("ann", &[]).await;
    let dearer = Cost { memory: 128, passes: 2 };
    let world = world.restarted(|builder| builder.password_cost(dearer)).await;

    let before = world.identities.hashes();
    world.sign_in("ann").await;
    assert_eq!(world.identities.hashes() - before, 2, "checked, and kept anew");
    world.sign_in("ann").await;
    assert_eq!(world.identities.hashes() - before, 3);
    let world = world.restarted(|builder| builder.password_cost(CHEAP)).await;
    world.sign_in("ann").await;
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once_and_only_who_knows_the_password_is_told() {
    let world = World::new().await;
    world.has("ann", &[]).await;
    let signed_in = world.sign_in("ann").await;
    let caller = world.identities.check(&signed_in.token).unwrap();
    assert!(!caller.changed.is_cancelled());

    let disabled = AccountChange { disabled: Some(true), ..AccountChange::default() };
    world.identities.change(&name("ann"), &disabled).await.unwrap();

    assert!(caller.changed.is_cancelled());
    check_token(world.identities.check(&signed_in.token), TokenError::Ended);
    let refreshed = world.identities.refresh(&signed_in.refresh, address(1)).await;
    check_token(refreshed, TokenError::Ended);
    let right = world.identities.sign_in("ann", &PASSWORD.into(), &origin(1)).await;
    assert!(matches!(right, Err(Error::Disabled)), "{right:?}");
    let enabled = AccountChange { disabled: Some(false), ..AccountChange::default() };
    world.identities.change(&name("ann"), &enabled).await.unwrap();
    check_token(world.identities.check(&signed_in.token), TokenError::Ended);
    world.sign_in("ann").await;
}

#[tokio::test]
async fn roles_count_as_they_are_and_not_as_a_token_says() {
    let world = World::new().await;
    world.has("ann", &["editor"]).await;
    let token = world.sign_in("ann").await.token;
    let before = world.identities.check(&token).unwrap();

    let change =
        AccountChange { roles: Some(vec!["reader".to_owned()]), ..AccountChange::default() };
    world.identities.change(&name("ann"), &change).await.unwrap();

    assert!(before.changed.is_cancelled(), "what is connected hears of it");
    let after = world.identities.check(&token).unwrap();
    assert!(after.identity.has_role("reader") && !after.identity.has_role("editor"));
    assert!(!after.changed.is_cancelled());
}

#[tokio::test]
async fn signing_out_ends_a_session_and_everywhere_all() {
    let world = World::new().await;
    world.has("ann", &[]).await;
    world.has("bob", &[]).await;
    let [one, two, three] =
        [world.sign_in("ann").await, world.sign_in("ann").await, world.sign_in("ann").await];
    let bob = world.sign_in("bob").await;

    let foreign = world.identities.end_session(&name("bob"), one.session).await;
    assert!(matches!(foreign, Err(Error::NotFound)));
    world.identities.end_session(&name("ann"), one.session).await.unwrap();
    check_token(world.identities.check(&one.token), TokenError::Ended);
    check_token(world.identities.refresh(&one.refresh, address(1)).await, TokenError::Ended);
    assert!(world.identities.check(&two.token).is_ok());

    world.identities.end_sessions(&name("ann"), None).await.unwrap();
    check_token(world.identities.check(&two.token), TokenError::Ended);
    check_token(world.identities.check(&three.token), TokenError::Ended);
    assert!(world.identities.check(&bob.token).is_ok());
    assert!(world.identities.sessions(&name("ann")).unwrap().is_empty());
}

#[tokio::test]
async fn an_account_has_so_many_sessions_and_the_oldest_goes() {
    let world = World::new().await;
    world.has("ann", &[]).await;
    let first = world.sign_in("ann").await;
    for _ in 0..32 {
        world.pass(1);
        world.sign_in("ann").await;
    }
    assert_eq!(world.identities.sessions(&name("ann")).unwrap().len(), 32);
    check_token(world.identities.check(&first.token), TokenError::Ended);
}
