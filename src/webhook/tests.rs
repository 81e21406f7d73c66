//! The layer against real sockets: receivers of every behaviour, on loopback.

mod addresses;
mod answers;
mod limits;
mod receiver;
mod sender;
//mod tls;
