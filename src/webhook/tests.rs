//! The layer against real sockets: receivers of every behaviour, on loopback.

mod addresses;
mod answers;
mod authority;
mod dns;
mod forbidden;
mod http2;
mod limits;
mod name_server;
mod overlap;
mod receiver;
mod sender;
mod tls;
mod vectors;
