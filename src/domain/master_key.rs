//! Master keys: what the secrets of endpoints are sealed with before they are stored. As key
//! material they have neither `Debug` nor `Display`. The text they are kept in is
//! [`crate::domain::key_file`]'s, the sealing [`crate::domain::sealed_secret`]'s.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::random::Random;

/// Bytes of a key of XChaCha20-Poly1305.
pub const MASTER_KEY_BYTES: usize = 32;
/// Longest name of a key: it is stored with each secret.
const KEY_ID_CHARS_MAX: usize = 64;
/// What a made name begins with.
const KEY_ID_PREFIX: &str = "mk_";
/// Random bytes of a made name: no other key is called so by chance.
const KEY_ID_BYTES: usize = 6;

/// The name of a master key. It is no secret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

/// The text names no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key id is 1-64 characters of a-z, 0-9, `_` and `-`")]
pub struct InvalidKeyId;

impl KeyId {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyId {
    type Err = InvalidKeyId;

    fn from_str(text: &str) -> Result<Self, InvalidKeyId> {
        let fits = (1..=KEY_ID_CHARS_MAX).contains(&text.len());
        let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        if fits && text.bytes().all(is_allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidKeyId)
        }
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A key with its name. Its memory is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    id: KeyId,
    key: Zeroizing<[u8; MASTER_KEY_BYTES]>,
}

impl MasterKey {
    /// A new key, with a name that no other has: `mk_` and 12 hexadecimal digits.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        let name = hex::encode(random.bytes::<KEY_ID_BYTES>());
        let mut key = Zeroizing::new([0; MASTER_KEY_BYTES]);
        random.fill(&mut *key);
        Self { id: KeyId(format!("{KEY_ID_PREFIX}{name}")), key }
    }

    /// Reads a key from the padded base64 of its 32 bytes; `None` where it is not that.
    #[must_use]
    pub fn from_base64(id: KeyId, encoded: &str) -> Option<Self> {
        let decoded = Zeroizing::new(STANDARD.decode(encoded).ok()?);
        let bytes = decoded.as_slice().try_into().ok()?;
        Some(Self { id, key: Zeroizing::new(bytes) })
    }

    /// Its name.
    #[must_use]
    pub const fn id(&self) -> &KeyId {
        &self.id
    }

    /// The key itself, for the one place that seals and opens with it.
    pub(super) fn expose(&self) -> &[u8; MASTER_KEY_BYTES] {
        &self.key
    }

    /// The line of a key file that holds it, without the line's end.
    #[must_use]
    pub fn line(&self) -> Zeroizing<String> {
        let encoded = Zeroizing::new(STANDARD.encode(*self.key));
        Zeroizing::new(format!("{} {}", self.id, *encoded))
    }
}

/// Keys that are used together: the first, the primary one, seals; all of them open.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKeys {
    primary: MasterKey,
    others: Vec<MasterKey>,
    lost: Vec<KeyId>,
}

impl MasterKeys {
    /// Keys in the order of a file.
    #[must_use]
    pub fn new(primary: MasterKey, others: Vec<MasterKey>) -> Self {
        Self { primary, others, lost: Vec::new() }
    }

    /// These, and the names of keys that an operator says are gone for good.
    #[must_use]
    pub fn with_lost(mut self, lost: Vec<KeyId>) -> Self {
        self.lost = lost;
        self
    }

    /// The names of keys that are gone for good: nothing waits for them.
    #[must_use]
    pub fn lost(&self) -> &[KeyId] {
        &self.lost
    }

    /// Whether the key of this name is gone for good.
    #[must_use]
    pub fn is_lost(&self, id: &str) -> bool {
        self.find(id).is_none() && self.lost.iter().any(|lost| lost.as_str() == id)
    }

    /// The key that seals.
    #[must_use]
    pub const fn primary(&self) -> &MasterKey {
        &self.primary
    }

    /// The key of this name.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&MasterKey> {
        self.iter().find(|key| key.id.as_str() == id)
    }

    /// All of them, the primary one first.
    pub fn iter(&self) -> impl Iterator<Item = &MasterKey> {
        std::iter::once(&self.primary).chain(&self.others)
    }

    /// These, and those of `others` besides that have another name; they open, and do not seal.
    #[must_use]
    pub fn with(mut self, others: &Self) -> Self {
        for other in others.iter() {
            if self.find(other.id.as_str()).is_none() {
                self.others.push(other.clone());
            }
        }
        self
    }

    /// These without the key of that name. The primary one stays.
    #[must_use]
    pub fn without(mut self, id: &KeyId) -> Self {
        self.others.retain(|key| key.id != *id);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::random::SeededRandom;

    #[test]
    fn a_key_reads_back_from_its_line() {
        let key = MasterKey::generate(&SeededRandom::new(1));
        let line = key.line();
        let (id, encoded) = line.split_once(' ').unwrap();
        assert!(id.starts_with("mk_") && id.len() == 15, "{id}");
        assert!(
            MasterKey::from_base64(id.parse().unwrap(), encoded).is_some_and(|read| read == key)
        );
    }

    #[test]
    fn what_is_no_key_or_no_name_of_one_is_refused() {
        let id: KeyId = "mk_1".parse().unwrap();
        for encoded in
            ["", "AAAA", "not base64", &STANDARD.encode([0; 31]), &STANDARD.encode([0; 33])]
        {
            assert!(MasterKey::from_base64(id.clone(), encoded).is_none(), "{encoded}");
        }
        for name in ["", "A", "a b", "a/b", "ü", &"a".repeat(65)] {
            assert_eq!(name.parse::<KeyId>(), Err(InvalidKeyId), "{name}");
        }
        assert!("a".repeat(64).parse::<KeyId>().is_ok());
    }

    #[test]
    fn keys_of_another_file_are_added_behind_and_taken_away_but_for_the_primary_one() {
        let key = |seed| MasterKey::generate(&SeededRandom::new(seed));
        let both = MasterKeys::new(key(1), vec![key(2)]);
        let all = MasterKeys::new(key(3), Vec::new()).with(&both);
        let ids = |keys: &MasterKeys| keys.iter().map(|key| key.id().clone()).collect::<Vec<_>>();
        let names = [3, 1, 2].map(|seed| key(seed).id().clone());
        assert_eq!(ids(&all), names);
        let fewer = all.without(&names[1]).without(&names[0]);
        assert_eq!(ids(&fewer), [names[0].clone(), names[2].clone()]);
        assert!(fewer.find(names[1].as_str()).is_none());
    }
}
