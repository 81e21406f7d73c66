//! The secrets that sign an endpoint's requests.

use sea_orm::entity::prelude::*;

/// One secret, sealed.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "endpoint_secrets")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub secret_id: Uuid,
    /// The endpoint that it signs for.
    pub endpoint_id: Uuid,
    /// The name of the master key that it is sealed with.
    pub key_id: String,
    /// The nonce of the sealing, 24 bytes.
    pub nonce: Vec<u8>,
    /// The secret's text, sealed.
    pub ciphertext: Vec<u8>,
    /// Nanoseconds since the Unix epoch.
    pub create_time: i64,
    /// When it stops signing, in nanoseconds since the Unix epoch; null for the current one.
    pub expire_time: Option<i64>,
    /// The request whose rotation made it (AIP-155), unique within the endpoint.
    pub rotate_request_id: Option<Uuid>,
    /// SHA-256 over what that request asked for, but for the secret.
    pub rotate_request_digest: Option<Vec<u8>>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("endpoint_secrets").field(&self.secret_id).finish()
    }
}

/// None that the ORM is told of.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
