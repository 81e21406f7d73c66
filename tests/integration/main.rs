//! The service from outside: the real binary, real sockets, the generated client, real HTTPS
//! receivers.
//!
//! [`service`] starts the binary, [`database`] is what it runs on, [`postgres`] real servers for
//! it, [`party`] is an endpoint's owner with a receiver, [`plain_receiver`] a receiver that answers
//! as a test says, [`held_request`] a request that is answered later, [`tally`] counts what is in
//! the tables, [`node`] runs JavaScript; every other module is a group of claims.

mod access;
mod architecture;
mod bad_requests;
mod bare_store;
mod body_writer;
mod caller;
mod clock_jumps;
mod command_line;
mod crashes;
mod database;
mod database_file;
mod deliveries;
mod endpoint_tests;
mod failpoints;
mod fuzzed_requests;
mod held_request;
mod interventions;
mod javascript;
mod ledger;
mod link;
mod mishaps;
mod model;
mod neighbours;
mod node;
mod outages;
mod party;
mod plain_receiver;
mod postgres;
mod postgres_servers;
mod publishing;
mod readings;
mod receivers;
mod recoveries;
mod refusal;
mod registrations;
mod replicas;
mod retention;
mod rotation;
mod sealing;
mod service;
mod settings;
mod starts;
mod statements;
mod stops;
mod store;
mod suspension;
mod tally;
mod telemetry;
mod transport;
mod vectors;
mod watches;

#[path = "../simulation"]
mod simulation {
    pub mod dice;
    #[expect(dead_code, reason = "the simulation has it fail")]
    pub mod model;
}
