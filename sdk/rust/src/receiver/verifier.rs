//! Whether a request comes from Bookora.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac;

use super::event::{Event, parse};
use super::headers::{
    BOOKORA_PREVIOUS, BOOKORA_SIGNATURE, ID, SIGNATURE, SignatureHeaders, TIMESTAMP,
};
use super::secret::{InvalidSecret, Secret};
use super::verify_error::VerifyError;

/// How far `webhook-timestamp` may be off, unless it is set otherwise: what Standard Webhooks
/// advises.
pub const TOLERANCE_DEFAULT: Duration = Duration::from_mins(5);

/// What each signature in `webhook-signature` begins with (Standard Webhooks, "Signature scheme").
const STANDARD_VERSION: &[u8] = b"v1,";
/// Seconds since 1970 have 10 digits until the year 2286; 12 are no overflow of anything.
const TIMESTAMP_DIGITS_MAX: usize = 12;

/// Verifies the requests of an endpoint. Make one at the start and share it.
#[derive(Clone)]
pub struct Verifier {
    secrets: Vec<Secret>,
    tolerance: Option<Duration>,
}

impl Verifier {
    /// With the endpoint's secrets, exactly as Bookora shows them: one, or during a rotation both.
    ///
    /// # Errors
    /// Where there is none, one is empty, or `whsec_` is not followed by padded base64.
    pub fn new<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Result<Self, InvalidSecret> {
        let secrets: Vec<_> = secrets
            .into_iter()
            .map(|text| Secret::parse(text.as_ref()))
            .collect::<Result<_, _>>()?;
        if secrets.is_empty() {
            return Err(InvalidSecret::Missing);
        }
        Ok(Self { secrets, tolerance: Some(TOLERANCE_DEFAULT) })
    }

    /// How far `webhook-timestamp` may be off the receiver's clock; [`TOLERANCE_DEFAULT`] unless
    /// set. With `None` it is not looked at, and requests that have no `webhook-signature` are
    /// taken with `X-Bookora-Signature`: then nothing protects against a request that somebody
    /// recorded and sends again.
    #[must_use]
    pub fn tolerance(self, tolerance: Option<Duration>) -> Self {
        Self { tolerance, ..self }
    }

    /// Verifies a request and reads its event.
    ///
    /// `body` is what came, byte for byte. `headers` are pairs of names, in any case, and values:
    /// an `&http::HeaderMap` as axum and hyper have it, a `&HashMap<String, String>`, a `Vec` of
    /// pairs.
    ///
    /// # Errors
    /// See [`VerifyError`]. The body is read only after its signature has held.
    pub fn verify<N: AsRef<str>, V: AsRef<[u8]>>(
        &self,
        body: &[u8],
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Event, VerifyError> {
        #[expect(clippy::disallowed_methods, reason = "`verify_at` takes the time as an argument")]
        let now = SystemTime::now();
        self.verify_at(body, headers, now)
    }

    /// The same at another time than now, for tests and for what was kept.
    ///
    /// # Errors
    /// As [`Verifier::verify`].
    pub fn verify_at<N: AsRef<str>, V: AsRef<[u8]>>(
        &self,
        body: &[u8],
        headers: impl IntoIterator<Item = (N, V)>,
        now: SystemTime,
    ) -> Result<Event, VerifyError> {
        let headers = SignatureHeaders::pick(headers);
        match (headers.get(SIGNATURE)?, self.tolerance) {
            (Some(signatures), _) => self.check_standard(body, &headers, signatures, now)?,
            // Whoever strips it from a recorded request is not to get past the clock.
            (None, Some(_)) => return Err(VerifyError::MissingHeader { header: SIGNATURE }),
            (None, None) => self.check_bookora(body, &headers)?,
        }
        Ok(parse(body)?)
    }

    fn check_standard(
        &self,
        body: &[u8],
        headers: &SignatureHeaders,
        signatures: &[u8],
        now: SystemTime,
    ) -> Result<(), VerifyError> {
        let id = headers.require(ID)?;
        let timestamp = headers.require(TIMESTAMP)?;
        let sent_at = seconds(timestamp)?;
        if let Some(tolerance) = self.tolerance {
            check_age(sent_at, now, tolerance)?;
        }
        let claimed: Vec<_> = signatures
            .split(|byte| *byte == b' ')
            .filter_map(|signature| STANDARD.decode(signature.strip_prefix(STANDARD_VERSION)?).ok())
            .collect();
        let mut matches = false;
        for secret in &self.secrets {
            let mac = secret.standard_mac(id, timestamp, body);
            // Every pair, each in constant time: how long it takes says nothing.
            for signature in &claimed {
                matches |= mac.clone().verify_slice(signature).is_ok();
            }
        }
        if matches { Ok(()) } else { Err(VerifyError::NoMatchingSignature { header: SIGNATURE }) }
    }

    fn check_bookora(&self, body: &[u8], headers: &SignatureHeaders) -> Result<(), VerifyError> {
        let current = headers.get(BOOKORA_SIGNATURE)?;
        let previous = headers.get(BOOKORA_PREVIOUS)?;
        if current.is_none() && previous.is_none() {
            return Err(VerifyError::MissingHeader { header: BOOKORA_SIGNATURE });
        }
        let claimed = [current, previous].map(|value| value.and_then(lowercase_hex));
        let mut matches = false;
        for secret in &self.secrets {
            let mac = secret.bookora_mac(body);
            for signature in claimed.iter().flatten() {
                matches |= mac.clone().verify_slice(signature).is_ok();
            }
        }
        let header = if current.is_some() { BOOKORA_SIGNATURE } else { BOOKORA_PREVIOUS };
        if matches { Ok(()) } else { Err(VerifyError::NoMatchingSignature { header }) }
    }
}

/// A signature as the service writes it; nothing else is one.
fn lowercase_hex(value: &[u8]) -> Option<Vec<u8>> {
    let is_lowercase = value.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_lowercase.then(|| hex::decode(value).ok()).flatten()
}

/// `webhook-timestamp`: decimal seconds since 1970, digits only.
fn seconds(value: &[u8]) -> Result<u64, VerifyError> {
    let problem = "is not 1-12 decimal digits, the seconds since 1970";
    let is_decimal = value.iter().all(u8::is_ascii_digit);
    if value.is_empty() || value.len() > TIMESTAMP_DIGITS_MAX || !is_decimal {
        return Err(VerifyError::InvalidHeader { header: TIMESTAMP, problem });
    }
    Ok(value.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
}

fn check_age(sent_at: u64, now: SystemTime, tolerance: Duration) -> Result<(), VerifyError> {
    // A clock before 1970 is as wrong as one can be.
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    // In whole seconds, as the header is.
    let now = Duration::from_secs(now.as_secs());
    let sent_at = Duration::from_secs(sent_at);
    let off_by = now.abs_diff(sent_at);
    if off_by > tolerance {
        let is_ahead = sent_at > now;
        return Err(VerifyError::TimestampOutOfTolerance { off_by, is_ahead, tolerance });
    }
    Ok(())
}
