//! Bookora Webhooks: takes events over gRPC, keeps them, and POSTs each, signed, to every
//! subscribed endpoint until it is acknowledged or given up.
//!
//! One event's way through the modules:
//! [`grpc`] (publish) → [`store`] (one transaction) → [`delivery`] (what is due, fairly) →
//! [`webhook`] (one signed POST) → [`store`] (what came of it) → [`grpc`] (watch).
//! [`domain`] holds the words that all of them use; [`app`] puts them together.

pub mod app;
pub mod config;
pub mod delivery;
pub mod demo;
pub mod domain;
pub mod failpoint;
pub mod grpc;
pub mod health;
pub mod ops;
pub mod proto;
pub mod receiver;
pub mod signals;
pub mod store;
pub mod telemetry;
pub mod tokens;
pub mod webhook;
