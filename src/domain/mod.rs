//! What things are and what they may do: ids, times, events, endpoints, secrets, deliveries,
//! attempts. No input or output, nothing asynchronous, and nothing of ours is imported here;
//! every other layer builds on these words.

pub mod access;
pub mod access_token;
pub mod account;
pub mod address;
pub mod attempt;
pub mod clock;
pub mod delivery;
pub mod delivery_stats;
pub mod endpoint;
pub mod endpoint_secrets;
pub mod endpoint_url;
pub mod event;
pub mod header;
pub mod id;
pub mod json;
pub mod key_file;
pub mod latency;
pub mod master_key;
pub mod pace;
pub mod payload;
pub mod random;
pub mod recovery;
pub mod retry;
pub mod retry_after;
pub mod sealed_secret;
pub mod secret;
pub mod subscription;
pub mod trace_parent;
pub mod type_name;
