//! The first administrator is made by whoever started the server, and by nobody else.

use monoxide_identity::Error;

use crate::{World, name, new, origin};

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "it is all that is done with it")]
fn check_refused<T: std::fmt::Debug>(result: Result<T, Error>) {
    assert!(matches!(result, Err(Error::SetUpLink)), "{result:?}");
}

#[tokio::test]
async fn the_link_makes_an_administrator_once() {
    let world = World::new().await;
    assert!(world.identities.needs_set_up().unwrap());
    let link = world.identities.set_up_link().unwrap().unwrap();

    let ann = world.identities.set_up(&link, &new("ann"), &origin(1)).await.unwrap();

    assert!(world.identities.check(&ann.token).unwrap().identity.has_role("admin"));
    check_refused(world.identities.set_up(&link, &new("bob"), &origin(1)).await);
    assert!(!world.identities.needs_set_up().unwrap());
    assert_eq!(world.identities.set_up_link().unwrap(), None);
    let world = world.restarted(|builder| builder).await;
    assert_eq!(world.identities.set_up_link().unwrap(), None);
    check_refused(world.identities.set_up(&link, &new("bob"), &origin(1)).await);
}

#[tokio::test]
async fn of_two_who_use_the_link_at_once_one_gets_in() {
    let world = World::new().await;
    let link = world.identities.set_up_link().unwrap().unwrap();
    let tries: Vec<_> = (0..8)
        .map(|n| {
            let (identities, link) = (world.identities.clone(), link.clone());
            tokio::spawn(async move {
                identities.set_up(&link, &new(&format!("ann{n}")), &origin(n)).await
            })
        })
        .collect();

    let mut made = 0;
    for tried in tries {
        match tried.await.unwrap() {
            Ok(_) => made += 1,
            refused => check_refused(refused),
        }
    }

    assert_eq!(made, 1);
    assert_eq!(world.identities.accounts().unwrap().len(), 1);
}

#[tokio::test]
async fn a_wrong_link_is_refused_without_any_work() {
    let world = World::new().await;
    check_refused(world.identities.set_up("", &new("ann"), &origin(1)).await);
    let old = world.identities.set_up_link().unwrap().unwrap();
    let link = world.identities.set_up_link().unwrap().unwrap();

    for wrong in ["", "guess", &old, &link[1..], &format!("{link}x"), &"x".repeat(10_000_000)] {
        check_refused(world.identities.set_up(wrong, &new("ann"), &origin(1)).await);
    }

    assert_eq!(world.identities.hashes(), 0);
    world.identities.set_up(&link, &new("ann"), &origin(1)).await.unwrap();
}

#[tokio::test]
async fn a_slip_does_not_use_the_link_up() {
    let world = World::new().await;
    let link = world.identities.set_up_link().unwrap().unwrap();
    let mut ann = new("a n n");
    ann.password = "password".into();

    let refused = world.identities.set_up(&link, &ann, &origin(1)).await;

    let Err(Error::Fields(errors)) = refused else { panic!("{refused:?}") };
    let fields: Vec<_> = errors.iter().map(|error| (error.field, error.code)).collect();
    assert_eq!(fields, [("account", "characters"), ("password", "known")]);
    world.identities.set_up(&link, &new("ann"), &origin(1)).await.unwrap();
}

#[tokio::test]
async fn guessing_the_link_is_slow() {
    let world = World::new().await;
    world.identities.set_up_link().unwrap();
    for _ in 0..30 {
        check_refused(world.identities.set_up("guess", &new("ann"), &origin(1)).await);
    }
    let refused = world.identities.set_up("guess", &new("ann"), &origin(1)).await;
    assert!(matches!(refused, Err(Error::TooMany { .. })), "{refused:?}");
}

#[tokio::test]
async fn an_administrator_made_elsewhere_ends_the_link() {
    let world = World::new().await;
    let link = world.identities.set_up_link().unwrap().unwrap();
    world.has("ann", &["admin"]).await;

    check_refused(world.identities.set_up(&link, &new("bob"), &origin(1)).await);
    assert!(world.identities.account(&name("bob")).is_err());
}
