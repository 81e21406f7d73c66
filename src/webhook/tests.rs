//! The layer against real sockets: receivers of every behaviour, on loopback.

mod addresses;
mod answers;
mod authority;
mod http2;
mod limits;
mod overlap;
mod receiver;
mod sender;
mod tls;
