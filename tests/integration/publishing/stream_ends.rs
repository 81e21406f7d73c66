//! What ends a stream of publishes, and what fails in it: nothing that was taken goes without its
//! result, and nothing that was acknowledged is lost.

use sea_orm::ConnectionTrait;
use tonic::Code;

use super::{COUNT_EVENTS, PublishStream, ResultMessage, numbered, published, refused};
use crate::caller::ACCOUNT;
use crate::database::{connect, is_postgres};
use crate::deliveries::service_and_party;
use crate::ledger::Ledger;
use crate::refusal::Refusal;
use crate::service::Service;

#[tokio::test]
async fn what_a_killed_service_acknowledged_is_delivered_and_the_rest_can_be_sent_again() {
    const EVENTS: usize = 2_000;
    const KILLS: [usize; 2] = [300, 900];
    let (mut service, mut party) = service_and_party(0).await;
    party.register(&service, party.endpoint(ACCOUNT)).await;
    let mut ledger = Ledger::default();
    let mut next = 0;
    for stop_at in KILLS.into_iter().map(Some).chain([None]) {
        let mut stream = PublishStream::open(&service).await;
        stream.send_all(next..EVENTS, numbered);
        while next < EVENTS {
            if Some(next) == stop_at {
                service.kill();
            }
            match stream.next().await {
                Ok(Some(result)) => {
                    ledger.acknowledge(&published(result), next);
                    next += 1;
                }
                Ok(None) | Err(_) => break,
            }
        }
        if service.has_ended() {
            service.restart();
        }
    }
    assert_eq!((next, ledger.acknowledged()), (EVENTS, EVENTS), "a key is one event");
    while ledger.lost() > 0 {
        ledger.receive(party.next().await);
    }
    println!("{EVENTS} acknowledged over {} kills, {} sent twice", KILLS.len(), ledger.repeated());
}

#[tokio::test]
async fn a_drain_answers_what_was_taken_and_takes_no_more() {
    const EVENTS: usize = 20_000;
    let mut service = Service::start(&[]);
    let mut stream = PublishStream::open(&service).await;
    stream.send_all(0..EVENTS, numbered);
    let mut answered = 0;
    let status = loop {
        match stream.next().await {
            Ok(result) => {
                let published = published(result.expect("it ends with a status"));
                assert_eq!(published.create_time, numbered(answered).create_time);
                answered += 1;
            }
            Err(status) => break status,
        }
        if answered == 500 {
            service.terminate();
        }
    };
    let refusal = Refusal::read(&status);
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unavailable, "SERVER_DRAINING"));
    assert!(answered < EVENTS, "the stop came too late to show anything");
    assert!(service.ended().await.success());
    assert!(!service.log().contains("did not end in time"), "{}", service.log());
    service.restart();
    let stored = service.ask_database(COUNT_EVENTS).await;
    assert_eq!(usize::try_from(stored).unwrap(), answered, "all that was taken was answered");
}

#[tokio::test]
async fn clients_that_vanish_leave_nothing_behind() {
    let mut service = Service::start(&[]);
    let mut streams = Vec::new();
    for _ in 0..50 {
        let mut stream = PublishStream::open(&service).await;
        stream.send_all(0..100, numbered);
        stream.next().await.unwrap();
        streams.push(stream);
    }
    drop(streams);
    // A stream that were left behind would hold up the stop, and be told of.
    service.terminate();
    assert!(service.ended().await.success());
    assert!(!service.log().contains("did not end in time"), "{}", service.log());
}

#[tokio::test]
async fn a_stream_ends_at_the_clients_deadline() {
    let service = Service::start(&[]);
    let mut stream = PublishStream::open_on(service.channel().await, Some("1500m")).await;
    assert!(stream.send(numbered(0)).await);
    stream.published().await;
    let status = stream.next().await.expect_err("it ends with a status");
    let refusal = Refusal::read(&status);
    assert_eq!(
        (refusal.code, refusal.reason.as_str()),
        (Code::DeadlineExceeded, "DEADLINE_EXCEEDED")
    );
}

#[tokio::test]
async fn a_deadline_ends_the_wait_for_a_commit_that_does_not_come() {
    if is_postgres() {
        return;
    }
    let service = Service::start(&[]);
    let mut stream = PublishStream::open_on(service.channel().await, Some("1S")).await;
    let other = connect(service.database_url()).await;
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    assert!(stream.send(numbered(0)).await);
    let status = stream.next().await.expect_err("the store answers after 5 s");
    assert_eq!(status.code(), Code::DeadlineExceeded);
    other.execute_unprepared("ROLLBACK").await.unwrap();
}

#[tokio::test]
async fn where_the_store_fails_each_request_gets_its_error_and_later_ones_are_tried() {
    const EVENTS: usize = 20;
    if is_postgres() {
        return;
    }
    let service = Service::start(&[]);
    let mut stream = PublishStream::open(&service).await;
    assert!(stream.send(numbered(0)).await);
    let first = stream.published().await;
    let other = connect(service.database_url()).await;
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    for number in 0..EVENTS {
        assert!(stream.send(numbered(number)).await);
    }
    let refusal = stream.refused().await;
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unavailable, "STORE_UNAVAILABLE"));
    other.execute_unprepared("ROLLBACK").await.unwrap();
    let mut failed = vec![0];
    for number in 1..EVENTS {
        let result = stream.next().await.expect("the stream goes on").expect("a result is missing");
        if let Some(ResultMessage::Error(_)) = &result.result {
            assert_eq!(refused(result).reason, "STORE_UNAVAILABLE");
            failed.push(number);
        }
    }
    for number in &failed {
        assert!(stream.send(numbered(*number)).await);
        let published = stream.published().await;
        assert_eq!(published.duplicate, published.event_id == first.event_id);
    }
    assert_eq!(service.ask_database(COUNT_EVENTS).await, i64::try_from(EVENTS).unwrap());
    assert!(stream.finish().await.is_empty());
}
