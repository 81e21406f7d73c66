//! The secrets of an endpoint: the current one and, while the overlap of a rotation lasts, the one
//! before it. What is in force is a function of the time alone: nothing has to run when an overlap
//! ends.

use std::fmt;
use std::iter;
use std::time::Duration;

use super::clock::Timestamp;
use super::id::SecretId;
use super::secret::Secret;

/// How long the old secret goes on signing where a rotation does not say: a working day for
/// whoever configures receivers.
pub const OVERLAP_DEFAULT: Duration = Duration::from_hours(24);
/// Longest overlap: a secret that is being replaced is not to be forgotten.
pub const OVERLAP_MAX: Duration = Duration::from_hours(7 * 24);

/// A secret and what may be shown of it.
#[derive(Clone)]
pub struct EndpointSecret {
    /// Its id.
    pub secret_id: SecretId,
    /// The secret.
    pub secret: Secret,
    /// When it was made.
    pub create_time: Timestamp,
}

impl fmt::Debug for EndpointSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("EndpointSecret").field(&self.secret_id).finish()
    }
}

/// A secret that was replaced.
#[derive(Clone, Debug)]
pub struct ExpiringSecret {
    /// The secret.
    pub secret: EndpointSecret,
    /// When it stops signing: from this time on it is not in force.
    pub expire_time: Timestamp,
}

/// An endpoint's secrets.
#[derive(Clone, Debug)]
pub struct EndpointSecrets {
    current: EndpointSecret,
    /// May have expired: asked for by time only.
    previous: Option<ExpiringSecret>,
}

/// The secrets that sign one request, in the order of its signatures.
#[derive(Clone, Copy)]
pub struct SigningSecrets<'a> {
    /// Signs `X-Bookora-Signature`, and comes first in `webhook-signature`.
    pub first: &'a Secret,
    /// Signs `X-Bookora-Signature-Previous`, and comes second in `webhook-signature`; only during
    /// an overlap.
    pub second: Option<&'a Secret>,
}

/// Why the secret was not rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RotationError {
    /// The overlap of the rotation before lasts: wait until it ends, or revoke the old secret.
    #[error("secret {secret_id} signs until {expire_time}")]
    InProgress {
        /// The old secret.
        secret_id: SecretId,
        /// When the overlap ends.
        expire_time: Timestamp,
    },
    /// The new secret is the one that is to be replaced: choose another.
    #[error("the new secret is the current one")]
    SameSecret,
}

/// Why a secret was not revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevocationError {
    /// It is the current secret: rotate without an overlap instead.
    #[error("the secret is the current one")]
    InUse,
    /// No such secret is in force.
    #[error("no such secret is in force")]
    NotFound,
}

impl EndpointSecrets {
    /// The secret of a new endpoint.
    #[must_use]
    pub fn new(current: EndpointSecret) -> Self {
        Self { current, previous: None }
    }

    /// Secrets as they were stored; `previous` may have expired.
    #[must_use]
    pub fn stored(current: EndpointSecret, previous: Option<ExpiringSecret>) -> Self {
        Self { current, previous }
    }

    /// The secret that receivers are to be configured with.
    #[must_use]
    pub fn current(&self) -> &EndpointSecret {
        &self.current
    }

    /// The old secret, where an overlap lasts at `now`.
    #[must_use]
    pub fn previous_at(&self, now: Timestamp) -> Option<&ExpiringSecret> {
        self.previous.as_ref().filter(|previous| now < previous.expire_time)
    }

    /// The secrets in force at `now`, newest first.
    pub fn in_force_at(&self, now: Timestamp) -> impl Iterator<Item = &EndpointSecret> {
        let previous = self.previous_at(now).map(|previous| &previous.secret);
        iter::once(&self.current).chain(previous)
    }

    /// The secret that was made at that time, whether or not it is in force; `None` where it has been
    /// replaced.
    #[must_use]
    pub fn made_at(&self, time: Timestamp) -> Option<&EndpointSecret> {
        let previous = self.previous.as_ref().map(|previous| &previous.secret);
        iter::once(&self.current).chain(previous).find(|secret| secret.create_time == time)
    }

