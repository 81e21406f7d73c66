//! Requests that their callers name (AIP-155), so that one that is made again changes nothing more.

use uuid::Uuid;

/// The name of a request that changes something, unique within the account and the kind of request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRequest {
    /// Its id.
    pub request_id: Uuid,
    /// SHA-256 over what it asks for.
    pub digest: [u8; 32],
}
