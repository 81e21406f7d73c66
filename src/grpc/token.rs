//! Opaque tokens that clients hand back: of pages and of watches. A token names its own kind and
//! version, and carries a fingerprint of what it is for, so that one that belongs elsewhere is
//! told apart. It grants nothing: the caller is authorised anew.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Raised when the form of the tokens changes; older ones are then refused.
const VERSION: u8 = 1;
/// Bytes of the fingerprint: enough that a mix-up is noticed.
const FINGERPRINT_BYTES: usize = 8;

/// What a token is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum TokenKind {
    /// A page of ListEndpoints.
    Endpoints = 1,
    /// A page of ListEventTypes.
    EventTypes = 2,
    /// A page of ListDeliveries.
    Deliveries = 3,
    /// A page of ListAttempts.
    Attempts = 4,
    /// A place in a watch.
    Watch = 5,
    /// A page of ListEvents.
    Events = 6,
}

/// Tokens of one kind for one purpose.
#[derive(Clone, Debug)]
pub struct Tokens {
    head: [u8; 2 + FINGERPRINT_BYTES],
}

impl Tokens {
    /// `purpose` is all that must be the same when the token comes back.
    #[must_use]
    pub fn new(kind: TokenKind, database_id: Uuid, purpose: &str) -> Self {
        let digest = Sha256::new()
            .chain_update(database_id.as_bytes())
            .chain_update([kind as u8])
            .chain_update(purpose)
            .finalize();
        let mut head = [0; 2 + FINGERPRINT_BYTES];
        head[0] = VERSION;
        head[1] = kind as u8;
        head[2..].copy_from_slice(&digest[..FINGERPRINT_BYTES]);
        Self { head }
    }

    /// A token that carries `place`.
    #[must_use]
    pub fn write(&self, place: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode([&self.head, place].concat())
    }

    /// What the token carries, if it is one of these and its place has `N` bytes.
    #[must_use]
    pub fn read<const N: usize>(&self, token: &str) -> Option<[u8; N]> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        bytes.strip_prefix(&self.head)?.try_into().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_only_for_what_it_was_written_for() {
        let database = Uuid::from_u128(1);
        let tokens = Tokens::new(TokenKind::Watch, database, "acct_1");
        let token = tokens.write(&7_i64.to_be_bytes());
        assert_eq!(tokens.read(&token), Some(7_i64.to_be_bytes()));
        for other in [
            Tokens::new(TokenKind::Watch, database, "acct_2"),
            Tokens::new(TokenKind::Deliveries, database, "acct_1"),
            Tokens::new(TokenKind::Watch, Uuid::from_u128(2), "acct_1"),
        ] {
            assert_eq!(other.read::<8>(&token), None);
        }
        for garbage in ["", "AA", "!", &token[1..], &format!("{token}AAAA")] {
            assert_eq!(tokens.read::<8>(garbage), None, "{garbage}");
        }
    }
}