    /// What signs a request at `now`: the current secret first or, where `swapped`, the old one.
    /// Outside an overlap there is nothing to swap.
    #[must_use]
    pub fn signing_at(&self, now: Timestamp, swapped: bool) -> SigningSecrets<'_> {
        let current = &self.current.secret;
        match self.previous_at(now).map(|previous| &previous.secret.secret) {
            Some(previous) if swapped => SigningSecrets { first: previous, second: Some(current) },
            second => SigningSecrets { first: current, second },
        }
    }

    /// Makes `new` the current secret; the one before it stays in force for `overlap` from `now`.
    /// Without an overlap it is gone at once, whatever the clock does.
    ///
    /// # Errors
    /// [`RotationError`]; nothing has changed then.
    pub fn rotate(
        &mut self,
        new: EndpointSecret,
        overlap: Duration,
        now: Timestamp,
    ) -> Result<(), RotationError> {
        assert!(overlap <= OVERLAP_MAX, "an overlap was checked when it was asked for");
        if let Some(ExpiringSecret { secret, expire_time }) = self.previous_at(now) {
            let (secret_id, expire_time) = (secret.secret_id, *expire_time);
            return Err(RotationError::InProgress { secret_id, expire_time });
        }
        if new.secret == self.current.secret {
            return Err(RotationError::SameSecret);
        }
        let old = std::mem::replace(&mut self.current, new);
        self.previous = (overlap > Duration::ZERO)
            .then(|| ExpiringSecret { secret: old, expire_time: now + overlap });
        Ok(())
    }

    /// Ends an old secret before its overlap does.
    ///
    /// # Errors
    /// [`RevocationError`]; nothing has changed then.
    pub fn revoke(&mut self, secret_id: SecretId, now: Timestamp) -> Result<(), RevocationError> {
        if secret_id == self.current.secret_id {
            return Err(RevocationError::InUse);
        }
        let previous = self.previous_at(now);
        if previous.is_none_or(|previous| previous.secret.secret_id != secret_id) {
            return Err(RevocationError::NotFound);
        }
        self.previous = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::random::SeededRandom;

    const START: Timestamp = Timestamp::from_unix_millis(1_781_087_400_000);
    const OVERLAP: Duration = Duration::from_hours(1);

    fn secret(seed: u64) -> EndpointSecret {
        let random = SeededRandom::new(seed);
        EndpointSecret {
            secret_id: SecretId::new(START, &random),
            secret: Secret::generate(&random),
            create_time: START,
        }
    }

    /// Secret 2 has replaced secret 1 with an overlap of an hour from the start.
    fn rotated() -> EndpointSecrets {
        let mut secrets = EndpointSecrets::new(secret(1));
        secrets.rotate(secret(2), OVERLAP, START).unwrap();
        secrets
    }

    fn ids(secrets: &EndpointSecrets, now: Timestamp) -> Vec<SecretId> {
        secrets.in_force_at(now).map(|secret| secret.secret_id).collect()
    }

    /// What signs, as texts.
    fn signing(secrets: &EndpointSecrets, now: Timestamp, swapped: bool) -> Vec<String> {
        let SigningSecrets { first, second } = secrets.signing_at(now, swapped);
        iter::once(first).chain(second).map(|secret| secret.expose().to_owned()).collect()
    }

    fn texts(seeds: &[u64]) -> Vec<String> {
        seeds.iter().map(|seed| secret(*seed).secret.expose().to_owned()).collect()
    }

    #[test]
    fn both_secrets_are_in_force_until_the_overlap_ends_and_then_the_new_one() {
        let secrets = rotated();
        let both = vec![secret(2).secret_id, secret(1).secret_id];
        let last = START + OVERLAP - Duration::from_nanos(1);
        assert_eq!(ids(&secrets, START), both);
        assert_eq!(ids(&secrets, last), both);
        assert_eq!(ids(&secrets, START + OVERLAP), [secret(2).secret_id]);
        assert_eq!(secrets.previous_at(last).unwrap().expire_time, START + OVERLAP);
        assert!(secrets.previous_at(START + OVERLAP).is_none());
    }

    #[test]
    fn the_new_secret_signs_first_and_a_swap_puts_the_old_one_there() {
        let secrets = rotated();
        assert_eq!(signing(&secrets, START, false), texts(&[2, 1]));
        assert_eq!(signing(&secrets, START, true), texts(&[1, 2]));
    }

    #[test]
    fn a_swap_has_no_effect_outside_an_overlap() {
        let before = EndpointSecrets::new(secret(1));
        assert_eq!(signing(&before, START, true), texts(&[1]));
        assert_eq!(signing(&rotated(), START + OVERLAP, true), texts(&[2]));
    }

    #[test]
    fn an_overlap_of_zero_ends_the_old_secret_at_once_and_for_a_clock_that_jumps_back() {
        let mut secrets = EndpointSecrets::new(secret(1));
        secrets.rotate(secret(2), Duration::ZERO, START).unwrap();
        for now in [START, START - OVERLAP] {
            assert_eq!(ids(&secrets, now), [secret(2).secret_id]);
        }
    }

    #[test]
    fn a_rotation_inside_an_overlap_is_refused_and_one_after_it_is_not() {
        let mut secrets = rotated();
        let (secret_id, expire_time) = (secret(1).secret_id, START + OVERLAP);
        assert_eq!(
            secrets.rotate(secret(3), OVERLAP, START),
            Err(RotationError::InProgress { secret_id, expire_time })
        );
        assert_eq!(ids(&secrets, START), [secret(2).secret_id, secret(1).secret_id]);
        secrets.rotate(secret(3), OVERLAP, expire_time).unwrap();
        assert_eq!(ids(&secrets, expire_time), [secret(3).secret_id, secret(2).secret_id]);
    }

    #[test]
    fn a_secret_is_not_rotated_to_itself() {
        let mut secrets = EndpointSecrets::new(secret(1));
        let again = EndpointSecret { secret_id: secret(2).secret_id, ..secret(1) };
        assert_eq!(secrets.rotate(again, OVERLAP, START), Err(RotationError::SameSecret));
        assert_eq!(ids(&secrets, START), [secret(1).secret_id]);
    }

    #[test]
    fn an_old_secret_is_revoked_once_and_the_current_one_never() {
        let mut secrets = rotated();
        let (old, current) = (secret(1).secret_id, secret(2).secret_id);
        assert_eq!(secrets.revoke(current, START), Err(RevocationError::InUse));
        assert_eq!(secrets.revoke(secret(3).secret_id, START), Err(RevocationError::NotFound));
        assert_eq!(secrets.revoke(old, START), Ok(()));
        assert_eq!(ids(&secrets, START), [current]);
        assert_eq!(secrets.revoke(old, START), Err(RevocationError::NotFound));
        assert_eq!(rotated().revoke(old, START + OVERLAP), Err(RevocationError::NotFound));
    }

    #[test]
    fn debug_shows_ids_and_never_secrets() {
        let shown = format!("{:?}", rotated());
        assert!(shown.contains(&secret(1).secret_id.to_string()), "{shown}");
        assert!(!shown.contains("whsec_"), "{shown}");
    }
}
