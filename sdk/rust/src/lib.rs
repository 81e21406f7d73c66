#![doc = include_str!("../README.md")]

#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod error_details;
#[cfg(feature = "client")]
mod event_data;
#[cfg(feature = "receiver")]
pub mod receiver;
#[cfg(feature = "client")]
mod stream_publisher;
#[cfg(feature = "client")]
pub mod v1;
#[cfg(feature = "client")]
mod watch;

#[cfg(feature = "client")]
pub use self::client::{Calls, Client, ClientBuilder, ConfigError};
#[cfg(feature = "client")]
pub use self::error_details::{
    ErrorDetails, FieldViolation, PreconditionViolation, QuotaViolation, Resource, item_error,
};
#[cfg(feature = "client")]
pub use self::stream_publisher::{Publication, StreamPublisher, StreamPublisherOptions};
#[cfg(feature = "client")]
pub use self::watch::{Watch, WatchCloser};
