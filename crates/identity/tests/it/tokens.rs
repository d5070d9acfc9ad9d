//! No token is good but those that were issued here, as they were issued, for as long as they are
//! meant to be.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use monoxide_identity::{Key, KeyError, TokenError};
use proptest::prelude::{any, proptest};
use ring::hmac;
use serde_json::{Value, json};

use crate::{World, check_token};

const SECRET: [u8; 32] = [7; 32];

/// A private key that signs nothing but tests.
const ED25519: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
";

/// Its public half.
const ED25519_PUBLIC: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

fn parts(token: &str) -> [Value; 2] {
    let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    [(); 2].map(|()| serde_json::from_slice(&parts.next().unwrap()).unwrap())
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", encode(header), encode(claims))
}

fn signed(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let message = unsigned(header, claims);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// Ann, signed in where the server's secret is known to the test.
async fn ann() -> (World, Value, Value) {
    let world = World::with(|builder| builder.key(Key::secret(&SECRET).unwrap())).await;
    world.has("ann", &["editor"]).await;
    let token = world.sign_in("ann").await.token;
    let [header, claims] = parts(&token);
    (world, header, claims)
}

#[tokio::test]
async fn a_token_says_who_asks_for_whom_and_until_when_in_seconds() {
    let (world, header, claims) = ann().await;

    assert_eq!((&header["alg"], &header["typ"]), (&json!("HS256"), &json!("JWT")));
    assert!(header["kid"].is_string());
    for (claim, expected) in [
        ("sub", json!("ann")),
        ("iss", json!("monoxide")),
        ("aud", json!("monoxide")),
        ("iat", json!(1_800_000_000)),
        ("exp", json!(1_800_000_600)),
        ("roles", json!(["editor"])),
    ] {
        assert_eq!(claims[claim], expected, "{claim}");
    }
    assert!(claims["jti"].is_string() && claims["sid"].is_string());
    let caller = world.identities.check(&signed(&header, &claims, &SECRET)).unwrap();
    assert_eq!((caller.account.as_str(), caller.expires), ("ann", 1_800_000_600));
    assert!(caller.identity.has_role("editor"));
}

#[tokio::test]
async fn a_token_is_good_to_its_last_second_and_not_in_the_one_after() {
    let (world, header, claims) = ann().await;
    let token = signed(&header, &claims, &SECRET);

    world.pass(599);
    assert!(world.identities.check(&token).is_ok());
    world.pass(1);
    check_token(world.identities.check(&token), TokenError::Expired);
}

#[tokio::test]
async fn a_token_that_was_good_before_is_so_only_while_all_that_can_change_is_so() {
    let world = World::new().await;
    world.has("ann", &[]).await;
    let ann = world.sign_in("ann").await;
    for _ in 0..2 {
        assert_eq!(world.identities.check(&ann.token).unwrap().session, ann.session);
    }
    let (rest, last) = ann.token.split_at(ann.token.len() - 1);
    let other = if last == "A" { "Q" } else { "A" };
    check_token(world.identities.check(&format!("{rest}{other}")), TokenError::Signature);

    world.identities.end_session(&ann.account.account, ann.session).await.unwrap();
    check_token(world.identities.check(&ann.token), TokenError::Ended);
}

#[tokio::test]
async fn a_token_without_a_signature_is_none() {
    let (world, mut header, claims) = ann().await;
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        header["alg"] = json!(alg);
        let message = unsigned(&header, &claims);
        check_token(world.identities.check(&format!("{message}.")), TokenError::Malformed);
        check_token(world.identities.check(&message), TokenError::Malformed);
        let signed = signed(&header, &claims, &SECRET);
        check_token(world.identities.check(&signed), TokenError::Malformed);
    }
    header["alg"] = json!("HS256");
    let message = unsigned(&header, &claims);
    check_token(world.identities.check(&format!("{message}.")), TokenError::Signature);
}

#[tokio::test]
async fn the_public_key_is_not_taken_for_a_secret() {
    let key = || Key::ed25519_pem(ED25519.as_bytes()).unwrap();
    let world = World::with(|builder| builder.key(key())).await;
    world.has("ann", &[]).await;
    let token = world.sign_in("ann").await.token;
    assert!(world.identities.check(&token).is_ok());
    let [mut header, claims] = parts(&token);
    assert_eq!(header["alg"], "EdDSA");

    header["alg"] = json!("HS256");
    let public: Vec<u8> = (0..32)
        .map(|n| u8::from_str_radix(&ED25519_PUBLIC[2 * n..2 * n + 2], 16).unwrap())
        .collect();

    check_token(world.identities.check(&signed(&header, &claims, &public)), TokenError::Algorithm);
    check_token(
        world.identities.check(&signed(&header, &claims, ED25519.as_bytes())),
        TokenError::Algorithm,
    );
}

