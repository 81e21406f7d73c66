//! The token that a caller shows to prove who it is. The service keeps only its digest.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::random::Random;

/// What every token begins with, so that one that was published by mistake can be searched for.
pub const ACCESS_TOKEN_PREFIX: &str = "bwt_";
/// Bytes of randomness: nobody guesses 256 bits, so that a plain hash keeps them.
const RANDOM_BYTES: usize = 32;
/// 43 characters of base64 hold 32 bytes.
const ACCESS_TOKEN_BYTES: usize = ACCESS_TOKEN_PREFIX.len() + 43;

/// A token: `bwt_` and 32 random bytes in unpadded base64url. Whoever has it is let in, so it has
/// neither `Debug` nor `Display`.
pub struct AccessToken(String);

impl AccessToken {
    /// A new token.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        let bytes = random.bytes::<RANDOM_BYTES>();
        Self(format!("{ACCESS_TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The token itself, to be shown once.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What the service keeps of it.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        TokenDigest(Sha256::digest(&self.0).into())
    }
}

/// The SHA-256 of a token's text. Two are compared in constant time.
#[derive(Clone, Copy)]
pub struct TokenDigest([u8; 32]);

/// The text is no SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a SHA-256 in 64 hexadecimal digits")]
pub struct InvalidTokenDigest;

impl TokenDigest {
    /// The digest of what a caller shows; `None` where it cannot be a token, so that nobody makes
    /// the service hash more than that.
    #[must_use]
    pub fn of_shown(text: &str) -> Option<Self> {
        let is_one = text.len() == ACCESS_TOKEN_BYTES && text.starts_with(ACCESS_TOKEN_PREFIX);
        is_one.then(|| Self(Sha256::digest(text).into()))
    }
}

impl PartialEq for TokenDigest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for TokenDigest {}

impl Hash for TokenDigest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0);
    }
}

impl FromStr for TokenDigest {
    type Err = InvalidTokenDigest;

    fn from_str(text: &str) -> Result<Self, InvalidTokenDigest> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| InvalidTokenDigest)?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for TokenDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::random::SeededRandom;

    #[test]
    fn a_token_has_the_digest_of_its_text_and_no_other_has_it() {
        let random = SeededRandom::new(1);
        let (token, other) = (AccessToken::generate(&random), AccessToken::generate(&random));
        assert_eq!(token.expose().len(), ACCESS_TOKEN_BYTES);
        assert!(TokenDigest::of_shown(token.expose()).is_some_and(|shown| shown == token.digest()));
        assert!(token.digest() != other.digest());
        let text = token.digest().to_string();
        assert_eq!(text, hex::encode(Sha256::digest(token.expose())));
        assert!(text.parse::<TokenDigest>().is_ok_and(|read| read == token.digest()));
        assert!(text.to_uppercase().parse::<TokenDigest>().is_ok_and(|it| it == token.digest()));
    }

    #[test]
    fn what_cannot_be_a_token_is_not_hashed() {
        let token = AccessToken::generate(&SeededRandom::new(2));
        let text = token.expose();
        for shown in ["", "bwt_", &text[1..], &format!("{text}A"), &text.replace("bwt", "BWT")] {
            assert!(TokenDigest::of_shown(shown).is_none(), "{shown}");
        }
    }

    #[test]
    fn what_is_no_sha_256_is_refused() {
        for text in ["", "00", &"0".repeat(63), &"0".repeat(65), &"g".repeat(64)] {
            assert!(text.parse::<TokenDigest>().is_err(), "{text}");
        }
    }
}
