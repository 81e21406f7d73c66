//! An endpoint's secret as it is stored: sealed with a master key (XChaCha20-Poly1305,
//! draft-irtf-cfrg-xchacha), so that who has the database alone has no secret. The place that a
//! secret belongs to is authenticated with it: copied to another endpoint's row it does not open.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use zeroize::Zeroizing;

use super::account::AccountId;
use super::id::{EndpointId, SecretId};
use super::master_key::{MasterKey, MasterKeys};
use super::random::Random;
use super::secret::Secret;

/// Bytes of a nonce: so many that random ones do not meet, however many secrets a key seals.
pub const NONCE_BYTES: usize = 24;
/// What is sealed, and in which form: a first part of what is authenticated.
const PURPOSE: &[u8] = b"bookora-webhooks endpoint secret 1";

/// Where a secret belongs.
#[derive(Clone, Copy, Debug)]
pub struct SecretPlace<'a> {
    /// The endpoint's account.
    pub account_id: &'a AccountId,
    /// The endpoint.
    pub endpoint_id: EndpointId,
    /// The secret's id.
    pub secret_id: SecretId,
}

/// A secret that only its master key opens.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// The name of the master key.
    pub key_id: String,
    /// 24 random bytes, another one each time that anything is sealed.
    pub nonce: Vec<u8>,
    /// The secret's text, encrypted, and 16 bytes that authenticate it and its place.
    pub ciphertext: Vec<u8>,
}

/// Why a secret was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenSecretError {
    /// Its master key is not there: it may come.
    #[error("its master key is not there")]
    NoKey,
    /// It was changed, or belongs to another place, or another key has its key's name.
    #[error("it is not what was sealed for this endpoint with that key")]
    Refused,
}

impl SecretPlace<'_> {
    /// Each part with its length before it, so that no two places make the same bytes.
    fn associated_data(&self) -> Vec<u8> {
        let (endpoint, secret) = (self.endpoint_id.as_uuid(), self.secret_id.as_uuid());
        let account = self.account_id.as_str().as_bytes();
        let mut data = Vec::new();
        for part in [PURPOSE, account, endpoint.as_bytes(), secret.as_bytes()] {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part);
        }
        data
    }
}

impl SealedSecret {
    /// Seals a secret for its place.
    #[must_use]
    pub fn seal(
        secret: &Secret,
        place: SecretPlace<'_>,
        key: &MasterKey,
        random: &dyn Random,
    ) -> Self {
        let nonce: [u8; NONCE_BYTES] = random.bytes();
        let payload = Payload { msg: secret.expose().as_bytes(), aad: &place.associated_data() };
        let ciphertext = cipher(key).encrypt(&nonce.into(), payload);
        Self {
            key_id: key.id().to_string(),
            nonce: nonce.to_vec(),
            ciphertext: ciphertext.expect("a secret is far shorter than the cipher's limit"),
        }
    }

    /// Opens a secret of this place.
    ///
    /// # Errors
    /// [`OpenSecretError`].
    pub fn open(
        &self,
        place: SecretPlace<'_>,
        keys: &MasterKeys,
    ) -> Result<Secret, OpenSecretError> {
        let key = keys.find(&self.key_id).ok_or(OpenSecretError::NoKey)?;
        let nonce: [u8; NONCE_BYTES] =
            self.nonce.as_slice().try_into().map_err(|_| OpenSecretError::Refused)?;
        let payload = Payload { msg: &self.ciphertext, aad: &place.associated_data() };
        let opened = cipher(key).decrypt(&nonce.into(), payload);
        let text = Zeroizing::new(opened.map_err(|_| OpenSecretError::Refused)?);
        let text = std::str::from_utf8(&text).map_err(|_| OpenSecretError::Refused)?;
        Secret::parse(text).map_err(|_| OpenSecretError::Refused)
    }
}

