//! The signing secret of an endpoint: how one is made, read, and turned into the two keys that
//! sign with it. Key material has neither `Debug` nor `Display`: to show it is a decision. Its
//! memory is wiped when it is dropped.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::random::Random;

/// What a secret made by the service begins with (Standard Webhooks, "Secret format").
pub const SECRET_PREFIX: &str = "whsec_";
/// Shortest secret that a caller may bring, in characters; after `whsec_`, in decoded bytes
/// (Standard Webhooks asks for at least 24).
pub const SECRET_BYTES_MIN: usize = 24;
/// Longest secret that a caller may bring, in characters: HMAC-SHA256 hashes longer keys anyway.
pub const SECRET_BYTES_MAX: usize = 128;
/// Bytes of randomness in a secret made by the service (Standard Webhooks allows 24-64).
const GENERATED_BYTES: usize = 32;
/// How many of a secret's last characters its hint shows.
const HINT_CHARS: usize = 4;

/// A signing secret, as the text that the user sees and configures in a receiver.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    text: Zeroizing<String>,
    /// The key of `webhook-signature`.
    standard_key: Zeroizing<Vec<u8>>,
}

/// The text cannot be a signing secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecret {
    /// Too short, too long, or with characters that do not survive a copy into a settings file.
    #[error("must be 24-128 printable ASCII characters without spaces")]
    Text,
    /// It begins as a Standard Webhooks secret but does not go on as one.
    #[error("after `whsec_` must be padded base64 of 24-90 bytes")]
    Base64,
}

impl Secret {
    /// A new secret: `whsec_` and the padded base64 of 32 random bytes.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        let mut standard_key = Zeroizing::new(vec![0; GENERATED_BYTES]);
        random.fill(&mut standard_key);
        let encoded = Zeroizing::new(STANDARD.encode(&*standard_key));
        let text = Zeroizing::new([SECRET_PREFIX, &encoded].concat());
        Self { text, standard_key }
    }

    /// Reads a secret that a caller brought, or that was stored.
    ///
    /// # Errors
    /// [`InvalidSecret`] says what is allowed.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let length_fits = (SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&text.len());
        if !length_fits || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidSecret::Text);
        }
        let standard_key = match text.strip_prefix(SECRET_PREFIX) {
            None => text.as_bytes().to_vec(),
            Some(encoded) => STANDARD
                .decode(encoded)
                .ok()
                .filter(|key| key.len() >= SECRET_BYTES_MIN)
                .ok_or(InvalidSecret::Base64)?,
        };
        let standard_key = Zeroizing::new(standard_key);
        Ok(Self { text: Zeroizing::new(text.to_owned()), standard_key })
    }

    /// The secret itself, for the RPCs that return it and for the store.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The key of `X-Bookora-Signature`: the UTF-8 bytes of the text.
    #[must_use]
    pub fn bookora_key(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The key of `webhook-signature`: what the part after `whsec_` decodes to, or the text's
    /// bytes where there is no such prefix.
    #[must_use]
    pub fn standard_key(&self) -> &[u8] {
        &self.standard_key
    }

    /// The last characters, by which a person tells one secret from another.
    #[must_use]
    pub fn hint(&self) -> String {
        // Padding is the same in every secret of a length: it tells nothing.
        let told = self.text.trim_end_matches('=');
        let tail = &told[told.len().saturating_sub(HINT_CHARS)..];
        format!("…{tail}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::random::SeededRandom;

    #[test]
    fn a_generated_secret_reads_back_with_the_same_keys() {
        let secret = Secret::generate(&SeededRandom::new(1));
        assert_eq!(secret.standard_key().len(), GENERATED_BYTES);
        assert!(Secret::parse(secret.expose()).is_ok_and(|read| read == secret));
    }

    #[test]
    fn a_secret_without_the_prefix_is_used_as_bytes() {
        let secret = Secret::parse("my-own-secret-0123456789").ok().unwrap();
        assert_eq!(secret.standard_key(), secret.bookora_key());
        assert_eq!(secret.hint(), "…6789");
    }

    #[test]
    fn what_cannot_be_a_secret_is_refused() {
        for text in ["", "too-short", "with spaces 0123456789abcdef", "ümlaut-0123456789abcdef01"]
        {
            assert_eq!(Secret::parse(text).err(), Some(InvalidSecret::Text), "{text}");
        }
        assert!(Secret::parse(&"a".repeat(SECRET_BYTES_MAX + 1)).is_err());
        for text in ["whsec_not*base64*not*base64*", "whsec_c2hvcnQgc2hvcnQgc2g="] {
            assert_eq!(Secret::parse(text).err(), Some(InvalidSecret::Base64), "{text}");
        }
    }

    #[test]
    fn a_secret_with_the_prefix_may_have_24_to_90_bytes_as_the_refusal_says() {
        let parse = |bytes: usize| {
            Secret::parse(&format!("{SECRET_PREFIX}{}", STANDARD.encode(vec![7; bytes]))).err()
        };
        assert_eq!([24, 90].map(parse), [None, None]);
        // The next longer one that base64 has: of 91-93 bytes, beyond 128 characters.
        assert_eq!([23, 91].map(parse), [Some(InvalidSecret::Base64), Some(InvalidSecret::Text)]);
        assert!(InvalidSecret::Base64.to_string().contains("24-90 bytes"));
    }
}
