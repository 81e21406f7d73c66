//! `verify` on real deliveries, and on whatever else may come.

use std::time::{Duration, SystemTime};

use bookora_webhooks_sdk::receiver::{EventData, InvalidSecret, Verifier};
use bookora_webhooks_sdk::v1::RotateEndpointSecretRequest;
use proptest::prelude::*;

use crate::hooks::Hooks;
use crate::samples::{ACCOUNT, customer, register};
use crate::service::{Service, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn during_a_rotation_a_delivery_verifies_with_either_secret_and_with_both() {
    let (service, hooks) = (Service::start(&[]), Hooks::start().await);
    let client = service.client();
    let created = register(&client, ACCOUNT, hooks.url()).await;
    let endpoint_id = created.endpoint.expect("an endpoint").endpoint_id;
    let (account_id, old) = (ACCOUNT.to_owned(), created.secret);
    let rotate = RotateEndpointSecretRequest { account_id, endpoint_id, ..Default::default() };
    let rotated = client.endpoint_admin().rotate_endpoint_secret(rotate).await.expect("rotated");
    let new = rotated.into_inner().secret;
    hooks.trust(&[&old, &new]);
    client.publish(customer(ACCOUNT, "cus_1")).await.expect("it is published");
    let hook = eventually("it arrives", async || hooks.hooks().pop()).await;

    for secrets in [vec![&old], vec![&new], vec![&old, &new]] {
        let verifier = Verifier::new(secrets).expect("secrets");
        let event = verifier.verify(&hook.body, &hook.headers).expect("it verifies");
        assert!(matches!(event.data, EventData::CustomerCreated(it) if it.customer_id == "cus_1"));
        let mut stripped = hook.headers.clone();
        stripped.remove("webhook-signature");
        let error = verifier.verify(&hook.body, &stripped).expect_err("it may be a recording");
        assert_eq!((error.code(), error.header()), ("MISSING_HEADER", Some("webhook-signature")));
        let verifier = verifier.tolerance(None);
        verifier.verify(&hook.body, &stripped).expect("nothing protects against recordings");
        let mut body = hook.body.to_vec();
        body.push(b' ');
        let error = verifier.verify(&body, &hook.headers).expect_err("another body");
        assert_eq!(error.code(), "NO_MATCHING_SIGNATURE");
    }
}

#[test]
fn a_request_that_is_too_old_or_too_new_is_told_by_how_much() {
    let verifier = Verifier::new(["my-own-secret-0123456789"]).expect("a secret");
    let headers = |timestamp: &str| {
        [
            ("Webhook-Id", "evt_1"),
            ("WEBHOOK-TIMESTAMP", timestamp),
            ("webhook-signature", "v1,AAAA"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
    };
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
    let said = |timestamp| {
        let error = verifier.verify_at(b"{}", headers(timestamp), now).expect_err("it is off");
        (error.code(), error.to_string())
    };
    let (code, text) = said("699");
    assert_eq!(code, "TIMESTAMP_OUT_OF_TOLERANCE");
    assert!(text.contains("301 s behind"), "{text}");
    let (_, text) = said("1301");
    assert!(text.contains("301 s ahead of"), "{text}");
    assert_eq!(said("700").0, "NO_MATCHING_SIGNATURE");
}

#[test]
fn what_is_no_secret_is_a_mistake_of_the_receivers_own() {
    let error = |secrets: &[&str]| Verifier::new(secrets).err();
    assert_eq!(error(&[]), Some(InvalidSecret::Missing));
    assert_eq!(error(&["my-own-secret-0123456789", ""]), Some(InvalidSecret::Empty));
    for cut in ["whsec_", "whsec_MfKQ9", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "whsec_ä"] {
        assert_eq!(error(&[cut]), Some(InvalidSecret::NotBase64), "{cut}");
    }
    assert_eq!(error(&["my-own-secret-0123456789"]), None);
}

const CODES: [&str; 5] = [
    "MISSING_HEADER",
    "INVALID_HEADER",
    "TIMESTAMP_OUT_OF_TOLERANCE",
    "NO_MATCHING_SIGNATURE",
    "MALFORMED_BODY",
];

const NAMES: [&str; 5] = [
    "webhook-id",
    "Webhook-Timestamp",
    "webhook-signature",
    "X-Bookora-Signature",
    "x-bookora-signature-previous",
];

fn header() -> impl Strategy<Value = (String, Vec<u8>)> {
    let name = prop_oneof![prop::sample::select(&NAMES[..]).prop_map(String::from), ".{0,12}"];
    let value = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..80),
        "v1,[A-Za-z0-9+/=]{0,60}( v1,.{0,60}){0,4}".prop_map(String::into_bytes),
        "[0-9]{0,14}".prop_map(String::into_bytes),
        "[0-9a-f]{60,66}".prop_map(String::into_bytes),
    ];
    (name, value)
}

proptest! {
    #[test]
    fn whatever_comes_is_refused_with_a_documented_error(
        body in prop::collection::vec(any::<u8>(), 0..200),
        headers in prop::collection::vec(header(), 0..8),
        tolerates in any::<bool>(),
        now in 0..u64::from(u32::MAX) * 4,
    ) {
        let tolerance = tolerates.then_some(Duration::from_mins(5));
        let verifier = Verifier::new(["my-own-secret-0123456789"]).expect("a secret");
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now);
        let headers = headers.iter().map(|(name, value)| (name, value));
        let refused = verifier.tolerance(tolerance).verify_at(&body, headers, now);
        let error = refused.expect_err("nobody signed it");
        prop_assert!(CODES.contains(&error.code()), "{}", error);
    }

    #[test]
    fn whatever_body_comes_is_an_event_or_malformed(
        text in r#"\{("(event|id|created_at|data)":("[a-z._0-9:TZ-]{0,24}"|[0-9]{1,3}|\{\}|null),?){0,5}\}"#,
    ) {
        if let Err(error) = bookora_webhooks_sdk::receiver::parse(text.as_bytes()) {
            prop_assert_eq!(error.code(), "MALFORMED_BODY");
        }
    }
}
