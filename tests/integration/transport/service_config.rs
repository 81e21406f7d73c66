//! The published configuration of clients: it fits the contract, and lets only those calls be tried
//! again that do no harm twice. `tests/retries/` shows a stock client that goes by it.

use std::collections::HashSet;

use bookora_webhooks::proto::DESCRIPTORS;
use prost::Message;
use prost_types::method_options::IdempotencyLevel;
use prost_types::{FileDescriptorSet, MethodDescriptorProto};
use serde_json::Value;

const CONFIG: &str = include_str!("../../../proto/bookora/webhooks/v1/service_config.json");
const PACKAGE: &str = "bookora.webhooks.v1";
/// Fields by which the service knows a request again.
const KEYS: [&str; 2] = ["request_id", "idempotency_key"];

/// What is configured for a method: as gRPC looks it up, by the method, else by its service.
fn configured<'a>(config: &'a Value, service: &str, method: &str) -> Option<&'a Value> {
    let find = |method: Option<&str>| {
        config["methodConfig"].as_array().expect("a list").iter().find(|entry| {
            let names = entry["name"].as_array().expect("a list");
            names.iter().any(|name| name["service"] == service && name["method"].as_str() == method)
        })
    };
    find(Some(method)).or_else(|| find(None))
}

/// Whether doing it twice is the same as doing it once: by its kind, or by a key in the request or
/// in each of its parts.
fn may_be_repeated(set: &FileDescriptorSet, method: &MethodDescriptorProto) -> bool {
    let level = method.options.as_ref().map(prost_types::MethodOptions::idempotency_level);
    let has_key = |message: &str| {
        let mut messages = set.file.iter().flat_map(|file| &file.message_type);
        let message = messages.find(|found| message.ends_with(&format!(".{}", found.name())));
        message
            .is_some_and(|message| message.field.iter().any(|field| KEYS.contains(&field.name())))
    };
    let is_batch = method.name() == "BatchPublishEvents";
    let request =
        if is_batch { ".bookora.webhooks.v1.PublishEventRequest" } else { method.input_type() };
    level.is_some_and(|level| level != IdempotencyLevel::IdempotencyUnknown)
        || (!method.client_streaming() && has_key(request))
}

#[test]
fn clients_try_again_what_may_be_repeated_and_nothing_else() {
    let config: Value = serde_json::from_str(CONFIG).expect("JSON");
    let set = FileDescriptorSet::decode(DESCRIPTORS).unwrap();
    let mut known = HashSet::new();
    for service in set.file.iter().filter(|file| file.package() == PACKAGE).flat_map(|f| &f.service)
    {
        let name = format!("{PACKAGE}.{}", service.name());
        for method in &service.method {
            let entry = configured(&config, &name, method.name());
            let retry = entry.map(|entry| &entry["retryPolicy"]).filter(|retry| !retry.is_null());
            let what = format!("{name}/{}", method.name());
            assert_eq!(retry.is_some(), may_be_repeated(&set, method), "{what}");
            if let Some(retry) = retry {
                assert_eq!(
                    retry["retryableStatusCodes"],
                    serde_json::json!(["UNAVAILABLE"]),
                    "{what}"
                );
                assert_eq!(retry["maxAttempts"], 4, "{what}");
            }
            let has_timeout = entry.is_some_and(|entry| !entry["timeout"].is_null());
            let is_stream = method.client_streaming() || method.server_streaming();
            assert_eq!(has_timeout, !is_stream, "{what}: a deadline for each but streams");
            known.insert((name.clone(), Some(method.name().to_owned())));
        }
        known.insert((name, None));
    }
    for entry in config["methodConfig"].as_array().unwrap() {
        assert!(entry["hedgingPolicy"].is_null(), "nothing is sent twice on suspicion");
        for name in entry["name"].as_array().unwrap() {
            let service = name["service"].as_str().unwrap().to_owned();
            let method = name["method"].as_str().map(str::to_owned);
            assert!(known.contains(&(service, method)), "{name} is in the contract");
        }
    }
}
