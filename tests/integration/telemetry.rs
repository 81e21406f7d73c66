//! What the service tells of itself: metrics and health over HTTP, traces and logs over OTLP.
//!
//! [`scrape`] asks over HTTP, [`collector`] is what OTLP is sent to.

pub mod collector;
mod health;
mod metrics;
pub mod scrape;
mod traces;
