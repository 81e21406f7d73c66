//! Who else sends from this database, so that an endpoint's limits hold over all replicas: each
//! takes its share of a limit, and the shares of all add up to it.
//!
//! While a replica joins or leaves, the others share as before until they notice: for
//! a second an endpoint may be sent the joining one's share too much, and for five the share of one
//! that died too little.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::database::{Connections, in_time};
use super::entity::replicas::{ActiveModel, Column, Entity};
use super::error::StoreError;
use crate::domain::clock::Clock;
use crate::domain::id::EndpointId;
use crate::domain::random::Random;

/// How often a replica says that it lives, and looks who else does.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);
/// How long a replica counts after it last said so.
const ALIVE_FOR: Duration = Duration::from_secs(5);
/// Replicas that are counted; more would share too much.
const REPLICAS_MAX: u64 = 1_000;

/// The replicas that live, this one among them.
pub struct Membership {
    own: Uuid,
    /// In the order of their ids.
    alive: RwLock<Vec<Uuid>>,
}

impl Membership {
    /// This one alone.
    #[must_use]
    pub fn alone(random: &dyn Random) -> Arc<Self> {
        let own = uuid::Builder::from_random_bytes(random.bytes()).into_uuid();
        Arc::new(Self { own, alive: RwLock::new(vec![own]) })
    }

    /// This replica's id.
    #[must_use]
    pub fn own(&self) -> Uuid {
        self.own
    }

    /// Whether there are others.
    #[must_use]
    pub fn has_others(&self) -> bool {
        self.alive().len() > 1
    }

    /// This replica's share of a limit of an endpoint: over all replicas the shares add up to it.
    /// What does not divide goes to replicas that the endpoint's id chooses, so that not the same
    /// ones get it for all endpoints.
    #[must_use]
    pub fn share(&self, endpoint_id: EndpointId, limit: u32) -> u32 {
        let alive = self.alive();
        let count = u32::try_from(alive.len()).unwrap_or(u32::MAX).max(1);
        let rank = |replica: Uuid| mix(endpoint_id.as_uuid().as_u128() ^ replica.as_u128());
        let own = rank(self.own);
        let before = alive.iter().filter(|replica| rank(**replica) < own).count();
        let gets_one_more = (before as u64) < u64::from(limit % count);
        limit / count + u32::from(gets_one_more)
    }

    fn alive(&self) -> std::sync::RwLockReadGuard<'_, Vec<Uuid>> {
        self.alive.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_alive(&self, mut replicas: Vec<Uuid>) {
        if !replicas.contains(&self.own) {
            replicas.push(self.own);
        }
        *self.alive.write().unwrap_or_else(PoisonError::into_inner) = replicas;
    }
}

/// Spreads what differs in a few bits over all of them, the same on every replica whatever its
/// version (the finalizer of `MurmurHash3`).
fn mix(value: u128) -> u64 {
    let bytes = value.to_be_bytes();
    let half = |at: usize| u64::from_be_bytes(std::array::from_fn(|place| bytes[at + place]));
    let mut mixed = 0;
    for part in [half(0), half(8)] {
        mixed ^= part;
        mixed ^= mixed >> 33;
        mixed = mixed.wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed ^= mixed >> 33;
        mixed = mixed.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        mixed ^= mixed >> 33;
    }
    mixed
}

/// Says that this replica lives and looks who else does, now and from then on, until the
/// membership is dropped or left.
///
/// # Errors
/// The database's, the first time; later ones are told in the log.
pub async fn join(
    membership: &Arc<Membership>,
    connections: &Arc<Connections>,
    clock: &Arc<dyn Clock>,
) -> Result<(), StoreError> {
    beat(membership, connections, &**clock).await?;
    let (members, clock) = (Arc::downgrade(membership), Arc::clone(clock));
    tokio::spawn(beat_regularly(members, Arc::downgrade(connections), clock));
    Ok(())
}

/// Takes this replica off the list: the others share its part at their next look.
///
/// # Errors
/// The database's.
pub async fn leave(membership: &Membership, connections: &Connections) -> Result<(), StoreError> {
    Entity::delete_by_id(membership.own).exec(connections.writer()).await?;
    Ok(())
}

async fn beat_regularly(
    membership: Weak<Membership>,
    connections: Weak<Connections>,
    clock: Arc<dyn Clock>,
) {
    loop {
        tokio::time::sleep(HEARTBEAT_INTERVAL).await;
        let (Some(membership), Some(connections)) = (membership.upgrade(), connections.upgrade())
        else {
            return;
        };
        if connections.is_closed() {
            return;
        }
        if let Err(error) = in_time(beat(&membership, &connections, &*clock)).await {
            tracing::warn!(%error, "cannot tell the other replicas that this one lives");
        }
    }
}

async fn beat(
    membership: &Membership,
    connections: &Connections,
    clock: &dyn Clock,
) -> Result<(), StoreError> {
    let now = clock.now();
    let row =
        ActiveModel { replica_id: Set(membership.own), heartbeat_time: Set(now.as_unix_nanos()) };
    Entity::insert(row)
        .on_conflict(
            OnConflict::column(Column::ReplicaId).update_column(Column::HeartbeatTime).to_owned(),
        )
        .exec_without_returning(connections.writer())
        .await?;
    let alive_since = (now - ALIVE_FOR).as_unix_nanos();
    Entity::delete_many()
        .filter(Column::HeartbeatTime.lt((now - 10 * ALIVE_FOR).as_unix_nanos()))
        .exec(connections.writer())
        .await?;
    let alive: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::ReplicaId)
        .filter(Column::HeartbeatTime.gte(alive_since))
        .order_by_asc(Column::ReplicaId)
        .limit(REPLICAS_MAX)
        .into_tuple()
        .all(connections.writer())
        .await?;
    membership.set_alive(alive);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_all_replicas_add_up_to_the_limit_and_none_is_favoured() {
        for count in 1..=7_u128 {
            let ids: Vec<Uuid> = (1..=count).map(|id| Uuid::from_u128(id << 64 | id)).collect();
            let members: Vec<Membership> = ids
                .iter()
                .map(|own| Membership { own: *own, alive: RwLock::new(ids.clone()) })
                .collect();
            let mut single = vec![0; members.len()];
            for endpoint in 0..1_000_u128 {
                let endpoint_id = EndpointId::from_uuid(Uuid::from_u128(endpoint));
                for limit in [1, 2, 3, 10, 1_000] {
                    let shares: Vec<u32> =
                        members.iter().map(|member| member.share(endpoint_id, limit)).collect();
                    assert_eq!(shares.iter().sum::<u32>(), limit, "{shares:?}");
                    let (least, most) = (shares.iter().min(), shares.iter().max());
                    assert!(most.unwrap() - least.unwrap() <= 1, "{shares:?}");
                    if limit == 1 {
                        single.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share);
                    }
                }
            }
            let fair = 1_000 / u32::try_from(count).unwrap();
            assert!(single.iter().all(|sum| (fair / 2..=2 * fair).contains(sum)), "{single:?}");
        }
    }
}
