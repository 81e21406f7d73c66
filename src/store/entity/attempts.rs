//! The HTTP requests of deliveries and what came of them.

use sea_orm::entity::prelude::*;

/// One attempt; durations are in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attempts")]
pub struct Model {
    /// The delivery.
    #[sea_orm(primary_key, auto_increment = false)]
    pub delivery_id: Uuid,
    /// From 1, without a gap.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    /// Its id.
    pub attempt_id: Uuid,
    /// 1 schedule, 2 manual; tests (3) are not kept.
    pub trigger: i16,
    /// 1 succeeded, 2 HTTP status, 3 timeout, 4 DNS, 5 connect, 6 TLS, 7 protocol, 8 blocked.
    pub outcome: i16,
    /// 0 where no head arrived.
    pub http_status: i16,
    /// Why it failed; empty on success.
    pub error_message: String,
    /// `ip:port`; empty where no connection was made.
    pub remote_address: String,
    /// Nanoseconds since the Unix epoch.
    pub start_time: i64,
    /// The whole.
    pub latency_micros: i64,
    /// Resolving the name.
    pub dns_micros: Option<i64>,
    /// The TCP connection.
    pub connect_micros: Option<i64>,
    /// The TLS handshake.
    pub tls_micros: Option<i64>,
    /// From the connection being ready to the response's head.
    pub first_byte_micros: Option<i64>,
    /// JSON: a list of pairs of name and value.
    pub response_headers: String,
    /// At most its first 16 KiB.
    pub response_body: Vec<u8>,
    /// Whether there was more.
    pub response_body_truncated: bool,
}

/// Joined by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
