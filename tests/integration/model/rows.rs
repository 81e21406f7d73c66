//! All rows as text, of the model and of a database, to be compared.

use bookora_webhooks::domain::clock::Timestamp;
use bookora_webhooks::domain::delivery::DeliveryState;
use bookora_webhooks::domain::endpoint::EndpointState;
use sea_orm::{ConnectionTrait, DatabaseConnection, QueryResult, Statement};
use uuid::Uuid;

use crate::simulation::model::State;

const DELIVERIES: &str = "SELECT delivery_id, event_id, state, state_reason, revision, \
    attempt_count, claim_count, swaps_signatures, next_attempt_time, lease_token, \
    lease_expire_time, create_time, update_time FROM deliveries ORDER BY delivery_id";
const ENDPOINTS: &str = "SELECT endpoint_id, state, state_reason, version, failing_since \
    FROM endpoints ORDER BY endpoint_id";
const EVENTS: &str = "SELECT event_id, delivery_count, idempotency_key FROM events \
    ORDER BY event_id";
const LOG: &str = "SELECT delivery_id, revision, previous_state, state, attempt_count, \
    next_attempt_time, commit_time FROM delivery_changes ORDER BY transaction_id, sequence";
const ATTEMPTS: &str = "SELECT delivery_id, number, attempt_id FROM attempts \
    ORDER BY delivery_id, number";

/// The rows of a database.
pub async fn of_database(database: &DatabaseConnection) -> Vec<String> {
    let mut lines = Vec::new();
    for (what, sql) in
        [("delivery", DELIVERIES), ("endpoint", ENDPOINTS), ("event", EVENTS), ("log", LOG)]
    {
        let statement = Statement::from_string(database.get_database_backend(), sql);
        let rows = database.query_all_raw(statement).await.expect("they can be read");
        lines.extend(rows.iter().map(|row| line(what, row)));
    }
    let statement = Statement::from_string(database.get_database_backend(), ATTEMPTS);
    let rows = database.query_all_raw(statement).await.expect("they can be read");
    lines.extend(rows.iter().map(|row| {
        let ids: [Uuid; 2] = [get(row, "delivery_id"), get(row, "attempt_id")];
        format!("attempt {ids:?} {}", get::<i32>(row, "number"))
    }));
    lines
}

fn get<T: sea_orm::TryGetable>(row: &QueryResult, column: &str) -> T {
    row.try_get("", column).expect("it is there")
}

fn line(what: &str, row: &QueryResult) -> String {
    match what {
        "delivery" => {
            let ids: [Uuid; 2] = [get(row, "delivery_id"), get(row, "event_id")];
            let state: (i16, String, bool) =
                (get(row, "state"), get(row, "state_reason"), get(row, "swaps_signatures"));
            let counts: [i32; 3] =
                ["revision", "attempt_count", "claim_count"].map(|c| get(row, c));
            let times: [Option<i64>; 3] =
                ["next_attempt_time", "lease_token", "lease_expire_time"].map(|c| get(row, c));
            let stamps: [i64; 2] = ["create_time", "update_time"].map(|c| get(row, c));
            format!("delivery {ids:?} {state:?} {counts:?} {times:?} {stamps:?}")
        }
        "endpoint" => {
            let id: Uuid = get(row, "endpoint_id");
            let state: (i16, String) = (get(row, "state"), get(row, "state_reason"));
            let since: Option<i64> = get(row, "failing_since");
            format!("endpoint {id:?} {state:?} {} {since:?}", get::<i32>(row, "version"))
        }
        "event" => {
            let id: Uuid = get(row, "event_id");
            let key: Option<String> = get(row, "idempotency_key");
            format!("event {id:?} {} {key:?}", get::<i32>(row, "delivery_count"))
        }
        _ => {
            let id: Uuid = get(row, "delivery_id");
            let states: (Option<i16>, i16) = (get(row, "previous_state"), get(row, "state"));
            let counts: [i32; 2] = ["revision", "attempt_count"].map(|c| get(row, c));
            let times: (Option<i64>, i64) =
                (get(row, "next_attempt_time"), get(row, "commit_time"));
            format!("log {id:?} {states:?} {counts:?} {times:?}")
        }
    }
}

/// The rows of the model.
pub fn of_model(state: &State) -> Vec<String> {
    let rows = &state.rows;
    let nanos = |time: Option<Timestamp>| time.map(Timestamp::as_unix_nanos);
    let deliveries = rows.deliveries.values().map(|row| {
        let delivery = &row.delivery;
        let ids = [delivery.delivery_id.as_uuid(), delivery.event_id.as_uuid()];
        let state = (number(delivery.state), &delivery.state_reason, row.swaps_signatures);
        let counts = [delivery.revision, delivery.attempt_count, row.claim_count];
        let token = row.lease.map(|(token, _)| token.as_stored());
        let expiry = nanos(row.lease.map(|(_, expiry)| expiry));
        let times = [nanos(delivery.next_attempt_time), token, expiry];
        let stamps = [delivery.create_time, delivery.update_time].map(Timestamp::as_unix_nanos);
        format!("delivery {ids:?} {state:?} {counts:?} {times:?} {stamps:?}")
    });
    let endpoints = rows.endpoints.values().map(|row| {
        let endpoint = &row.endpoint;
        let number = match endpoint.state {
            EndpointState::Active => 1,
            EndpointState::Disabled => 2,
            EndpointState::Suspended => 3,
        };
        let (id, state) = (endpoint.endpoint_id.as_uuid(), (number, &endpoint.state_reason));
        format!("endpoint {id:?} {state:?} {} {:?}", endpoint.version, nanos(row.failing_since))
    });
    let events = rows.events.values().map(|row| {
        let key = row.event.idempotency_key.as_ref().map(|key| key.as_str().to_owned());
        format!("event {:?} {} {key:?}", row.event.event_id.as_uuid(), row.delivery_count)
    });
    let log = rows.log.values().map(|row| {
        let delivery = &row.delivery;
        let states = (row.previous_state.map(number), number(delivery.state));
        let counts = [delivery.revision, delivery.attempt_count];
        let commit = delivery.update_time.as_unix_nanos();
        let times = (nanos(delivery.next_attempt_time), commit);
        format!("log {:?} {states:?} {counts:?} {times:?}", delivery.delivery_id.as_uuid())
    });
    let attempts = rows.attempts.iter().map(|((id, number), attempt)| {
        format!("attempt {:?} {number}", [id.as_uuid(), attempt.attempt_id.as_uuid()])
    });
    deliveries.chain(endpoints).chain(events).chain(log).chain(attempts).collect()
}

fn number(state: DeliveryState) -> i16 {
    match state {
        DeliveryState::Pending => 1,
        DeliveryState::Retrying => 2,
        DeliveryState::Succeeded => 3,
        DeliveryState::Failed => 4,
        DeliveryState::Cancelled => 5,
    }
}
