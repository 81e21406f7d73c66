//! Names that are slow, dead, crowded, half there, or change their minds.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use super::name_server::{NameServer, Reply, addresses};
use super::receiver::{OK, Receiver};
use super::sender::{PATIENT, SHORT, Sender, allowing_loopback, message};
use crate::domain::attempt::Outcome;
use crate::webhook::dns::{DnsResolver, LookUpFailure};
use crate::webhook::resolver::Resolve;

/// The addresses of `name`.
async fn ask(resolver: &DnsResolver, name: &str) -> io::Result<Vec<String>> {
    let answer = tokio::time::timeout(PATIENT, resolver.resolve(name.to_owned(), 443)).await;
    let addresses = answer.expect("a look-up ends")?;
    assert!(addresses.iter().all(|address| address.port() == 443));
    Ok(addresses.into_iter().map(|address| address.ip().to_string()).collect())
}

fn failure(answer: io::Result<Vec<String>>) -> LookUpFailure {
    let error = answer.expect_err("it does not resolve").into_inner().expect("with a reason");
    *error.downcast().expect("of ours")
}

#[tokio::test]
async fn both_families_are_asked_for_and_ipv6_comes_first() {
    let server = NameServer::start(|_| addresses(&["1.1.1.1", "2606:4700::1", "1.0.0.1"])).await;
    let resolver = DnsResolver::asking(server.address);
    let found = ask(&resolver, "receiver.example").await.unwrap();
    assert_eq!(found, ["2606:4700::1", "1.1.1.1", "1.0.0.1"]);
    assert_eq!(server.questions(), 2);
}

#[tokio::test]
async fn a_name_with_ipv6_alone_and_one_with_ipv4_alone_resolve() {
    let server = NameServer::start(|(name, _, _)| {
        addresses(if name == "six.example" { &["2606:4700::1"] } else { &["1.1.1.1"] })
    })
    .await;
    let resolver = DnsResolver::asking(server.address);
    assert_eq!(ask(&resolver, "six.example").await.unwrap(), ["2606:4700::1"]);
    assert_eq!(ask(&resolver, "four.example").await.unwrap(), ["1.1.1.1"]);
}

#[tokio::test]
async fn an_answer_is_kept_as_long_as_its_ttl_says() {
    let server = NameServer::start(|(name, _, _)| {
        let ttl = if name == "kept.example" { 60 } else { 0 };
        Reply::Addresses(vec!["1.1.1.1".parse().unwrap(), "2606:4700::1".parse().unwrap()], ttl)
    })
    .await;
    let resolver = DnsResolver::asking(server.address);
    for _ in 0..3 {
        ask(&resolver, "kept.example").await.unwrap();
    }
    assert_eq!(server.questions(), 2);
    for _ in 0..3 {
        ask(&resolver, "fleeting.example").await.unwrap();
    }
    assert_eq!(server.questions(), 2 + 3 * 2);
}