#[tokio::test]
async fn how_a_token_is_checked_is_not_taken_from_it() {
    let (world, mut header, claims) = ann().await;
    for alg in ["HS384", "HS512", "EdDSA", "RS256", "ES256"] {
        header["alg"] = json!(alg);
        let token = signed(&header, &claims, &SECRET);
        check_token(world.identities.check(&token), TokenError::Algorithm);
    }
}

#[tokio::test]
async fn a_token_for_others_or_from_elsewhere_is_none_here() {
    let (world, header, claims) = ann().await;
    for (claim, value, expected) in [
        ("aud", json!("others"), TokenError::Audience),
        ("aud", json!(["monoxide", "others"]), TokenError::Malformed),
        ("iss", json!("elsewhere"), TokenError::Issuer),
        ("sub", json!("bob"), TokenError::Ended),
        ("sid", json!("AAAAAAAAAAAAAAAAAAAAAA"), TokenError::Ended),
        ("exp", json!("never"), TokenError::Malformed),
    ] {
        let mut claims = claims.clone();
        claims[claim] = value;
        let token = signed(&header, &claims, &SECRET);
        check_token(world.identities.check(&token), expected);
    }
    for claim in ["sub", "iss", "aud", "exp", "sid"] {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove(claim);
        let token = signed(&header, &claims, &SECRET);
        assert!(world.identities.check(&token).is_err(), "without {claim}");
    }
}

#[tokio::test]
async fn a_token_of_a_key_that_is_not_known_is_none() {
    let (world, mut header, claims) = ann().await;
    let forged = signed(&header, &claims, &[8; 32]);
    check_token(world.identities.check(&forged), TokenError::Signature);
    header["kid"] = json!("nosuch");
    check_token(world.identities.check(&signed(&header, &claims, &SECRET)), TokenError::UnknownKey);
    header.as_object_mut().unwrap().remove("kid");
    check_token(world.identities.check(&signed(&header, &claims, &SECRET)), TokenError::UnknownKey);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_somebody_has_changed_is_none() {
    let (world, header, claims) = ann().await;
    let token = signed(&header, &claims, &SECRET);
    assert!(world.identities.check(&token).is_ok());
    proptest!(|(at in 0..token.len(), with in "[A-Za-z0-9_.=-]")| {
        let mut changed = token.clone();
        changed.replace_range(at..=at, &with);
        // The last character has bits that mean nothing, and those have to be zero.
        proptest::prop_assume!(changed != token);
        assert!(world.identities.check(&changed).is_err(), "{changed}");
    });
    proptest!(|(text in any::<String>())| {
        assert!(world.identities.check(&text).is_err());
    });
    let long = format!("{token}{}", "A".repeat(10_000_000));
    check_token(world.identities.check(&long), TokenError::Malformed);
}

#[tokio::test]
async fn a_key_can_be_replaced_and_the_tokens_of_the_old_one_stay_good_for_their_time() {
    let world = World::new().await;
    world.has("ann", &[]).await;
    let old = world.sign_in("ann").await.token;

    world.identities.rotate_key().await.unwrap();

    let new = world.sign_in("ann").await.token;
    assert_ne!(parts(&old)[0]["kid"], parts(&new)[0]["kid"]);
    let world = world.restarted(|builder| builder).await;
    assert!(world.identities.check(&old).is_ok() && world.identities.check(&new).is_ok());
    world.pass(600);
    check_token(world.identities.check(&old), TokenError::UnknownKey);
    check_token(world.identities.check(&new), TokenError::Expired);
    world.identities.sweep().await.unwrap();
    let newer = world.sign_in("ann").await.token;
    assert_eq!(parts(&newer)[0]["kid"], parts(&new)[0]["kid"], "a restart makes no key");
}

#[tokio::test]
async fn a_given_key_can_follow_another() {
    let (old, new) = (|| Key::secret(&SECRET).unwrap(), || Key::secret(&[8; 32]).unwrap());
    let world = World::with(|builder| builder.key(old())).await;
    world.has("ann", &[]).await;
    let token = world.sign_in("ann").await.token;

    let world = world.restarted(|builder| builder.key(new()).previous_key(old())).await;
    assert!(world.identities.check(&token).is_ok());
    assert_eq!(parts(&world.sign_in("ann").await.token)[0]["kid"], new().id());
    assert!(world.identities.rotate_key().await.is_err());

    let world = world.restarted(|builder| builder.key(new())).await;
    check_token(world.identities.check(&token), TokenError::UnknownKey);
}

#[test]
fn what_is_no_key_is_refused() {
    assert_eq!(Key::secret(&[0; 31]).unwrap_err(), KeyError::Short);
    for wrong in ["", "secret", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
        assert_eq!(Key::ed25519_pem(wrong.as_bytes()).unwrap_err(), KeyError::NotEd25519);
    }
    let shown = format!("{:?}", Key::secret(b"a secret of at least so many bytes").unwrap());
    assert!(!shown.contains("secret") && !shown.contains("115"), "{shown}");
}
