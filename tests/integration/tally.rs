//! The figures of deliveries, counted from the tables one by one, and held against what the service
//! says.

use std::fmt::Write;
use std::time::Duration;

use bookora_webhooks::domain::clock::{Clock, SystemClock};
use bookora_webhooks::domain::id::EndpointId;
use bookora_webhooks::proto::{GetDeliveryStatsRequest, GetDeliveryStatsResponse};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, Value};

use crate::caller::{Caller, nanos};
use crate::database::{ask, connect};
use crate::service::eventually;

/// How far a latency may be off, in hundredths of it.
const LATENCY_OFF_MAX: i128 = 5;

/// As if nothing of the log had been counted; for a database that no process uses.
pub const UNCOUNT: &str = "
    DELETE FROM delivery_stats;
    UPDATE store_identity SET counted_transaction = 0, counted_sequence = 0, counted_time = 0";

/// A request for the figures of the last 24 hours.
pub fn stats_of(account_id: &str) -> GetDeliveryStatsRequest {
    GetDeliveryStatsRequest {
        account_id: account_id.to_owned(),
        ..GetDeliveryStatsRequest::default()
    }
}

/// The answer to a request.
pub async fn stats(
    caller: &mut Caller,
    request: GetDeliveryStatsRequest,
) -> GetDeliveryStatsResponse {
    caller.query.get_delivery_stats(request).await.expect("it answers").into_inner()
}

/// Waits until all that was committed until now is counted.
pub async fn counted(caller: &mut Caller) {
    let now = i128::from(SystemClock::new().now().as_unix_nanos());
    eventually("all is counted", async || {
        let answer = stats(caller, stats_of("-")).await;
        (nanos(answer.as_of_time) > now).then_some(())
    })
    .await;
}

/// Waits until all is counted, and holds the answer to a request against the tables, in which
/// nothing changes any more. How many deliveries were counted.
pub async fn assert_counts(
    caller: &mut Caller,
    database_url: &str,
    request: GetDeliveryStatsRequest,
) -> i64 {
    settled(database_url).await;
    counted(caller).await;
    let answer = stats(caller, request.clone()).await;
    let tally = Tally::of(database_url, &request, &answer).await;
    let states = [
        answer.pending_count,
        answer.retrying_count,
        answer.succeeded_count,
        answer.failed_count,
        answer.cancelled_count,
    ];
    assert_eq!(states, tally.states, "{request:?}");
    let attempts = i64::try_from(tally.latencies_micros.len()).expect("they are few");
    assert_eq!(answer.attempt_count, attempts, "{request:?}");
    tally.assert_percentile(50, answer.latency_p50);
    tally.assert_percentile(99, answer.latency_p99);
    states.iter().sum()
}

/// Waits until all of the log can be read: on PostgreSQL nothing can that is younger than the oldest
/// transaction on the server, whosever it is.
async fn settled(database_url: &str) {
    const UNSETTLED: &str = "SELECT COUNT(*) FROM delivery_changes WHERE transaction_id >= \
                             pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
    if database_url.starts_with("postgres") {
        eventually("the log is settled", async || {
            (ask(database_url, UNSETTLED).await == 0).then_some(())
        })
        .await;
    }
}

/// What the tables say.
struct Tally {
    /// By the number of the state.
    states: [i64; 5],
    /// Of the attempts, from the shortest on.
    latencies_micros: Vec<i64>,
}

impl Tally {
    async fn of(
        database_url: &str,
        request: &GetDeliveryStatsRequest,
        answer: &GetDeliveryStatsResponse,
    ) -> Self {
        let database = connect(database_url).await;
        let mut conditions = "d.create_time >= $1 AND d.create_time < $2".to_owned();
        let range = [answer.start_time, answer.end_time]
            .map(|time| Value::from(i64::try_from(nanos(time)).expect("a time of these years")));
        let mut values = range.to_vec();
        if request.account_id != "-" {
            values.push(request.account_id.as_str().into());
            let _ = write!(conditions, " AND d.account_id = ${}", values.len());
        }
        if !request.endpoint_id.is_empty() {
            let endpoint_id: EndpointId = request.endpoint_id.parse().expect("an id");
            values.push(endpoint_id.as_uuid().into());
            let _ = write!(conditions, " AND d.endpoint_id = ${}", values.len());
        }
        let mut states = [0; 5];
        let sql = format!("SELECT d.state FROM deliveries AS d WHERE {conditions}");
        for state in numbers::<i16>(&database, &sql, &values).await {
            states[usize::from(state.unsigned_abs()) - 1] += 1;
        }
        let sql = format!(
            "SELECT a.latency_micros FROM attempts AS a JOIN deliveries AS d \
             ON d.delivery_id = a.delivery_id WHERE {conditions} ORDER BY a.latency_micros"
        );
        let latencies_micros = numbers(&database, &sql, &values).await;
        database.close().await.expect("the connection ends");
        Self { states, latencies_micros }
    }

    fn assert_percentile(&self, percent: usize, told: Option<prost_types::Duration>) {
        let rank = (self.latencies_micros.len() * percent).div_ceil(100);
        let exact = rank.checked_sub(1).map(|place| i128::from(self.latencies_micros[place]));
        let told = told.map(|told| {
            let told = Duration::try_from(told).expect("it is not negative");
            i128::try_from(told.as_micros()).expect("it is short")
        });
        let is_near = match (told, exact) {
            (None, None) => true,
            (Some(told), Some(exact)) => (told - exact).abs() * 100 <= exact * LATENCY_OFF_MAX,
            _ => false,
        };
        assert!(is_near, "{told:?} instead of {exact:?} \u{b5}s, of {percent} %");
    }
}

async fn numbers<T: sea_orm::TryGetable>(
    database: &DatabaseConnection,
    sql: &str,
    values: &[Value],
) -> Vec<T> {
    let backend = database.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values.to_vec());
    let rows = database.query_all_raw(statement).await.expect("it answers");
    rows.iter().map(|row| row.try_get_by_index(0).expect("a number")).collect()
}
