//! Ids of what the service makes: a prefix that tells what it is, then a UUID version 7
//! (RFC 9562, section 5.7) in 26 characters of lowercase Crockford base 32, as in
//! `evt_01jz3k5x8g…`. They sort by the millisecond in which they were made, so that the newest
//! rows of an index lie together and a page can go on from the last id it showed.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::clock::Timestamp;
use super::random::Random;

/// 26 characters of 5 bits hold the 128 bits of a UUID.
const ENCODED_CHARS: usize = 26;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The text is not an id of the kind that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be `{prefix}` followed by 26 characters of 0-9 and a-z without i, l, o, u")]
pub struct InvalidId {
    prefix: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, made now.
            #[must_use]
            pub fn new(now: Timestamp, random: &dyn Random) -> Self {
                Self(time_ordered(now, random))
            }

            /// The least id that can have been made at or after a time.
            #[must_use]
            pub fn first_at(time: Timestamp) -> Self {
                Self(Uuid::from_u128(u128::from(time.as_unix_millis()) << 80))
            }

            /// The id in its stored form.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The id's stored form.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(Self::PREFIX)?;
                formatter.write_str(&encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, formatter)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix(Self::PREFIX)
                    .and_then(decode)
                    .map(Self)
                    .ok_or(InvalidId { prefix: Self::PREFIX })
            }
        }
    };
}

id! {
    /// A published event; also the `webhook-id` header of every request that carries it.
    EventId, "evt_"
}
id! {
    /// A sample that tests an endpoint, and is never stored.
    TestEventId, "evt_test_"
}
id! {
    /// A registered endpoint.
    EndpointId, "ep_"
}
id! {
    /// One event on its way to one endpoint.
    DeliveryId, "dlv_"
}
id! {
    /// One HTTP request of a delivery.
    AttemptId, "att_"
}
id! {
    /// One recovery of an endpoint.
    RecoveryId, "rcv_"
}
id! {
    /// One signing secret of an endpoint (the id is public, the secret is not).
    SecretId, "sec_"
}

/// Proof of holding a delivery: recording an outcome needs the token under which it was claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LeaseToken(i64);

impl LeaseToken {
    /// A token that no other claim of the same delivery has (63 random bits).
    #[must_use]
    pub fn new(random: &dyn Random) -> Self {
        Self(i64::from_le_bytes(random.bytes()) & i64::MAX)
    }

    /// The token in its stored form.
    #[must_use]
    pub const fn from_stored(value: i64) -> Self {
        Self(value)
    }

    /// The token's stored form.
    #[must_use]
    pub const fn as_stored(self) -> i64 {
        self.0
    }
}

fn time_ordered(now: Timestamp, random: &dyn Random) -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(now.as_unix_millis(), &random.bytes()).into_uuid()
}

fn encode(uuid: Uuid) -> String {
    let bits = uuid.as_u128();
    (0..ENCODED_CHARS)
        .rev()
        .map(|place| char::from(ALPHABET[(bits >> (5 * place)) as usize & 31]))
        .collect()
}

fn decode(text: &str) -> Option<Uuid> {
    if text.len() != ENCODED_CHARS {
        return None;
    }
    let mut bits: u128 = 0;
    for byte in text.bytes() {
        let digit = ALPHABET.iter().position(|&symbol| symbol == byte)?;
        // 26 characters hold 130 bits: the first may only use its lower three.
        if bits >> 123 != 0 {
            return None;
        }
        bits = bits << 5 | digit as u128;
    }
    Some(Uuid::from_u128(bits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::random::SeededRandom;

    #[test]
    fn an_id_reads_back_from_its_text() {
        let id =
            EventId::new(Timestamp::from_unix_millis(1_781_087_400_000), &SeededRandom::new(1));
        assert!(id.to_string().starts_with("evt_0"));
        assert_eq!(id.to_string().parse(), Ok(id));
        let largest = EventId::from_uuid(Uuid::max());
        assert_eq!(largest.to_string(), "evt_7zzzzzzzzzzzzzzzzzzzzzzzzz");
        assert_eq!(largest.to_string().parse(), Ok(largest));
    }

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let random = SeededRandom::new(2);
        let ids: Vec<_> = (0..50)
            .map(|i| DeliveryId::new(Timestamp::from_unix_millis(1_000 + i), &random).to_string())
            .collect();
        assert!(ids.is_sorted());
    }

    #[test]
    fn the_first_id_of_a_millisecond_comes_before_its_ids_and_after_those_before_it() {
        let random = SeededRandom::new(3);
        let at = Timestamp::from_unix_millis;
        for _ in 0..50 {
            assert!(DeliveryId::first_at(at(1_000)) <= DeliveryId::new(at(1_000), &random));
            assert!(DeliveryId::first_at(at(1_000)) > DeliveryId::new(at(999), &random));
        }
    }

    #[test]
    fn what_is_not_an_id_of_the_kind_is_refused() {
        for text in [
            "",
            "evt_",
            "dlv_01jz3k5x8gabcdefghjkmnpqrs",
            "evt_01JZ3K5X8GABCDEFGHJKMNPQRS",
            "evt_01jz3k5x8gabcdefghjkmnpqr",
            "evt_01jz3k5x8gabcdefghjkmnpqrst",
            "evt_01jz3k5x8gabcdefghjkmnpqri",
            "evt_8zzzzzzzzzzzzzzzzzzzzzzzzz",
        ] {
            assert!(text.parse::<EventId>().is_err(), "{text}");
        }
    }
}
