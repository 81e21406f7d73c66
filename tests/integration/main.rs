//! The service from outside: the real binary, real sockets, the generated client, real HTTPS
//! receivers.
//!
//! [`service`] starts the binary, [`party`] is an endpoint's owner with a receiver, [`node`] runs
//! JavaScript; every other module is a group of claims.

mod architecture;
mod body_writer;
mod command_line;
mod deliveries;
mod endpoint_tests;
mod interventions;
mod javascript;
mod node;
mod party;
mod recoveries;
mod service;
mod watches;
