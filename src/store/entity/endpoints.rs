//! Where an account's events are sent.

use sea_orm::entity::prelude::*;

/// One endpoint.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "endpoints")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub endpoint_id: Uuid,
    /// Whose it is.
    pub account_id: String,
    /// The normalised URL.
    pub url: String,
    /// JSON: a list of names and groups.
    pub event_types: String,
    /// For people.
    pub description: String,
    /// JSON: a list of pairs of name and value.
    pub headers: String,
    /// JSON: a list of waits in milliseconds.
    pub retry_schedule: Option<String>,
    /// The deadline of a request in milliseconds.
    pub request_timeout_millis: Option<i32>,
    /// The endpoint's own limit of requests under way.
    pub max_in_flight: Option<i32>,
    /// The endpoint's own limit of requests begun in a second.
    pub max_per_second: Option<i32>,
    /// 1 active, 2 disabled, 3 suspended.
    pub state: i16,
    /// Why it is not active.
    pub state_reason: String,
    /// 1 at creation, one more with each change.
    pub version: i32,
    /// Nanoseconds since the Unix epoch.
    pub create_time: i64,
    /// Nanoseconds since the Unix epoch.
    pub update_time: i64,
    /// The request that made it (AIP-155), unique within the account.
    pub create_request_id: Option<Uuid>,
    /// SHA-256 over what that request asked for, but for the secret.
    pub create_request_digest: Option<Vec<u8>>,
    /// When the first failure after the last success was recorded, in nanoseconds since the Unix
    /// epoch; unset while the last is a success, and at first.
    pub failing_since: Option<i64>,
}

/// Rows are joined by hand: an endpoint may be gone while its deliveries are kept.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
