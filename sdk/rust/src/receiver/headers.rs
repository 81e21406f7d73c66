//! The headers of a request that signatures are about, out of whatever holds them.

use super::verify_error::VerifyError;

/// The event's id, which is signed.
pub const ID: &str = "webhook-id";
/// When the attempt began, in seconds since 1970, which is signed.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// The signatures of Standard Webhooks.
pub const SIGNATURE: &str = "webhook-signature";
/// The signature of the body alone.
pub const BOOKORA_SIGNATURE: &str = "x-bookora-signature";
/// The same by the other secret of a rotation.
pub const BOOKORA_PREVIOUS: &str = "x-bookora-signature-previous";

const NAMES: [&str; 5] = [ID, TIMESTAMP, SIGNATURE, BOOKORA_SIGNATURE, BOOKORA_PREVIOUS];

/// The values of [`NAMES`], in that order; `None` where there is none.
#[derive(Default)]
pub struct SignatureHeaders {
    values: [Option<Vec<u8>>; NAMES.len()],
    twice: [bool; NAMES.len()],
}

impl SignatureHeaders {
    /// Picks them out of all headers, by name in any case of its letters.
    pub fn pick<N: AsRef<str>, V: AsRef<[u8]>>(headers: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut picked = Self::default();
        for (name, value) in headers {
            let is_it = |known: &&str| known.eq_ignore_ascii_case(name.as_ref());
            let Some(at) = NAMES.iter().position(is_it) else { continue };
            if picked.values[at].replace(value.as_ref().to_vec()).is_some() {
                picked.twice[at] = true;
            }
        }
        picked
    }

    /// A header's value, where it came.
    ///
    /// # Errors
    /// `INVALID_HEADER` where it came more than once: which of them was meant?
    pub fn get(&self, name: &'static str) -> Result<Option<&[u8]>, VerifyError> {
        let at = NAMES.iter().position(|known| *known == name).expect("one of the names");
        if self.twice[at] {
            return Err(VerifyError::InvalidHeader { header: name, problem: "came twice" });
        }
        Ok(self.values[at].as_deref())
    }

    /// A header's value.
    ///
    /// # Errors
    /// `MISSING_HEADER` where it did not come, `INVALID_HEADER` where it came more than once.
    pub fn require(&self, name: &'static str) -> Result<&[u8], VerifyError> {
        self.get(name)?.ok_or(VerifyError::MissingHeader { header: name })
    }
}
