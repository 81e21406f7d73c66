//! The contract's messages and clients, `bookora.webhooks.v1`, as they are generated.
//!
//! [`Client`](crate::Client) makes the clients, with credentials, deadlines and retries attached.

#![expect(
    clippy::pedantic,
    clippy::large_enum_variant,
    reason = "generated; the contract's comments are in it"
)]

include!("v1/stubs.rs");
