//! The end that is asked for twice: at once, and without a loss.

use std::time::Duration;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::{CreateEndpointRequest, Endpoint};
use tokio::net::TcpListener;

use crate::deliveries::{delivery_in, publish, sample};
use crate::held_request::HeldRequest;
use crate::service::{Service, binary, eventually, serve_arguments};

const ACCOUNT: &str = "acct_1";
/// As shells have it: 128 and the number of the second signal, SIGTERM or SIGINT.
const ENDED_BY_SIGTERM: i32 = 143;
const ENDED_BY_SIGINT: i32 = 130;
/// Far less than a stop leaves to deliveries that are under way.
const AT_ONCE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_second_signal_ends_at_once_and_the_next_start_sends_what_was_under_way() {
    for (second, exit_code) in [("TERM", ENDED_BY_SIGTERM), ("INT", ENDED_BY_SIGINT)] {
        let mut service = Service::start(&["--allow-http", "--request-timeout=10s"]);
        let receiver = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", receiver.local_addr().unwrap());
        let endpoint = Endpoint { account_id: ACCOUNT.to_owned(), url, ..Endpoint::default() };
        let request =
            CreateEndpointRequest { endpoint: Some(endpoint), ..CreateEndpointRequest::default() };
        service.admin().await.create_endpoint(request).await.unwrap();
        let published = publish(&service, sample(ACCOUNT, EventType::BookingCreated)).await;
        let _never_answered = HeldRequest::accept(&receiver).await;

        service.terminate();
        service.logged(&["a second signal ends at once"]).await;
        assert!(!service.has_ended(), "it waits for the delivery");
        service.signal(second);
        let ended = tokio::time::timeout(AT_ONCE, service.ended()).await;
        assert_eq!(ended.expect("at once").code(), Some(exit_code), "{second}");
        assert!(service.log().contains("ended by a second signal"));

        service.restart();
        HeldRequest::accept(&receiver).await.acknowledge().await;
        delivery_in(&service, &published.event_id, State::Succeeded).await;
    }
}

#[tokio::test]
async fn a_start_that_waits_for_its_database_ends_when_it_is_asked_to() {
    // It takes the connection and says nothing, as a host that hangs does.
    let database = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://ann:none@{}/db", database.local_addr().unwrap());
    let mut child = binary().args(serve_arguments(&url)).spawn().unwrap();
    let (_connection, _) = database.accept().await.unwrap();
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").arg(id).status().unwrap().success());
    let ended = eventually("it ends", async || child.try_wait().unwrap()).await;
    assert_eq!(ended.code(), Some(0));
}
