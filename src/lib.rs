//! Bookora Webhooks: takes events over gRPC, keeps them, and POSTs each, signed, to every
//! subscribed endpoint until it is acknowledged or given up.

pub mod delivery;
pub mod domain;
pub mod grpc;
pub mod proto;
pub mod store;
pub mod webhook;
