//! Requests that many tests make.

use bookora_webhooks_sdk::Client;
use bookora_webhooks_sdk::v1::publish_event_request::Data;
use bookora_webhooks_sdk::v1::{
    BookingCancelled, BookingCreated, BookingRescheduled, CreateEndpointRequest,
    CreateEndpointResponse, CustomEvent, CustomerCreated, Endpoint, LeadQualified, NoShowDetected,
    PublishEventRequest, ReviewCreated, WorkflowTriggered,
};
use prost_types::{Duration, Struct, Timestamp};

pub const ACCOUNT: &str = "acct_1";

/// A publish of a customer, without a key.
pub fn customer(account_id: &str, customer_id: &str) -> PublishEventRequest {
    publish(account_id, customer_created(customer_id))
}

pub fn publish(account_id: &str, data: Data) -> PublishEventRequest {
    let account_id = account_id.to_owned();
    PublishEventRequest { account_id, data: Some(data), ..PublishEventRequest::default() }
}

fn customer_created(customer_id: &str) -> Data {
    let (customer_id, customer_name) = (customer_id.to_owned(), "Zoë Baker".to_owned());
    CustomerCreated { customer_id, customer_name, ..CustomerCreated::default() }.into()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp { seconds, nanos: 0 }
}

/// One of each of the eight types, and one of the operator's.
pub fn all_types() -> Vec<Data> {
    let (booking_id, customer_id) = ("bkg_1".to_owned(), "cus_1".to_owned());
    let (customer_name, service) = ("Zoë Baker".to_owned(), "Massage".to_owned());
    let (start_time, end_time) = (Some(at(1_796_115_600)), Some(at(1_796_119_200)));
    let booking = BookingCreated {
        booking_id: booking_id.clone(),
        customer_id: customer_id.clone(),
        customer_name: customer_name.clone(),
        service: service.clone(),
        start_time,
        end_time,
        price: 150.5,
    };
    vec![
        customer_created("cus_1"),
        booking.clone().into(),
        BookingCancelled {
            booking_id: booking.booking_id.clone(),
            customer_id: customer_id.clone(),
            customer_name: customer_name.clone(),
            service: service.clone(),
            start_time,
            end_time,
            reason: Some("ill".to_owned()),
        }
        .into(),
        BookingRescheduled {
            booking_id: booking_id.clone(),
            customer_id: customer_id.clone(),
            customer_name: customer_name.clone(),
            service: service.clone(),
            previous_start_time: start_time,
            previous_end_time: end_time,
            start_time,
            end_time,
        }
        .into(),
        LeadQualified {
            lead_id: "lead_1".to_owned(),
            lead_name: "Café".to_owned(),
            score: 87.5,
            threshold: 80.0,
            customer_id: None,
        }
        .into(),
        NoShowDetected {
            booking_id: booking_id.clone(),
            customer_id: customer_id.clone(),
            customer_name: customer_name.clone(),
            service,
            start_time,
            end_time,
        }
        .into(),
        ReviewCreated {
            review_id: "rev_1".to_owned(),
            customer_id: customer_id.clone(),
            customer_name,
            rating: 5,
            booking_id: Some(booking_id.clone()),
            comment: None,
        }
        .into(),
        WorkflowTriggered {
            workflow_id: "wf_1".to_owned(),
            workflow_name: "Reminder".to_owned(),
            trigger: "schedule".to_owned(),
            customer_id: Some(customer_id),
            booking_id: None,
        }
        .into(),
        CustomEvent { event_type: "invoice.paid".to_owned(), data: Some(Struct::default()) }.into(),
    ]
}

/// An endpoint of `account_id` that is retried soon.
pub fn endpoint(account_id: &str, url: &str) -> CreateEndpointRequest {
    let endpoint = Endpoint {
        account_id: account_id.to_owned(),
        url: url.to_owned(),
        retry_schedule: vec![Duration { seconds: 1, nanos: 0 }; 3],
        ..Endpoint::default()
    };
    CreateEndpointRequest { endpoint: Some(endpoint), ..CreateEndpointRequest::default() }
}

/// Registers an endpoint.
pub async fn register(client: &Client, account_id: &str, url: &str) -> CreateEndpointResponse {
    let request = endpoint(account_id, url);
    let created = client.endpoint_admin().create_endpoint(request).await;
    created.expect("the endpoint is registered").into_inner()
}
