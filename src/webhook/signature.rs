//! The two kinds of signatures of a request, made by the sender and verified by the receivers that come
//! with the service (`demo`, `receive`). Which headers carry them is left to [`super::request`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::endpoint_secrets::SigningSecrets;
use crate::domain::secret::Secret;

/// What each signature in `webhook-signature` begins with (Standard Webhooks, "Signature scheme").
const STANDARD_VERSION: &str = "v1,";
/// Most signatures of one `webhook-signature` header that are tried: a rotation has two.
const SIGNATURES_MAX: usize = 8;

/// The value of `X-Bookora-Signature`: lowercase hex HMAC-SHA256 of the body; the key is the
/// secret as the user sees it.
#[must_use]
pub fn bookora_signature(secret: &Secret, body: &[u8]) -> String {
    hex::encode(mac(secret.bookora_key(), &[body]).finalize().into_bytes())
}

/// The value of `webhook-signature`: the signature of each secret, separated by exactly one space
/// (Standard Webhooks, "Signature scheme").
#[must_use]
pub fn standard_signatures(
    secrets: SigningSecrets<'_>,
    event_id: &str,
    timestamp_seconds: i64,
    body: &[u8],
) -> String {
    let sign = |secret| standard_signature(secret, event_id, timestamp_seconds, body);
    let first = sign(secrets.first);
    match secrets.second {
        None => first,
        Some(second) => format!("{first} {}", sign(second)),
    }
}

/// One signature of `webhook-signature` (Standard Webhooks, "Signature scheme"): `v1,` and the
/// padded base64 of the HMAC-SHA256 of `event_id.timestamp_seconds.body`.
#[must_use]
pub fn standard_signature(
    secret: &Secret,
    event_id: &str,
    timestamp_seconds: i64,
    body: &[u8],
) -> String {
    let signed = standard_mac(secret, event_id, &timestamp_seconds.to_string(), body);
    format!("{STANDARD_VERSION}{}", STANDARD.encode(signed.finalize().into_bytes()))
}

/// Whether `header`, the value of `X-Bookora-Signature`, signs this body; in constant time.
#[must_use]
pub fn verify_bookora(secret: &Secret, body: &[u8], header: &str) -> bool {
    let claimed = hex::decode(header).unwrap_or_default();
    mac(secret.bookora_key(), &[body]).verify_slice(&claimed).is_ok()
}

/// Whether one of the signatures in `header`, the value of `webhook-signature`, signs these
/// values of `webhook-id` and `webhook-timestamp` and this body; each in constant time.
///
/// How old the timestamp may be is left to the caller: without that check a request that was
/// overheard can be replayed.
#[must_use]
pub fn verify_standard(
    secret: &Secret,
    event_id: &str,
    timestamp_header: &str,
    body: &[u8],
    header: &str,
) -> bool {
    let signed = standard_mac(secret, event_id, timestamp_header, body);
    header
        .split(' ')
        .take(SIGNATURES_MAX)
        .filter_map(|signature| STANDARD.decode(signature.strip_prefix(STANDARD_VERSION)?).ok())
        .any(|claimed| signed.clone().verify_slice(&claimed).is_ok())
}

