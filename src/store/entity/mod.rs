//! The tables, row by row as they are stored: numbers, text and bytes. What the rows mean is the
//! domain's; the translation is in [`super::row`].

pub mod attempts;
pub mod deliveries;
pub mod delivery_changes;
pub mod delivery_stats;
pub mod endpoint_secrets;
pub mod endpoints;
pub mod events;
pub mod recoveries;
pub mod replicas;
pub mod resends;
pub mod store_identity;
