//! What was answered is there after a restart, and what could not be kept was never true.

use monoxide_engine::{
    Engine,
    backend::{BackendError, Batch, Space},
};
use monoxide_identity::{Error, Identities};
use monoxide_testkit::storage::{Disk, Faults};

use crate::{CHEAP, PASSWORD, World, address, name, new, origin};

#[tokio::test]
async fn accounts_and_sessions_are_there_after_a_restart() {
    let world = World::new().await;
    world.has("ann", &["editor"]).await;
    let signed_in = world.sign_in("ann").await;
    let before = world.identities.accounts().unwrap();

    let world = world.restarted(|builder| builder).await;

    assert_eq!(world.identities.accounts().unwrap(), before);
    let caller = world.identities.check(&signed_in.token).unwrap();
    assert!(caller.identity.has_role("editor"));
    world.identities.refresh(&signed_in.refresh, address(1)).await.unwrap();
}

#[tokio::test]
async fn no_key_leads_to_accounts_and_no_secret_is_on_the_disk() {
    let world = World::new().await;
    world.has("ann", &[]).await;
    let signed_in = world.sign_in("ann").await;

    assert!(world.engine.all_keys().is_empty());
    let entries = world.disk.entries(Space::Accounts);
    assert!(!entries.is_empty() && world.disk.entries(Space::State).is_empty());
    for (_, value) in entries {
        let text = String::from_utf8_lossy(&value);
        assert!(!text.contains(PASSWORD) && !text.contains(&signed_in.refresh.expose()));
        assert!(!text.contains(&signed_in.token));
    }
    let all = format!("{:?}", world.identities);
    for shown in [format!("{signed_in:?}"), format!("{:?}", new("ann")), all] {
        assert!(!shown.contains("argon2") && !shown.contains("ann@"), "{shown}");
        assert!(!shown.contains(&signed_in.refresh.expose()) && !shown.contains(PASSWORD));
        assert!(!shown.contains(&signed_in.token), "{shown}");
    }
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_and_was_never_true() {
    let (disk, faults) = (Disk::default(), Faults::default());
    let engine = Engine::builder().backend(faults.opener(&disk)).start().unwrap();
    let identities = Identities::builder(&engine).password_cost(CHEAP).build().unwrap();
    identities.load().await.unwrap();
    identities.create(&new("ann"), &[""; 0]).await.unwrap();
    let signed_in = identities.sign_in("ann", &PASSWORD.into(), &origin(1)).await.unwrap();
    let full = BackendError::Full("the test has no room".to_owned());
    faults.fail_opening(full.clone());
    faults.fail_all(full);

    let created = identities.create(&new("bob"), &[""; 0]).await;
    assert!(matches!(created, Err(Error::Engine(monoxide_engine::Error::Storage))), "{created:?}");
    assert!(identities.account(&name("bob")).is_err());
    assert!(identities.refresh(&signed_in.refresh, address(1)).await.is_err());
    assert!(identities.sign_in("ann", &PASSWORD.into(), &origin(1)).await.is_err());
    assert!(identities.check(&signed_in.token).is_ok(), "who is signed in stays so");

    faults.mend();
    while identities.create(&new("bob"), &[""; 0]).await.is_err() {
        tokio::task::yield_now().await;
    }
    identities.refresh(&signed_in.refresh, address(1)).await.unwrap();
}

#[tokio::test]
async fn who_hangs_up_while_it_is_kept_leaves_memory_and_disk_the_same() {
    let (disk, faults) = (Disk::default(), Faults::default());
    let engine = Engine::builder().backend(faults.opener(&disk)).start().unwrap();
    let identities = Identities::builder(&engine).password_cost(CHEAP).build().unwrap();
    identities.load().await.unwrap();
    faults.stall();
    let there = identities.clone();
    let creating = tokio::spawn(async move { there.create(&new("ann"), &[""; 0]).await });
    let waiting = faults.clone();
    tokio::task::spawn_blocking(move || waiting.wait_until_stalled()).await.unwrap();

    creating.abort();
    drop(creating.await);
    faults.mend();

    // Whoever comes next waits for its turn, and so for the end of the one before.
    let refused = identities.create(&new("ann"), &[""; 0]).await;
    assert!(matches!(refused, Err(Error::Taken)), "{refused:?}");
}

#[tokio::test]
async fn nothing_is_good_before_it_is_loaded() {
    let engine = Engine::builder().start().unwrap();
    let identities = Identities::builder(&engine).build().unwrap();

    assert!(matches!(
        identities.check("token"),
        Err(Error::Engine(monoxide_engine::Error::Loading))
    ));
    assert!(identities.sign_in("ann", &PASSWORD.into(), &origin(1)).await.is_err());
    assert!(identities.set_up_link().is_err());
    assert!(identities.create(&new("ann"), &[""; 0]).await.is_err());
}

#[tokio::test]
async fn a_damaged_entry_ends_the_start_and_is_named() {
    for (entry, value) in [
        ("account/ann", "{"),
        ("account/ann", "{}"),
        ("session/x", "null"),
        ("key/x", "{\"secret\":\"short\",\"created\":0,\"until\":null}"),
        ("refresh", "short"),
        ("something/else", "{}"),
    ] {
        let disk = Disk::default();
        let mut batch = Batch::default();
        batch.put(Space::Accounts, entry, value);
        disk.write(batch.entries());
        let engine = Engine::builder().backend(disk.opener()).start().unwrap();

        let loaded = Identities::builder(&engine).build().unwrap().load().await;

        assert!(matches!(&loaded, Err(Error::Damaged(it)) if it == entry), "{loaded:?}");
    }
}

#[tokio::test]
async fn without_a_backend_everything_is_in_memory() {
    let engine = Engine::builder().start().unwrap();
    let identities = Identities::builder(&engine).password_cost(CHEAP).build().unwrap();
    identities.load().await.unwrap();
    identities.create(&new("ann"), &[""; 0]).await.unwrap();
    let signed_in = identities.sign_in("ann", &PASSWORD.into(), &origin(1)).await.unwrap();
    assert!(identities.check(&signed_in.token).is_ok());
}
