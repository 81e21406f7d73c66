//! The contract, served: one file per service, and what they share.
//!
//! A request is checked ([`violations`]), turned into the domain's words, answered from the store,
//! and turned back. Errors become statuses in one place, [`failure`]. Before all that
//! [`authentication`] has found out who calls, and [`guard`] that it may.

mod answer;
pub mod audit;
pub mod authentication;
pub mod authorization;
pub mod caller;
pub mod calls;
pub mod connections;
pub mod credentials;
mod custom_event;
pub mod deadline;
mod delivery_filter;
mod delivery_intervention;
mod delivery_message;
pub mod delivery_query;
mod delivery_stats;
pub mod endpoint_admin;
pub mod endpoint_fields;
mod endpoint_recovery;
pub mod endpoint_test;
pub mod event_data;
pub mod event_ingest;
mod event_list;
pub mod event_samples;
pub mod failure;
pub mod guard;
mod intake;
pub mod methods;
pub mod observed;
mod page;
pub mod publish_stream;
mod secret_rotation;
pub mod server;
pub mod stream_limits;
mod struct_value;
pub mod tls;
mod token;
pub mod tokens_file;
pub mod tokens_follower;
mod unread;
pub mod violations;
pub mod watch;
pub mod watch_lag;
