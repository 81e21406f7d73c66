//! What is around the services: TLS, limits, deadlines, compression, gRPC-Web, retries.

mod authority;
mod compression;
mod errors;
mod limits;
mod overload;
mod service_config;
mod tls;
mod web;
mod wire;
