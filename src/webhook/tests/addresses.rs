//! Where the client connects, and where it never does.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use futures_util::future::{BoxFuture, FutureExt};

use super::receiver::{OK, Receiver};
use super::sender::{Names, SHORT, Sender, allowing_loopback, message};
use crate::domain::address::AddressPolicy;
use crate::domain::attempt::Outcome;
use crate::webhook::resolver::Resolve;

fn names(host: &'static str, ips: &[&str]) -> Names {
    let addresses = ips.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect();
    Names { addresses: HashMap::from([(host, addresses)]), ..Names::default() }
}

#[tokio::test]
async fn nothing_is_sent_to_a_forbidden_literal_address() {
    let receiver = Receiver::answering(OK).await;
    let sender = Sender::guarded(AddressPolicy::default(), Names::default());
    let port = receiver.address.port();
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[64:ff9b::127.0.0.1]"]
    {
        let exchange = sender.post(&format!("http://{host}:{port}/")).await;
        assert_eq!(exchange.outcome, Outcome::Blocked, "{host}");
        assert_eq!(
            message(&exchange),
            "127.0.0.1 is loopback; start the service with --allow-network 127.0.0.0/8 to allow it"
        );
        assert_eq!((exchange.remote_address, exchange.response), (None, None));
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn nothing_is_sent_to_a_name_with_any_forbidden_answer() {
    let receiver = Receiver::answering(OK).await;
    for answers in
        [&["127.0.0.1"][..], &["127.0.0.1", "10.0.0.1"], &["127.0.0.1", "::ffff:10.0.0.1"]]
    {
        let policy =
            if answers.len() == 1 { AddressPolicy::default() } else { allowing_loopback() };
        let sender = Sender::guarded(policy, names("receiver.example", answers));
        let port = receiver.address.port();
        let exchange = sender.post(&format!("http://receiver.example:{port}/")).await;
        assert_eq!(exchange.outcome, Outcome::Blocked, "{answers:?}");
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn nothing_is_sent_to_an_own_listener() {
    let receiver = Receiver::answering(OK).await;
    let everywhere = "0.0.0.0/0".parse().unwrap();
    let policy = AddressPolicy::new(vec![everywhere], vec![receiver.address]);
    let sender = Sender::guarded(policy, Names::default());
    let exchange = sender.post(&receiver.url("/")).await;
    assert_eq!(exchange.outcome, Outcome::Blocked);
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_name_is_resolved_once_for_a_connection_and_timed() {
    let receiver = Receiver::answering(OK).await;
    let names = names("receiver.example", &["127.0.0.1"]);
    let sender = Sender::guarded(allowing_loopback(), names.clone());
    let exchange =
        sender.post(&format!("http://receiver.example:{}/", receiver.address.port())).await;
    assert_eq!(exchange.outcome, Outcome::Succeeded);
    assert!(exchange.timing.dns.is_some() && exchange.timing.connect.is_some());
    assert_eq!(names.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_dead_address_does_not_hide_a_live_one_of_the_same_name() {
    let receiver = Receiver::answering(OK).await;
    let url = format!("http://receiver.example:{}/", receiver.address.port());
    let answers = ["127.0.0.2", "127.0.0.3", "127.0.0.1", "127.0.0.4"];
    let sender = Sender::guarded(allowing_loopback(), names("receiver.example", &answers));
    let exchange = sender.post(&url).await;
    assert_eq!(exchange.outcome, Outcome::Succeeded);
    assert_eq!(exchange.remote_address, Some(receiver.address.to_string()));
}

#[tokio::test]
async fn a_name_with_a_thousand_addresses_is_tried_at_the_first_few() {
    let receiver = Receiver::answering(OK).await;
    let url = format!("http://receiver.example:{}/", receiver.address.port());
    let dead: Vec<String> = (2..=250).map(|last| format!("127.0.0.{last}")).collect();
    let mut answers: Vec<&str> = dead.iter().map(String::as_str).cycle().take(999).collect();
    answers.push("127.0.0.1");
    let sender = Sender::guarded(allowing_loopback(), names("receiver.example", &answers));
    let exchange = sender.post(&url).await;
    assert_eq!((exchange.outcome, message(&exchange)), (Outcome::Connect, "connection refused"));
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_told_as_such() {
    let sender = Sender::guarded(allowing_loopback(), names("empty.example", &[]));
    for (host, told) in [("unknown.example", "name not known"), ("empty.example", "no addresses")] {
        let exchange = sender.post(&format!("https://{host}/")).await;
        assert_eq!(exchange.outcome, Outcome::Dns);
        assert_eq!(message(&exchange), format!("host name does not resolve: {told}"));
    }
}

#[tokio::test]
async fn a_resolver_that_does_not_answer_ends_at_the_deadline() {
    struct Silent;
    impl Resolve for Silent {
        fn resolve(&self, _: String, _: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
            std::future::pending().boxed()
        }
    }
    let sender = Sender::guarded(allowing_loopback(), Silent);
    let exchange = sender.post_within("https://receiver.example/", SHORT).await;
    assert_eq!(exchange.outcome, Outcome::Timeout);
    assert_eq!(message(&exchange), "the host name was not resolved within 0.3 s");
}
