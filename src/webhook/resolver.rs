//! What a host's name means in addresses. It only answers; whether an answer may be connected to
//! is left to the guard.

use std::io;
use std::net::SocketAddr;

use futures_util::future::BoxFuture;

/// Answers with the addresses of a name; an argument, so that a test or a simulation can say what
/// a name resolves to.
pub trait Resolve: Send + Sync + 'static {
    /// The addresses of `host`, each with `port`, in the order in which to try them.
    ///
    /// # Errors
    /// Where the name does not resolve, or the resolver does not answer.
    fn resolve(&self, host: String, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>;
}
