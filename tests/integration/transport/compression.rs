//! Compressed requests and answers.

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery_query_client::DeliveryQueryClient;
use bookora_webhooks::proto::endpoint_admin_client::EndpointAdminClient;
use bookora_webhooks::proto::event_ingest_client::EventIngestClient;
use bookora_webhooks::proto::{CreateEndpointRequest, GetEventRequest, ListEventTypesRequest};
use tonic::Code;
use tonic::codec::CompressionEncoding::{self, Gzip, Zstd};

use crate::caller::{ACCOUNT, Caller, endpoint};
use crate::deliveries::sample;
use crate::refusal::Refusal;
use crate::service::Service;
use crate::watches::watch_request;

const ENCODINGS: [(CompressionEncoding, &str); 2] = [(Gzip, "gzip"), (Zstd, "zstd")];

#[tokio::test]
async fn each_service_takes_and_gives_gzip_and_zstd_and_leaves_streams_as_they_are() {
    let service = Service::start(&[]);
    for (encoding, name) in ENCODINGS {
        let channel = service.channel().await;
        let mut ingest = EventIngestClient::new(channel.clone())
            .send_compressed(encoding)
            .accept_compressed(encoding);
        let mut admin = EndpointAdminClient::new(channel.clone())
            .send_compressed(encoding)
            .accept_compressed(encoding);
        let mut query =
            DeliveryQueryClient::new(channel).send_compressed(encoding).accept_compressed(encoding);
        let published = ingest.publish_event(sample(ACCOUNT, EventType::LeadQualified)).await;
        let published = published.unwrap();
        assert_eq!(published.metadata().get("grpc-encoding").unwrap(), name);
        let request = GetEventRequest {
            account_id: ACCOUNT.to_owned(),
            event_id: published.into_inner().event_id,
        };
        let event = query.get_event(request).await.unwrap();
        assert_eq!(event.metadata().get("grpc-encoding").unwrap(), name);
        let types = admin.list_event_types(ListEventTypesRequest::default()).await.unwrap();
        assert_eq!(types.metadata().get("grpc-encoding").unwrap(), name);
        let watch = query.watch_deliveries(watch_request()).await.unwrap();
        assert!(watch.metadata().get("grpc-encoding").is_none(), "its messages are small");
    }
}

#[tokio::test]
async fn what_is_too_large_when_it_is_unpacked_is_refused_and_costs_no_memory() {
    const UNPACKED_BYTES: usize = 256 * 1024 * 1024;
    const COST_BYTES_MAX: u64 = 64 * 1024 * 1024;
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let stored = caller.stored().await;
    let mut bomb = endpoint(ACCOUNT);
    bomb.description = "x".repeat(UNPACKED_BYTES);
    let bomb = CreateEndpointRequest { endpoint: Some(bomb), ..CreateEndpointRequest::default() };
    for (encoding, name) in ENCODINGS {
        let before = service.resident_bytes();
        let mut admin = service.admin().await.send_compressed(encoding);
        let refusal = Refusal::read(&admin.create_endpoint(bomb.clone()).await.unwrap_err());
        assert_eq!(refusal.code, Code::ResourceExhausted, "{name}");
        assert_eq!(refusal.reason, "MESSAGE_TOO_LARGE", "{name}");
        let grown = service.resident_bytes().saturating_sub(before);
        assert!(grown < COST_BYTES_MAX, "{name}: {grown} bytes more");
    }
    assert_eq!(caller.stored().await, stored);
}
