//! Which deliveries a listing shows.

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::{
    Delivery, DeliveryFilter, DisableEndpointRequest, Endpoint, ListDeliveriesRequest,
};
use prost_types::Timestamp;

use super::{all_of, started};
use crate::caller::{ACCOUNT, Caller, PAGE_MAX, deaf_endpoint, nanos};
use crate::deliveries::{sample, seconds};
use crate::party::Party;
use crate::service::{Service, eventually};

const TYPES: [EventType; 3] =
    [EventType::BookingCreated, EventType::ReviewCreated, EventType::CustomerCreated];

/// Deliveries in every state in which they stay, of three types, to four endpoints.
struct Filled {
    endpoint_ids: [String; 4],
    event_ids: Vec<String>,
    deliveries: Vec<Delivery>,
}

impl Filled {
    async fn new(service: &Service, caller: &mut Caller, party: &Party) -> Self {
        let acknowledging = party.register(service, party.endpoint(ACCOUNT)).await;
        let waiting = caller.register(deaf_endpoint(ACCOUNT)).await;
        let retry_schedule = vec![seconds(1)];
        let failing = Endpoint { retry_schedule, ..deaf_endpoint(ACCOUNT) };
        let failing = caller.register(failing).await;
        let disabled = caller.register(deaf_endpoint(ACCOUNT)).await;
        let mut event_ids = Vec::new();
        for event_type in TYPES.into_iter().chain(TYPES) {
            event_ids.push(caller.publish(sample(ACCOUNT, event_type)).await.event_id);
        }
        let request = DisableEndpointRequest {
            account_id: ACCOUNT.to_owned(),
            endpoint_id: disabled.endpoint_id.clone(),
            ..DisableEndpointRequest::default()
        };
        caller.admin.disable_endpoint(request).await.expect("it is disabled");
        let endpoint_ids =
            [acknowledging, waiting, failing, disabled].map(|endpoint| endpoint.endpoint_id);
        let expected = [State::Succeeded, State::Retrying, State::Failed, State::Cancelled];
        let deliveries = eventually("each has come to its end", async || {
            let listed = caller.deliveries(all_of(ACCOUNT)).await;
            let has_ended = |delivery: &Delivery| {
                let index = endpoint_ids.iter().position(|id| *id == delivery.endpoint_id);
                delivery.state() == expected[index.expect("it is one of the four")]
            };
            listed.iter().all(has_ended).then_some(listed)
        })
        .await;
        assert_eq!(deliveries.len(), 4 * event_ids.len());
        Self { endpoint_ids, event_ids, deliveries }
    }
}

/// What a filter means: fields are combined with AND, the values of one field with OR.
fn passes(filter: &DeliveryFilter, delivery: &Delivery) -> bool {
    let among = |values: &[String], value: &String| values.is_empty() || values.contains(value);
    among(&filter.endpoint_ids, &delivery.endpoint_id)
        && among(&filter.event_types, &delivery.event_type)
        && among(&filter.event_ids, &delivery.event_id)
        && (filter.states.is_empty() || filter.states.contains(&delivery.state))
}

fn combinations(filled: &Filled) -> Vec<DeliveryFilter> {
    let Filled { endpoint_ids: endpoints, event_ids: events, .. } = filled;
    let unknown = format!("ep_{}", "0".repeat(26));
    let name = |event_type: EventType| event_type.name().to_owned();
    let endpoint_sets =
        [vec![], vec![endpoints[0].clone()], endpoints[1..].to_vec(), vec![unknown]];
    let type_sets = [
        vec![],
        vec![name(TYPES[0])],
        vec![name(TYPES[1]), name(TYPES[2])],
        vec![name(EventType::LeadQualified)],
    ];
    let event_sets = [vec![], vec![events[0].clone()], events[2..5].to_vec()];
    let state_sets = [
        vec![],
        vec![State::Succeeded.into()],
        vec![State::Retrying.into(), State::Failed.into(), State::Retrying.into()],
        vec![State::Cancelled.into(), State::Pending.into()],
    ];
    let mut all = Vec::new();
    for endpoint_ids in &endpoint_sets {
        for event_types in &type_sets {
            for event_ids in &event_sets {
                for states in &state_sets {
                    all.push(DeliveryFilter {
                        endpoint_ids: endpoint_ids.clone(),
                        event_types: event_types.clone(),
                        event_ids: event_ids.clone(),
                        states: states.clone(),
                    });
                }
            }
        }
    }
    all
}

