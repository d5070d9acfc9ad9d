//! Accounts are made, changed and removed, and there is always somebody to look after the server.

use monoxide_identity::{AccountChange, Error, TokenError};

use crate::{PASSWORD, World, check_token, name, new, origin};

#[tokio::test]
async fn a_name_is_taken_also_in_capital_letters_and_by_only_one_of_many() {
    let world = World::new().await;
    let tries: Vec<_> = (0..8)
        .map(|n| {
            let identities = world.identities.clone();
            let account = new(if n % 2 == 0 { "ann" } else { "ANN" });
            tokio::spawn(async move { identities.create(&account, &[""; 0]).await })
        })
        .collect();

    let mut made = 0;
    for tried in tries {
        match tried.await.unwrap() {
            Ok(account) => {
                assert_eq!(account.account.as_str(), "ann");
                made += 1;
            }
            refused => assert!(matches!(refused, Err(Error::Taken)), "{refused:?}"),
        }
    }
    assert_eq!(made, 1);
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let world = World::new().await;
    let mut ann = new("a");
    (ann.name, ann.email, ann.phone) = ("x".repeat(81), "ann".to_owned(), "call me".to_owned());
    ann.password = "short".into();

    let refused = world.identities.create(&ann, &[""; 0]).await;

    let Err(Error::Fields(errors)) = refused else { panic!("{refused:?}") };
    let fields: Vec<_> = errors.iter().map(|error| error.field).collect();
    assert_eq!(fields, ["account", "name", "email", "phone", "password"]);
    assert_eq!(world.identities.hashes(), 0);
    assert!(matches!(
        world.identities.create(&new("ann"), &["no way"]).await,
        Err(Error::Fields(_))
    ));
    assert!(world.identities.accounts().unwrap().is_empty());
}

#[tokio::test]
async fn nobody_registers_unless_that_is_open_and_nobody_as_an_administrator() {
    let world = World::new().await;
    let refused = world.identities.register(&new("ann"), &origin(1)).await;
    assert!(matches!(refused, Err(Error::RegistrationClosed)), "{refused:?}");

    let world = World::with(|builder| builder.registration(["reader"])).await;
    let ann = world.identities.register(&new("ann"), &origin(1)).await.unwrap();
    let caller = world.identities.check(&ann.token).unwrap();
    assert!(caller.identity.has_role("reader") && !caller.identity.has_role("admin"));
    let again = world.identities.register(&new("Ann"), &origin(1)).await;
    assert!(matches!(again, Err(Error::Taken)), "{again:?}");
    // ooo made whoever registered this name an administrator.
    let root = world.identities.register(&new("root"), &origin(1)).await.unwrap();
    assert!(!root.account.is_administrator());
    let open = monoxide_identity::Identities::builder(&world.engine).registration(["Admin"]);
    assert!(open.build().is_err());
}

#[tokio::test]
async fn what_is_not_told_stays_as_it_is() {
    let world = World::new().await;
    let mut ann = new("ann");
    (ann.name, ann.email) = ("Ann".to_owned(), "ann@example.org".to_owned());
    world.identities.create(&ann, &["editor"]).await.unwrap();

    let change = AccountChange { phone: Some("123".to_owned()), ..AccountChange::default() };
    let changed = world.identities.change(&name("ann"), &change).await.unwrap();

    assert_eq!(changed, world.identities.account(&name("ann")).unwrap());
    assert_eq!(
        (changed.name.as_str(), changed.email.as_deref(), changed.phone.as_deref()),
        ("Ann", Some("ann@example.org"), Some("123")),
    );
    let wrong = AccountChange {
        email: Some("ann".to_owned()),
        name: Some("Bea".to_owned()),
        ..AccountChange::default()
    };
    assert!(matches!(world.identities.change(&name("ann"), &wrong).await, Err(Error::Fields(_))));
    assert_eq!(world.identities.account(&name("ann")).unwrap().name, "Ann");
    let nobody = world.identities.change(&name("bob"), &change).await;
    assert!(matches!(nobody, Err(Error::NotFound)));
}

