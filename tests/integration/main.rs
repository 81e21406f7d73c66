//! The service from outside: the real binary, real sockets, the generated client, real HTTPS
//! receivers.
//!
//! [`service`] starts the binary, [`party`] is an endpoint's owner with a receiver; every other
//! module is a group of claims.

mod body_writer;
mod node;
mod party;
mod service;
