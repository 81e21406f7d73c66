//! Requests that their callers name (AIP-155), so that one that is made again changes nothing more.

use uuid::Uuid;

use crate::domain::secret::Secret;

/// The name of a request that changes something, unique within the account and the kind of request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRequest {
    /// Its id.
    pub request_id: Uuid,
    /// SHA-256 over what it asks for, which holds no secret.
    pub digest: [u8; 32],
}

/// A request that may bring a secret. Its digest covers that it does, not which: a digest of the
/// secret would let who has the database try guesses at it, and a keyed digest would stand in the
/// way of removing its key. The secret is compared itself, with what the first request stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRequest {
    /// Its name, and the digest of all but the secret.
    pub named: NamedRequest,
    /// Whether its caller brought the secret; else it was made here, another one each time.
    pub brings_secret: bool,
}

impl SecretRequest {
    /// Whether a stored digest and the secret that was stored with it are those of this request,
    /// which has `secret` itself. `stored`: `None` where it has been replaced since, and so cannot
    /// tell the two apart any more.
    #[must_use]
    pub fn is_again(
        &self,
        digest: Option<&[u8]>,
        stored: Option<&Secret>,
        secret: &Secret,
    ) -> bool {
        let is_same_secret = stored.is_none_or(|stored| stored == secret);
        digest == Some(&self.named.digest[..]) && (!self.brings_secret || is_same_secret)
    }
}
