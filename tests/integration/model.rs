//! The model of the tables that the simulation runs on is held to the databases: the same operations,
//! drawn at random, on both, and after each the same answer and the same rows. On PostgreSQL the
//! server's clock is the test's too, so that leases run out when it says.

mod operation;
mod rows;
mod side;

use bookora_webhooks::domain::clock::Clock;

use self::operation::Operation;
use self::side::{Both, SetClock};
use crate::database::{FreshDatabase, is_postgres};
use crate::simulation::dice::Dice;

/// Sequences of operations, each on a database of its own.
const SEQUENCES: u64 = 6;
/// Operations of a sequence.
const OPERATIONS: usize = 150;

#[tokio::test]
async fn whatever_is_done_the_model_and_the_database_answer_alike_and_hold_the_same() {
    for seed in 1..=SEQUENCES {
        let folder = tempfile::tempdir().unwrap();
        let database = FreshDatabase::new(folder.path());
        let clock = SetClock::new();
        let dice = Dice::new(seed);
        let mut both = Both::open(&database, &clock, &dice).await;
        let mut done: Vec<Operation> = Vec::new();
        for _ in 0..OPERATIONS {
            let operation = Operation::draw(&dice, &both, is_postgres());
            done.push(operation);
            let (model, real) = both.perform(operation).await;
            let last = &done[done.len().saturating_sub(8)..];
            assert_eq!(model, real, "seed {seed}: the answers to {operation:?} after {last:?}");
            let (model, real) = both.rows().await;
            assert_eq!(model, real, "seed {seed}: the rows after {last:?} at {}", clock.now());
        }
        both.close().await;
    }
}
