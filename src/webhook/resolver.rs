//! From a host's name to its addresses. It only answers; whether an answer may be connected to is
//! left to the guard.

use std::io;
use std::net::SocketAddr;

use futures_util::future::{BoxFuture, FutureExt};

/// Answers with the addresses of a name; an argument, so that a test or a simulation can say what
/// a name resolves to.
pub trait Resolve: Send + Sync + 'static {
    /// The addresses of `host`, each with `port`, in the order in which to try them.
    ///
    /// # Errors
    /// Where the name does not resolve, or the resolver does not answer.
    fn resolve(&self, host: String, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>;
}

/// The operating system's resolver (`getaddrinfo`), with its hosts file and its timeouts. A lookup
/// holds a thread of the runtime's blocking pool, also after its attempt was given up.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, host: String, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) }.boxed()
    }
}
