//! What is around the services: TLS, limits, deadlines, compression, gRPC-Web, retries.

mod authority;
mod compression;
mod errors;
mod limits;
mod tls;
mod wire;