fn standard_mac(secret: &Secret, event_id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    let signed = [event_id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
    mac(secret.standard_key(), &signed)
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification and its libraries' tests.
    const PUBLISHED_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const PUBLISHED_ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const PUBLISHED_BODY: &[u8] = br#"{"test": 2432232314}"#;
    const PUBLISHED_SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn secret(text: &str) -> Secret {
        Secret::parse(text).expect("a valid secret")
    }

    #[test]
    fn the_published_vector_of_standard_webhooks_is_met() {
        let secret = secret(PUBLISHED_SECRET);
        let signature = standard_signature(&secret, PUBLISHED_ID, 1_614_265_330, PUBLISHED_BODY);
        assert_eq!(signature, PUBLISHED_SIGNATURE);
    }

    /// Secret, `X-Bookora-Signature` and `webhook-signature`, by Python's
    /// `hmac.new(key, message, "sha256")`.
    const VECTORS: [[&str; 3]; 3] = [
        [
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "c95c30a961cb06100749809d6c994a98787288aab3775299c401b8066276ca5b",
            "v1,XlYp8tUqwTdySYS3jUX68ffvmch5pbfVjdpS7KtWOgM=",
        ],
        [
            "my-own-secret-0123456789",
            "ae7cb8aa70115dd71b760f31a98e26b9481ab04cd22ea632470d7a5755c79220",
            "v1,rVAmZVZ3UFjQadAIEqbDMdCKH0HpPh2JJu/Y3/j6rPI=",
        ],
        [
            "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
            "a9f96ee3f4fc93719e0d1cebefca927af286a5199d5ada06d3d92f9ef13fce0f",
            "v1,8Dgf4PTJ8pLeR2V91iQ9vOmg1JpxH3OiAOzyVi/VvaM=",
        ],
    ];

    #[test]
    fn vectors_made_by_another_implementation_are_met() {
        let body = "{\"event\":\"booking.created\",\"data\":{\"name\":\"Zoë\"}}".as_bytes();
        for [text, bookora, standard] in VECTORS {
            let secret = secret(text);
            assert_eq!(bookora_signature(&secret, body), bookora);
            assert_eq!(standard_signature(&secret, "evt_1", 1_781_087_400, body), standard);
        }
    }

    #[test]
    fn a_signature_verifies_and_any_change_breaks_it() {
        let (own, other) = (secret(PUBLISHED_SECRET), secret("another-secret-0123456789"));
        let hex = bookora_signature(&own, b"body");
        assert!(verify_bookora(&own, b"body", &hex));
        assert!(!verify_bookora(&own, b"bodY", &hex));
        assert!(!verify_bookora(&other, b"body", &hex));
        for wrong in ["", "00", &hex[..62], "not hex", &format!("{hex}00")] {
            assert!(!verify_bookora(&own, b"body", wrong), "{wrong}");
        }
        let verify = |id: &str, timestamp: &str, body: &[u8]| {
            verify_standard(&own, id, timestamp, body, PUBLISHED_SIGNATURE)
        };
        assert!(verify(PUBLISHED_ID, "1614265330", PUBLISHED_BODY));
        assert!(!verify("msg_other", "1614265330", PUBLISHED_BODY));
        assert!(!verify(PUBLISHED_ID, "1614265331", PUBLISHED_BODY));
        assert!(!verify(PUBLISHED_ID, "1614265330", b"{}"));
    }

    #[test]
    fn two_secrets_sign_in_their_order_with_one_space_between_and_each_verifies() {
        let (new, old) = (secret(PUBLISHED_SECRET), secret("my-own-secret-0123456789"));
        let sign = |first, second| {
            let secrets = SigningSecrets { first, second };
            standard_signatures(secrets, PUBLISHED_ID, 1_614_265_330, PUBLISHED_BODY)
        };
        let by_old = standard_signature(&old, PUBLISHED_ID, 1_614_265_330, PUBLISHED_BODY);
        assert_eq!(sign(&new, None), PUBLISHED_SIGNATURE);
        assert_eq!(sign(&new, Some(&old)), format!("{PUBLISHED_SIGNATURE} {by_old}"));
        assert_eq!(sign(&old, Some(&new)), format!("{by_old} {PUBLISHED_SIGNATURE}"));
        for secret in [&new, &old] {
            let header = sign(&new, Some(&old));
            assert!(verify_standard(secret, PUBLISHED_ID, "1614265330", PUBLISHED_BODY, &header));
        }
    }

    #[test]
    fn one_right_signature_among_several_is_enough() {
        let secret = secret(PUBLISHED_SECRET);
        let verify = |header: &str| {
            verify_standard(&secret, PUBLISHED_ID, "1614265330", PUBLISHED_BODY, header)
        };
        assert!(verify(&format!("v1,AAAA v1a,BBBB {PUBLISHED_SIGNATURE}")));
        assert!(!verify(&format!("{}{PUBLISHED_SIGNATURE}", "v1,AAAA ".repeat(SIGNATURES_MAX))));
        for wrong in [
            "",
            "v1,",
            "v1,AAAA",
            &PUBLISHED_SIGNATURE[3..],
            &PUBLISHED_SIGNATURE.replace("v1", "v2"),
        ] {
            assert!(!verify(wrong), "{wrong}");
        }
    }
}
