//! The service from outside: the real binary, real sockets, the generated client, real HTTPS
//! receivers.
//!
//! [`service`] starts the binary, [`party`] is an endpoint's owner with a receiver,
//! [`plain_receiver`] a receiver that answers as a test says, [`node`] runs JavaScript; every other module is a group of claims.

mod architecture;
mod body_writer;
mod command_line;
mod deliveries;
mod javascript;
mod node;
mod party;
mod plain_receiver;
mod retention;
mod service;
mod suspension;
mod watches;
