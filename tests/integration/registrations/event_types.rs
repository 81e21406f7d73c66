//! The list of event types, for people who choose what to subscribe to.

use bookora_webhooks::proto::{Endpoint, ListEventTypesRequest, ListEventTypesResponse};

use super::started;
use crate::caller::{ACCOUNT, Caller, endpoint};

const NAMES: [&str; 8] = [
    "booking.cancelled",
    "booking.created",
    "booking.rescheduled",
    "customer.created",
    "lead.qualified",
    "no_show.detected",
    "review.created",
    "workflow.triggered",
];

async fn page(caller: &mut Caller, page_size: i32, page_token: &str) -> ListEventTypesResponse {
    let request = ListEventTypesRequest { page_size, page_token: page_token.to_owned() };
    caller.admin.list_event_types(request).await.expect("it is listed").into_inner()
}

#[tokio::test]
async fn eight_types_are_listed_by_name_on_pages_of_any_size() {
    let (_service, mut caller) = started().await;
    let whole = page(&mut caller, 0, "").await;
    assert_eq!(whole.next_page_token, "");
    let names: Vec<_> = whole.event_types.iter().map(|listed| listed.name.as_str()).collect();
    assert_eq!(names, NAMES);
    for (page_size, sizes) in
        [(1, vec![1; 8]), (3, vec![3, 3, 2]), (7, vec![7, 1]), (8, vec![8]), (i32::MAX, vec![8])]
    {
        let (mut found, mut found_sizes) = (Vec::new(), Vec::new());
        let mut token = String::new();
        loop {
            let page = page(&mut caller, page_size, &token).await;
            found_sizes.push(page.event_types.len());
            found.extend(page.event_types);
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!((found, found_sizes), (whole.event_types.clone(), sizes), "{page_size}");
    }
}

#[tokio::test]
async fn every_type_has_a_sentence_and_an_example_as_it_would_be_sent() {
    let (_service, mut caller) = started().await;
    for listed in page(&mut caller, 0, "").await.event_types {
        let (name, example) = (&listed.name, &listed.example);
        let is_sentence = listed.description.ends_with('.') && listed.description.len() > 10;
        assert!(is_sentence, "{name}: {}", listed.description);
        let body: serde_json::Value = serde_json::from_str(example).expect("it is JSON");
        assert_eq!(body["event"], *name);
        assert!(body["id"].as_str().is_some_and(|id| id.starts_with("evt_") && id.len() == 30));
        assert!(body["created_at"].as_str().is_some_and(|time| time.ends_with('Z')));
        assert!(body["data"].as_object().is_some_and(|data| data.len() >= 3));
        let begin = format!("{{\"event\":\"{name}\",\"id\":\"evt_");
        assert!(example.starts_with(&begin), "{example}");
        assert_compact(example);
    }
}

/// As `JSON.stringify` writes: no white space outside of strings, nothing escaped that need not
/// be, whole numbers without a fraction.
fn assert_compact(json: &str) {
    let mut outside = String::new();
    for (index, part) in json.replace("\\\"", "").split('"').enumerate() {
        if index % 2 == 0 {
            outside.push_str(part);
        }
    }
    assert!(!outside.contains(char::is_whitespace) && !outside.contains(".0"), "{json}");
    assert!(!json.contains("\\u") && !json.contains("\\/"), "{json}");
}

#[tokio::test]
async fn every_type_that_is_listed_can_be_subscribed_to() {
    let (_service, mut caller) = started().await;
    let event_types: Vec<_> =
        page(&mut caller, 0, "").await.event_types.into_iter().map(|listed| listed.name).collect();
    let groups = event_types.iter().map(|name| name.split_once('.').expect("two parts").0);
    let groups: Vec<_> = groups.map(|group| format!("{group}.*")).collect();
    for subscription in [event_types, groups] {
        let asked = Endpoint { event_types: subscription, ..endpoint(ACCOUNT) };
        let created = caller.register(asked.clone()).await;
        assert!(created.event_types.iter().all(|name| asked.event_types.contains(name)));
    }
}
