//! One signed POST. [`client`] makes it, which is the [`Sender`] that the service has, in the words of its own `post`: sign ([`request`],
//! [`signature`]), send (`connector`, and within it `guard`, [`dns`] and [`tls`]), judge (`outcome`), and
//! keep what was answered (`response`).
//!
//! The layer knows neither store nor schedule: it is handed a [`Webhook`] and a deadline and
//! answers with an [`Exchange`](crate::domain::attempt::Exchange). When and how often to call it,
//! and what to do about the outcome, is left to the delivery layer.

pub mod client;
mod connection;
mod connector;
pub mod dns;
mod guard;
mod opening;
mod outcome;
pub mod request;
pub mod resolver;
mod response;
pub mod sender;
pub mod signature;
pub mod tls;

pub use client::WebhookClient;
pub use request::Webhook;
pub use sender::Sender;
pub use tls::{ClientSettings, InvalidClientSettings};

#[cfg(test)]
mod tests;