#[tokio::test]
async fn the_last_administrator_stays_one_whoever_is_faster() {
    let world = World::new().await;
    world.has("ann", &["admin"]).await;
    world.has("bob", &["admin"]).await;
    let demoted = AccountChange { roles: Some(vec![]), ..AccountChange::default() };
    let disabled = AccountChange { disabled: Some(true), ..AccountChange::default() };

    let (ann, bob) = (name("ann"), name("bob"));
    let (a, b) =
        tokio::join!(world.identities.change(&ann, &demoted), world.identities.delete(&bob));

    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    let last = if a.is_ok() { bob } else { ann };
    for refused in [
        world.identities.change(&last, &demoted).await.map(drop),
        world.identities.change(&last, &disabled).await.map(drop),
        world.identities.delete(&last).await,
    ] {
        assert!(matches!(refused, Err(Error::LastAdministrator)), "{refused:?}");
    }
    assert!(world.identities.account(&last).unwrap().is_administrator());
}

#[tokio::test]
async fn who_is_removed_is_out_and_the_name_is_free() {
    let world = World::new().await;
    world.has("ann", &[]).await;
    let signed_in = world.sign_in("ann").await;
    let caller = world.identities.check(&signed_in.token).unwrap();

    world.identities.delete(&name("ann")).await.unwrap();

    assert!(caller.changed.is_cancelled());
    check_token(world.identities.check(&signed_in.token), TokenError::Ended);
    assert!(matches!(world.identities.delete(&name("ann")).await, Err(Error::NotFound)));
    world.has("ann", &[]).await;
    check_token(world.identities.check(&signed_in.token), TokenError::Ended);
}

#[tokio::test]
async fn ones_own_password_is_changed_with_the_one_before_and_ends_all_other_sessions() {
    let world = World::new().await;
    world.has("ann", &[]).await;
    let (own, other) = (world.sign_in("ann").await, world.sign_in("ann").await);
    let caller = world.identities.check(&own.token).unwrap();
    let change = async |current: &str, new: &str| {
        let (current, new) = (current.into(), new.into());
        world.identities.change_password(&caller, &current, &new, &origin(1)).await
    };

    let wrong = change("wrong password", "another horse").await;
    assert!(matches!(wrong, Err(Error::Credentials)), "{wrong:?}");
    let known = change(PASSWORD, "password1").await;
    assert!(matches!(known, Err(Error::Fields(_))), "{known:?}");
    assert!(world.identities.check(&other.token).is_ok());

    change(PASSWORD, "another horse").await.unwrap();

    assert!(world.identities.check(&own.token).is_ok());
    check_token(world.identities.check(&other.token), TokenError::Ended);
    let old = world.identities.sign_in("ann", &PASSWORD.into(), &origin(1)).await;
    assert!(matches!(old, Err(Error::Credentials)));
    world.identities.sign_in("ann", &"another horse".into(), &origin(1)).await.unwrap();
}

#[tokio::test]
async fn a_password_that_was_set_ends_all_sessions_and_lifts_the_lock() {
    let world = World::new().await;
    world.has("ann", &[]).await;
    let session = world.sign_in("ann").await;
    for n in 100..130 {
        drop(world.identities.sign_in("ann", &"wrong password".into(), &origin(n)).await);
    }

    world.identities.set_password(&name("ann"), &"another horse".into()).await.unwrap();

    check_token(world.identities.check(&session.token), TokenError::Ended);
    assert!(world.identities.locks().unwrap().is_empty());
    world.identities.sign_in("ann", &"another horse".into(), &origin(99)).await.unwrap();
    let nobody = world.identities.set_password(&name("bob"), &"another horse".into()).await;
    assert!(matches!(nobody, Err(Error::NotFound)));
}