#[tokio::test]
async fn a_thousand_addresses_are_cut() {
    let ips: Vec<IpAddr> = (0..1_000_u16)
        .map(|n| IpAddr::from([1, 1, n.to_be_bytes()[0], n.to_be_bytes()[1]]))
        .collect();
    let server = NameServer::start(move |_| Reply::Addresses(ips.clone(), 60)).await;
    let resolver = DnsResolver::asking(server.address);
    let found = ask(&resolver, "crowded.example").await.unwrap();
    assert_eq!((found.len(), found[0].as_str()), (128, "1.1.0.0"));
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_told_why() {
    let server = NameServer::start(|(name, _, _)| match name {
        "missing.example" => Reply::NoSuchName,
        "failing.example" => Reply::Failure,
        _ => addresses(&[]),
    })
    .await;
    let resolver = DnsResolver::asking(server.address);
    assert_eq!(failure(ask(&resolver, "missing.example").await), LookUpFailure::NoSuchName);
    assert_eq!(failure(ask(&resolver, "empty.example").await), LookUpFailure::NoAddresses);
    let failed = failure(ask(&resolver, "failing.example").await);
    assert!(matches!(failed, LookUpFailure::Failed(_)), "{failed:?}");
    let no_name = failure(ask(&resolver, &"a".repeat(300)).await);
    assert_eq!(no_name, LookUpFailure::NoSuchName);

    let sender = Sender::guarded(allowing_loopback(), resolver);
    let exchange = sender.post("https://missing.example/").await;
    assert_eq!(exchange.outcome, Outcome::Dns);
    assert_eq!(message(&exchange), "host name does not resolve: there is no such name");
}

#[tokio::test]
async fn a_silent_name_server_ends_at_the_deadline_and_in_the_end_by_itself() {
    let server = NameServer::start(|_| Reply::Silence).await;
    let resolver = DnsResolver::asking(server.address);
    let sender = Sender::guarded(allowing_loopback(), resolver.clone());
    let exchange = sender.post_within("https://silent.example/", SHORT).await;
    assert_eq!(exchange.outcome, Outcome::Timeout);
    assert_eq!(message(&exchange), "the host name was not resolved within 0.3 s");
    assert_eq!(failure(ask(&resolver, "silent.example").await), LookUpFailure::NoAnswer);
}

#[tokio::test]
async fn a_family_that_is_never_answered_does_not_hold_the_other() {
    let server = NameServer::start(|(name, is_v6, _)| {
        if is_v6 == (name == "four.example") {
            Reply::Silence
        } else {
            addresses(&["1.1.1.1", "2606:4700::1"])
        }
    })
    .await;
    let resolver = DnsResolver::asking(server.address);
    for (name, ip) in [("four.example", "1.1.1.1"), ("six.example", "2606:4700::1")] {
        let answer = tokio::time::timeout(Duration::from_secs(1), ask(&resolver, name)).await;
        assert_eq!(answer.expect("at once").unwrap(), [ip]);
    }
}

#[tokio::test]
async fn look_ups_of_one_name_at_the_same_time_are_one() {
    let slow = Duration::from_millis(300);
    let server =
        NameServer::start(move |_| Reply::Late(slow, Box::new(addresses(&["1.1.1.1"])))).await;
    let resolver = DnsResolver::asking(server.address);
    let asked = (0..200).map(|_| ask(&resolver, "slow.example"));
    for answer in futures_util::future::join_all(asked).await {
        assert_eq!(answer.unwrap(), ["1.1.1.1"]);
    }
    assert_eq!(server.questions(), 2);
}

#[tokio::test]
async fn a_thousand_attempts_at_dead_names_do_not_hold_a_live_one() {
    let server = NameServer::start(|(name, _, _)| {
        if name == "live.example" { addresses(&["1.1.1.1"]) } else { Reply::Silence }
    })
    .await;
    let resolver = DnsResolver::asking(server.address);
    let dead: Vec<_> = (0..1_000)
        .map(|n| {
            let name = format!("dead-{}.example", n % 200);
            tokio::spawn(resolver.resolve(name, 443))
        })
        .collect();
    let live = tokio::time::timeout(Duration::from_secs(2), ask(&resolver, "live.example")).await;
    assert_eq!(live.expect("it does not wait for them").unwrap(), ["1.1.1.1"]);
    for attempt in dead {
        attempt.abort();
    }
}

#[tokio::test]
async fn the_hosts_file_comes_first() {
    let server = NameServer::start(|_| addresses(&["1.1.1.1"])).await;
    let resolver = DnsResolver::asking(server.address);
    let found = ask(&resolver, "localhost").await.unwrap();
    assert!(found.contains(&"127.0.0.1".to_owned()), "{found:?}");
    assert_eq!(server.questions(), 0);
}

#[tokio::test]
async fn a_dead_address_does_not_hide_a_live_one_of_the_same_name() {
    let receiver = Receiver::answering(OK).await;
    let server = NameServer::start(|_| addresses(&["127.0.0.2", "127.0.0.1"])).await;
    let sender = Sender::guarded(allowing_loopback(), DnsResolver::asking(server.address));
    let url = format!("http://receiver.example:{}/", receiver.address.port());
    let exchange = sender.post(&url).await;
    assert_eq!(exchange.outcome, Outcome::Succeeded, "{exchange:?}");
    assert_eq!(exchange.remote_address, Some(receiver.address.to_string()));
}

#[tokio::test]
async fn a_name_that_answers_differently_the_second_time_gains_nothing() {
    let (open, closed) = (Receiver::answering(OK).await, Receiver::answering(OK).await);
    // First an address that is allowed, from then on one that is not; none is to be kept.
    let server = NameServer::start(|(_, _, before)| {
        let ip = if before < 2 { "127.0.0.1" } else { "127.0.0.9" };
        Reply::Addresses(vec![ip.parse().unwrap()], 0)
    })
    .await;
    let only = "127.0.0.1/32".parse().unwrap();
    let policy = crate::domain::address::AddressPolicy::new(vec![only], Vec::new());
    let sender = Sender::guarded(policy, DnsResolver::asking(server.address));
    let at = |receiver: &Receiver| format!("http://receiver.example:{}/", receiver.address.port());
    let first = sender.post(&at(&open)).await;
    assert_eq!(first.outcome, Outcome::Succeeded, "{first:?}");
    assert_eq!(server.questions(), 2, "what was checked is what is connected to");

    let second = sender.post(&at(&closed)).await;
    assert_eq!(second.outcome, Outcome::Blocked, "{second:?}");
    assert_eq!(closed.connections(), 0);
}
