//! The contract, served: one file per service, and what they share.
//!
//! A request is checked ([`violations`]), turned into the domain's words, answered from the store,
//! and turned back. Errors become statuses in one place, [`failure`].

mod custom_event;
mod delivery_filter;
mod delivery_intervention;
mod delivery_message;
pub mod delivery_query;
pub mod endpoint_admin;
pub mod endpoint_fields;
mod endpoint_recovery;
pub mod endpoint_test;
pub mod event_data;
pub mod event_ingest;
pub mod event_samples;
pub mod failure;
mod page;
pub mod publish_stream;
mod secret_rotation;
pub mod server;
pub mod stream_limits;
mod struct_value;
mod token;
pub mod violations;
pub mod watch;
