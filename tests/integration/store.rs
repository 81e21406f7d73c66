//! The store by itself, at a time that the test says: leases.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bookora_webhooks::domain::attempt::Outcome;
use bookora_webhooks::store::record::Recorded;
use sea_orm::{ConnectionTrait, DbBackend};

use crate::bare_store::BareStore;
use crate::database::{FreshDatabase, ask, connect, master_key_file};

/// Longer than any lease to an endpoint with the default deadline.
const LONGER_THAN_A_LEASE: Duration = Duration::from_secs(21);

async fn bare_store(database: &FreshDatabase) -> BareStore {
    BareStore::open(database.url(), master_key_file(database.url())).await
}

/// The store's time is set by so much.
fn set_clock(bench: &BareStore, by: i64) {
    bench.clock.0.fetch_add(by, Ordering::Relaxed);
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).expect("it is short")
}

/// Lets the time of every lease pass. On a server it is the server's time, which nobody moves: there
/// the leases are moved back instead.
async fn outwait_leases(bench: &BareStore, database: &FreshDatabase) {
    let by = nanos(LONGER_THAN_A_LEASE);
    let connection = connect(database.url()).await;
    if connection.get_database_backend() == DbBackend::Sqlite {
        set_clock(bench, by);
    } else {
        let earlier = format!(
            "UPDATE deliveries SET lease_expire_time = lease_expire_time - {by} \
             WHERE lease_token IS NOT NULL"
        );
        connection.execute_unprepared(&earlier).await.expect("they are moved");
    }
    connection.close().await.expect("the connection ends");
}

#[tokio::test]
async fn of_10_000_leases_that_ran_out_no_late_outcome_is_recorded() {
    const ROUNDS: usize = 100;
    const DELIVERIES: usize = 100;
    let folder = tempfile::tempdir().unwrap();
    let database = FreshDatabase::new(folder.path());
    let bench = bare_store(&database).await;
    for _ in 0..ROUNDS {
        bench.publish(DELIVERIES).await;
        let mut late = bench.claim(1_000).await;
        while let Ok(handed) = bench.handed.lock().unwrap().try_recv() {
            late.push(handed.leased);
        }
        assert_eq!(late.len(), DELIVERIES);
        assert!(bench.claim(1_000).await.is_empty(), "what is leased is not claimed");

        outwait_leases(&bench, &database).await;
        assert_eq!(bench.store.queue().rescue().await.unwrap(), DELIVERIES as u64);
        let taken_over = bench.claim(1_000).await;
        let ids: HashSet<_> = taken_over.iter().map(|one| one.delivery.delivery_id).collect();
        assert_eq!(ids.len(), DELIVERIES, "each is taken over once");
        assert!(bench.record_all(&late).await.iter().all(|one| *one == Recorded::LeaseLost));
        assert!(bench.record_all(&taken_over).await.iter().all(|one| *one == Recorded::Yes));
    }
}

#[tokio::test]
async fn leases_that_are_extended_in_time_are_not_freed() {
    let folder = tempfile::tempdir().unwrap();
    let database = FreshDatabase::new(folder.path());
    let bench = bare_store(&database).await;
    bench.publish(1).await;
    let leased = bench.handed.lock().unwrap().try_recv().expect("it is born leased").leased;
    assert!(!bench.store.queue().has_leases_running_out().await.unwrap());
    outwait_leases(&bench, &database).await;
    assert!(bench.store.queue().has_leases_running_out().await.unwrap());
    bench.store.queue().extend(&[(leased.delivery.delivery_id, leased.lease_token)]).await.unwrap();
    assert_eq!(bench.store.queue().rescue().await.unwrap(), 0);
    let recorded = bench.store.queue().record(bench.acknowledged(&leased)).await.unwrap();
    assert_eq!(recorded, Recorded::Yes);
}

#[tokio::test]
async fn an_outcome_that_is_recorded_after_the_clock_was_set_back_waits_as_long_as_it_was_to() {
    let folder = tempfile::tempdir().unwrap();
    // With a server it is the server's clock that would have to be set.
    let database = FreshDatabase::file(folder.path());
    let bench = bare_store(&database).await;
    bench.publish(1).await;
    let leased = bench.handed.lock().unwrap().try_recv().expect("it is born leased").leased;
    let failed = bench.ended(&leased, Outcome::Connect);
    set_clock(&bench, -nanos(Duration::from_hours(24)));
    assert_eq!(bench.store.queue().record(failed).await.unwrap(), Recorded::Yes);
    // 30 s, and a fifth more or less.
    set_clock(&bench, nanos(Duration::from_secs(23)));
    assert!(bench.claim(1).await.is_empty());
    set_clock(&bench, nanos(Duration::from_secs(14)));
    assert_eq!(bench.claim(1).await.len(), 1);
}

#[tokio::test]
async fn a_delivery_whose_event_is_missing_is_given_up_and_does_not_hold_up_the_others() {
    const LOSE_ONE: &str = "DELETE FROM events WHERE event_id = (SELECT event_id FROM deliveries \
                            WHERE lease_token IS NULL ORDER BY delivery_id LIMIT 1)";
    const GIVEN_UP: &str = "state = 4 AND state_reason = 'its event is missing from the database'";
    let folder = tempfile::tempdir().unwrap();
    let database = FreshDatabase::new(folder.path());
    let bench = bare_store(&database).await;
    // Of a new endpoint's deliveries one is handed over, and the others wait.
    bench.publish(4).await;
    let connection = connect(database.url()).await;
    connection.execute_unprepared(LOSE_ONE).await.unwrap();
    connection.close().await.unwrap();
    assert_eq!(bench.claim(10).await.len(), 2);
    for table in ["deliveries", "delivery_changes"] {
        let count = format!("SELECT COUNT(*) FROM {table} WHERE {GIVEN_UP}");
        assert_eq!(ask(database.url(), &count).await, 1, "{table}");
    }
}

#[tokio::test]
async fn a_lease_that_is_given_back_counts_as_no_claim() {
    let folder = tempfile::tempdir().unwrap();
    let database = FreshDatabase::new(folder.path());
    let bench = bare_store(&database).await;
    // Of a new endpoint's deliveries one is handed over, and the other waits.
    bench.publish(2).await;
    // More often than claims may come to nothing.
    for _ in 0..12 {
        let claimed = bench.claim(10).await;
        let leases: Vec<_> =
            claimed.iter().map(|one| (one.delivery.delivery_id, one.lease_token)).collect();
        assert_eq!(leases.len(), 1);
        assert_eq!(bench.store.queue().release(&leases).await.unwrap(), 1);
    }
    let claimed = bench.claim(10).await;
    assert_eq!(bench.record_all(&claimed).await, [Recorded::Yes]);
}

#[tokio::test]
async fn a_late_outcome_and_that_of_the_lease_s_holder_may_be_recorded_together() {
    let folder = tempfile::tempdir().unwrap();
    let database = FreshDatabase::new(folder.path());
    let bench = bare_store(&database).await;
    bench.publish(1).await;
    let late = bench.handed.lock().unwrap().try_recv().expect("it is born leased").leased;
    bench.store.queue().release(&[(late.delivery.delivery_id, late.lease_token)]).await.unwrap();
    let holder = bench.claim(1).await.pop().expect("it is due");
    let both = [holder.clone(), late.clone(), holder, late];
    let recorded = bench.record_all(&both).await;
    let lost = Recorded::LeaseLost;
    assert_eq!(recorded, [Recorded::Yes, lost, lost, lost]);
    assert_eq!(ask(database.url(), "SELECT COUNT(*) FROM attempts").await, 1);
}
