//! Several replicas of the service, real processes, on one real PostgreSQL: what holds over all of
//! them, whatever happens to one of them, to the database, or to what is between.
//!
//! [`fleet`] starts and replaces replicas, [`publisher`] and [`hopper`] are callers that go to
//! another one where one fails them, [`gate`] is a receiver that keeps requests waiting, [`load`] all
//! of it together; every other module is a group of claims.

mod failover;
mod figures;
mod fleet;
mod gate;
mod hopper;
mod idempotency;
mod kills;
mod late_commit;
mod limits;
mod load;
mod master_keys;
mod outage;
mod partition;
mod publisher;
mod restore;
mod rolling_update;
mod start;
mod takeover;

/// The account of these tests.
const ACCOUNT: &str = "acct_1";
