//! A receiver's secrets, as Bookora shows them, and the keys that they stand for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What a secret begins with whose rest is base64 (Standard Webhooks, "Signature scheme").
const BASE64_PREFIX: &str = "whsec_";

/// A mistake in the receiver's own configuration: one of its secrets is none.
///
/// It never shows the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSecret {
    /// No secret was given, so nothing could ever verify.
    #[error("there is no secret: give the endpoint's, as Bookora shows it")]
    Missing,
    /// A secret is empty; an unset variable of the environment often is.
    #[error("a secret is empty: give the endpoint's, as Bookora shows it")]
    Empty,
    /// What follows `whsec_` is not padded base64 of at least one byte.
    #[error("what follows whsec_ in a secret is not base64 with its padding: was it cut?")]
    NotBase64,
}

impl InvalidSecret {
    /// `INVALID_SECRET`, as the other languages' SDKs call it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "INVALID_SECRET"
    }
}

/// The two keys of a secret. It has no `Debug`, so that no log can show it.
#[derive(Clone)]
pub struct Secret {
    standard: Hmac<Sha256>,
    bookora: Hmac<Sha256>,
}

impl Secret {
    /// Reads a secret as it is shown.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        if text.is_empty() {
            return Err(InvalidSecret::Empty);
        }
        let standard = match text.strip_prefix(BASE64_PREFIX) {
            None => text.as_bytes().to_vec(),
            Some(encoded) => STANDARD.decode(encoded).map_err(|_| InvalidSecret::NotBase64)?,
        };
        if standard.is_empty() {
            return Err(InvalidSecret::NotBase64);
        }
        Ok(Self { standard: keyed(&standard), bookora: keyed(text.as_bytes()) })
    }

    /// The HMAC of `webhook-signature`: of `id.timestamp.body`.
    pub fn standard_mac(&self, id: &[u8], timestamp: &[u8], body: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.standard.clone();
        for part in [id, b".", timestamp, b".", body] {
            mac.update(part);
        }
        mac
    }

    /// The HMAC of `X-Bookora-Signature`: of the body.
    pub fn bookora_mac(&self, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.bookora.clone();
        mac.update(body);
        mac
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}
