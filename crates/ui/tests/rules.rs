//! What the page takes for right while one types, the server takes too, and the other way round.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

use monoxide_engine::Engine;
use monoxide_identity::{Cost, Error, Identities, NewAccount};
use monoxide_ui::model::form;

#[tokio::test]
async fn the_page_and_the_server_agree_on_what_is_right() {
    let engine = Engine::builder().start().unwrap();
    let cost = Cost { memory: 8, passes: 1 };
    let identities = Identities::builder(&engine).password_cost(cost).build().unwrap();
    identities.load().await.unwrap();
    let right = || NewAccount {
        account: "ann".to_owned(),
        name: String::new(),
        email: String::new(),
        phone: String::new(),
        password: "correct horse".into(),
    };

    let long = "a".repeat(33);
    for text in ["", "a", "ab", "Ann", "a_b-c", "_ab", "ab-", "a b", "a/b", "\u{e4}b", "a*", &long]
    {
        let made = NewAccount { account: text.to_owned(), ..right() };
        agree(&identities, &made, "account", text, form::account_name(text)).await;
    }
    let long = "x".repeat(81);
    for text in ["", "Ann Lee", " Ann ", "a\u{7}b", "\u{e4}\u{e4}", &long] {
        let made = NewAccount { name: text.to_owned(), ..right() };
        agree(&identities, &made, "name", text, form::display_name(text)).await;
    }
    let long = format!("{}@example.org", "a".repeat(250));
    for text in
        ["", "ann", "a@b.c", " a@b.c ", "@b.c", "a@b", "a@b@c.d", "a@.d", "a@c.", "a,b@c.d", &long]
    {
        let made = NewAccount { email: text.to_owned(), ..right() };
        agree(&identities, &made, "email", text, form::email(text)).await;
    }
    for text in ["", "12", "123", "+49 (30) 1/2-3", "call me", "---", "1".repeat(33).as_str()] {
        let made = NewAccount { phone: text.to_owned(), ..right() };
        agree(&identities, &made, "phone", text, form::phone(text)).await;
    }
    let (long, longer) = ("ab".repeat(512), "ab".repeat(513));
    for text in ["", "1234567", "correct horse", "aaaaaaaaaa", "AAAAaaaa", "ann", &long, &longer] {
        let made = NewAccount { password: text.into(), ..right() };
        agree(&identities, &made, "password", text, form::password_of("ann", text)).await;
    }
}

/// Makes an account and removes it again.
async fn agree(
    identities: &Identities,
    made: &NewAccount,
    field: &str,
    text: &str,
    page: Result<(), form::Wrong>,
) {
    let server = match identities.create(made, &Vec::<String>::new()).await {
        Ok(account) => {
            identities.delete(&account.account).await.unwrap();
            true
        }
        Err(Error::Fields(errors)) => !errors.iter().any(|error| error.field == field),
        Err(error) => panic!("{field} {text:?}: {error}"),
    };
    assert_eq!(page.is_ok(), server, "{field} {text:?}: the page says {page:?}");
}
