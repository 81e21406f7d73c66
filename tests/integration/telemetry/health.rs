//! Health over HTTP: alive from the start to the end, ready only while calls can be answered.

use std::io::Write;
use std::net::TcpListener;

use bookora_webhooks::domain::event::EventType;

use super::scrape::get;
use crate::command_line::run;
use crate::deliveries::{publish, sample};
use crate::plain_receiver::{PlainReceiver, status};
use crate::postgres::Postgres;
use crate::service::{PATIENCE, Service, binary, eventually, serve_arguments};

async fn ready_is(address: &str, status: u16, reason: &str) {
    let is_so = async || {
        let (answered, text) = get(address, "/readyz").await;
        (answered == status && text.contains(reason)).then_some(())
    };
    eventually(&format!("/readyz answers {status} {reason}"), is_so).await;
}

#[tokio::test]
async fn a_service_that_serves_is_alive_and_ready() {
    let service = Service::start(&[]);
    let address = service.ops_address();
    assert_eq!(get(&address, "/healthz").await, (200, "alive\n".to_owned()));
    assert_eq!(get(&address, "/readyz").await, (200, "ready\n".to_owned()));
    assert_eq!(get(&address, "/").await.0, 404);
}

/// What `bookora-webhooks health` makes of a service, and what it says on standard error.
fn ask(address: &str) -> (std::process::Output, String) {
    run(binary().args(["health", "--ops-listen", address]))
}

#[tokio::test]
async fn the_program_asks_a_service_whether_it_is_ready() {
    let service = Service::start(&[]);
    let (asked, said) = ask(&service.ops_address());
    assert_eq!((asked.status.code(), &asked.stdout[..]), (Some(0), &b"ready\n"[..]), "{said}");
    // Nobody listens where the address was given back.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (asked, said) = ask(&free);
    assert_eq!(asked.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("{free} does not answer /readyz")), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_down_it_is_alive_and_not_ready_and_then_ready_again() {
    let Some(server) = Postgres::start() else { return };
    let service = Service::start_on(&server.fresh_database(), &[]);
    let address = service.ops_address();
    ready_is(&address, 200, "ready").await;
    server.stop();
    ready_is(&address, 503, "store").await;
    let (asked, said) = ask(&address);
    assert_eq!(asked.status.code(), Some(1), "{said}");
    assert!(said.contains("not ready: store"), "{said}");
    assert_eq!(get(&address, "/healthz").await.0, 200);
    assert_eq!(get(&address, "/metrics").await.0, 200);
    server.start_again();
    ready_is(&address, 200, "ready").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_starts_it_is_alive_and_not_ready() {
    let Some(server) = Postgres::start() else { return };
    let url = server.fresh_database();
    // Another replica changes the schema, and is in no hurry.
    let other = crate::database::connect(&url).await;
    let pool = other.get_postgres_connection_pool();
    let mut lock = pool.acquire().await.expect("a connection");
    sqlx::query("SELECT pg_advisory_lock($1)")
        .bind(0x626f_6f6b_6f72_6131_i64)
        .execute(&mut *lock)
        .await
        .expect("it is free");
    let starting = Service::spawn_on(&url, &[]);
    let address = starting.ops_address_in_time().await;
    ready_is(&address, 503, "starting").await;
    assert_eq!(get(&address, "/healthz").await.0, 200);
    drop(lock);
    other.close().await.expect("the connection ends");
    ready_is(&address, 200, "ready").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_drains_it_is_alive_and_not_ready() {
    let mut service = Service::start(&["--allow-http"]);
    // It holds the stop back for a while.
    let slow = PlainReceiver::start_slow(|_| async {
        tokio::time::sleep(std::time::Duration::from_secs(4)).await;
        status(204)
    })
    .await;
    slow.register(&service, crate::caller::endpoint("acct_1")).await;
    publish(&service, sample("acct_1", EventType::BookingCreated)).await;
    eventually("the request is under way", async || (slow.requests() > 0).then_some(())).await;
    let address = service.ops_address();
    service.terminate();
    ready_is(&address, 503, "draining").await;
    assert_eq!(get(&address, "/healthz").await.0, 200);
    assert!(service.ended().await.success());
}

#[test]
fn an_address_that_is_taken_fails_the_start_with_a_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("its address");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let arguments = serve_arguments(&crate::database::database_file(folder.path()));
    let others = arguments.iter().filter(|argument| !argument.starts_with("--ops-listen"));
    let (output, said) = run(binary().args(others).arg(format!("--ops-listen={address}")));
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("--ops-listen") && said.contains(&address.to_string()), "{said}");
    assert!(!folder.path().join("test.db").exists(), "nothing was opened before");
}

#[tokio::test]
async fn a_connection_that_says_nothing_does_not_keep_others_from_being_answered() {
    let service = Service::start(&[]);
    let address = service.ops_address();
    let silent: Vec<_> = (0..50)
        .map(|_| {
            let mut stream = std::net::TcpStream::connect(&address).expect("it listens");
            stream.write_all(b"GET /metrics HT").expect("it takes bytes");
            stream
        })
        .collect();
    let answer = tokio::time::timeout(PATIENCE, get(&address, "/healthz")).await;
    assert_eq!(answer.expect("in time").0, 200);
    drop(silent);
}