fn cipher(key: &MasterKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.expose().into())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::domain::clock::Timestamp;
    use crate::domain::random::{SeededRandom, SystemRandom};

    const NOW: Timestamp = Timestamp::from_unix_millis(1_781_087_400_000);

    /// A place, a secret of it, and two keys.
    struct Bench {
        account_id: AccountId,
        endpoint_id: EndpointId,
        secret_id: SecretId,
        secret: Secret,
        keys: MasterKeys,
    }

    impl Bench {
        fn new() -> Self {
            let random = SeededRandom::new(1);
            Self {
                account_id: "acct_1".parse().unwrap(),
                endpoint_id: EndpointId::new(NOW, &random),
                secret_id: SecretId::new(NOW, &random),
                secret: Secret::generate(&random),
                keys: MasterKeys::new(
                    MasterKey::generate(&random),
                    vec![MasterKey::generate(&random)],
                ),
            }
        }

        fn place(&self) -> SecretPlace<'_> {
            let Self { account_id, endpoint_id, secret_id, .. } = self;
            SecretPlace { account_id, endpoint_id: *endpoint_id, secret_id: *secret_id }
        }

        fn sealed(&self) -> SealedSecret {
            SealedSecret::seal(&self.secret, self.place(), self.keys.primary(), &SystemRandom)
        }
    }

    #[test]
    fn what_was_sealed_opens_with_any_of_the_keys_and_shows_nothing_of_the_secret() {
        let bench = Bench::new();
        for key in bench.keys.iter() {
            let sealed = SealedSecret::seal(&bench.secret, bench.place(), key, &SystemRandom);
            assert_eq!(sealed.key_id, key.id().as_str());
            let text = bench.secret.expose().as_bytes();
            assert_eq!(sealed.ciphertext.len(), text.len() + 16);
            assert!(
                !sealed.ciphertext.windows(4).any(|some| text.windows(4).any(|own| own == some))
            );
            let opened = sealed.open(bench.place(), &bench.keys);
            assert!(opened.is_ok_and(|opened| opened == bench.secret));
        }
    }

    #[test]
    fn a_single_bit_that_is_changed_anywhere_is_refused() {
        let bench = Bench::new();
        let sealed = bench.sealed();
        let refused = |changed: SealedSecret| {
            assert_eq!(
                changed.open(bench.place(), &bench.keys).err(),
                Some(OpenSecretError::Refused)
            );
        };
        for bit in 0..8 * sealed.nonce.len() {
            let mut changed = sealed.clone();
            changed.nonce[bit / 8] ^= 1 << (bit % 8);
            refused(changed);
        }
        for bit in 0..8 * sealed.ciphertext.len() {
            let mut changed = sealed.clone();
            changed.ciphertext[bit / 8] ^= 1 << (bit % 8);
            refused(changed);
        }
        for length in 0..sealed.ciphertext.len() {
            let ciphertext = sealed.ciphertext[..length].to_vec();
            refused(SealedSecret { ciphertext, ..sealed.clone() });
        }
        for nonce in [Vec::new(), vec![0; 23], vec![0; 25]] {
            refused(SealedSecret { nonce, ..sealed.clone() });
        }
        let other = bench.keys.iter().nth(1).unwrap().id().to_string();
        refused(SealedSecret { key_id: other, ..sealed.clone() });
    }

    #[test]
    fn a_secret_that_is_copied_to_another_place_does_not_open_there() {
        let bench = Bench::new();
        let sealed = bench.sealed();
        let account_id: AccountId = "acct_2".parse().unwrap();
        let random = SeededRandom::new(2);
        let place = bench.place();
        for other in [
            SecretPlace { account_id: &account_id, ..place },
            SecretPlace { endpoint_id: EndpointId::new(NOW, &random), ..place },
            SecretPlace { secret_id: SecretId::new(NOW, &random), ..place },
        ] {
            let opened = sealed.open(other, &bench.keys);
            assert_eq!(opened.err(), Some(OpenSecretError::Refused), "{other:?}");
        }
    }

    #[test]
    fn a_key_that_is_not_there_is_told_from_a_secret_that_is_not_right() {
        let bench = Bench::new();
        let others = MasterKeys::new(MasterKey::generate(&SeededRandom::new(3)), Vec::new());
        let opened = bench.sealed().open(bench.place(), &others);
        assert_eq!(opened.err(), Some(OpenSecretError::NoKey));
    }

    #[test]
    fn of_100_000_nonces_none_comes_twice() {
        const SEALED: usize = 100_000;
        let bench = Bench::new();
        let nonces: HashSet<Vec<u8>> = (0..SEALED).map(|_| bench.sealed().nonce).collect();
        assert_eq!(nonces.len(), SEALED);
    }

    #[test]
    fn no_two_places_are_authenticated_by_the_same_bytes() {
        let bench = Bench::new();
        let longer: AccountId = "acct_11".parse().unwrap();
        let data = bench.place().associated_data();
        let other = SecretPlace { account_id: &longer, ..bench.place() }.associated_data();
        let account_at = 8 + PURPOSE.len();
        assert_eq!(data[account_at..account_at + 8], 6_u64.to_be_bytes());
        assert_eq!(other[account_at..account_at + 8], 7_u64.to_be_bytes());
        assert_eq!(data.len(), 4 * 8 + PURPOSE.len() + "acct_1".len() + 2 * 16);
    }
}