#[tokio::test]
async fn a_filters_fields_are_combined_with_and_their_values_with_or() {
    let (service, mut caller, party) = started().await;
    let filled = Filled::new(&service, &mut caller, &party).await;
    let sizes = [1, 3, PAGE_MAX].into_iter().cycle();
    let mut non_empty = 0;
    for (filter, page_size) in combinations(&filled).into_iter().zip(sizes) {
        let expected: Vec<_> =
            filled.deliveries.iter().filter(|delivery| passes(&filter, delivery)).collect();
        non_empty += usize::from(!expected.is_empty());
        for account in [ACCOUNT, "-"] {
            let request = ListDeliveriesRequest {
                filter: Some(filter.clone()),
                page_size,
                ..all_of(account)
            };
            let found = caller.deliveries(request.clone()).await;
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{request:?}");
        }
    }
    assert!(non_empty > 50, "{non_empty} filters let something through");
}

fn millis(time: Option<Timestamp>) -> i128 {
    nanos(time) / 1_000_000
}

fn at_millis(millis: i128) -> Timestamp {
    let [seconds, rest] = [millis / 1_000, millis % 1_000].map(|part| i64::try_from(part).unwrap());
    Timestamp { seconds, nanos: i32::try_from(rest * 1_000_000).unwrap() }
}

#[tokio::test]
async fn a_range_of_times_begins_with_its_start_and_ends_before_its_end() {
    let (_service, mut caller, _party) = started().await;
    caller.register(deaf_endpoint(ACCOUNT)).await;
    let listed = eventually("deliveries were made in five milliseconds", async || {
        caller.publish(sample(ACCOUNT, EventType::ReviewCreated)).await;
        let listed = caller.deliveries(all_of(ACCOUNT)).await;
        let mut times: Vec<_> = listed.iter().map(|one| millis(one.create_time)).collect();
        times.dedup();
        (times.len() >= 5).then_some(listed)
    })
    .await;
    let times: Vec<_> = listed.iter().map(|delivery| millis(delivery.create_time)).collect();
    let (first, last) = (times[times.len() - 1], times[0]);
    let bounds = times.iter().flat_map(|time| [*time, time + 1]);
    let bounds: Vec<_> =
        bounds.chain([0, first - 1, last + 100_000]).map(Some).chain([None]).collect();
    for start in &bounds {
        for end in &bounds {
            if start.zip(*end).is_some_and(|(start, end)| end < start) {
                continue;
            }
            let request = ListDeliveriesRequest {
                start_time: start.map(at_millis),
                end_time: end.map(at_millis),
                page_size: 2,
                ..all_of(ACCOUNT)
            };
            let found: Vec<_> = ids(&caller.deliveries(request.clone()).await)
                .into_iter()
                .map(str::to_owned)
                .collect();
            let is_inside = |time: i128| {
                start.is_none_or(|start| time >= start) && end.is_none_or(|end| time < end)
            };
            let expected = listed.iter().filter(|one| is_inside(millis(one.create_time)));
            let expected: Vec<_> = expected.map(|one| one.delivery_id.clone()).collect();
            assert_eq!(found, expected, "{request:?}");
        }
    }
}

fn ids(deliveries: &[Delivery]) -> Vec<&str> {
    deliveries.iter().map(|delivery| delivery.delivery_id.as_str()).collect()
}

#[tokio::test]
async fn a_range_of_times_narrows_what_a_filter_lets_through() {
    let (service, mut caller, party) = started().await;
    let filled = Filled::new(&service, &mut caller, &party).await;
    let middle = millis(filled.deliveries[filled.deliveries.len() / 2].create_time);
    let filter = DeliveryFilter {
        endpoint_ids: filled.endpoint_ids[..2].to_vec(),
        states: vec![State::Succeeded.into(), State::Failed.into()],
        ..DeliveryFilter::default()
    };
    let request = |start_time, end_time| ListDeliveriesRequest {
        filter: Some(filter.clone()),
        start_time,
        end_time,
        page_size: 1,
        ..all_of(ACCOUNT)
    };
    let later = caller.deliveries(request(Some(at_millis(middle)), None)).await;
    let earlier = caller.deliveries(request(None, Some(at_millis(middle)))).await;
    assert!(later.iter().all(|delivery| millis(delivery.create_time) >= middle));
    assert!(earlier.iter().all(|delivery| millis(delivery.create_time) < middle));
    let expected: Vec<_> =
        filled.deliveries.into_iter().filter(|delivery| passes(&filter, delivery)).collect();
    assert_eq!([later, earlier].concat(), expected);
}
