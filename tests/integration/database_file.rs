//! The database that is one file: it serves one process, another program can lock it, the disk
//! under it can be full, and it does not grow for ever.

use std::path::Path;
use std::process::Command;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::{Delivery, GetEventRequest, ListEventTypesRequest};
use sea_orm::ConnectionTrait;
use tempfile::TempDir;
use tonic::Code;
use tonic_types::StatusExt;

use crate::command_line::run;
use crate::database::{connect, database_file};
use crate::deliveries::{delivery_in, publish, sample};
use crate::interventions;
use crate::party::Receivers;
use crate::retention::{nothing_is_left, publish_many, two_receivers};
use crate::service::{Service, binary, eventually, serve_arguments};
use crate::watches::{Watcher, publish_batches, take_everything, watch_request};

const ACCOUNT: &str = "acct_1";

/// A service on a file in a folder.
fn service_on_a_file(arguments: &[&str]) -> (Service, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    (Service::start_on(&database_file(folder.path()), arguments), folder)
}

#[tokio::test]
async fn a_second_server_on_the_same_database_refuses_to_start_and_says_why() {
    let (service, _folder) = service_on_a_file(&[]);
    let (output, said) = run(binary().args(serve_arguments(service.database_url())));
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("another bookora-webhooks process is using"), "{said}");
    // The first one does not mind.
    let types = service.admin().await.list_event_types(ListEventTypesRequest::default()).await;
    assert_eq!(types.unwrap().into_inner().event_types.len(), 8);
}

#[tokio::test]
async fn a_token_from_beyond_the_log_is_out_of_range() {
    let receivers = Receivers::new();
    let party = receivers.start(0).await;
    let (mut service, folder) = service_on_a_file(&[&receivers.ca_argument()]);
    party.register(&service, party.endpoint(ACCOUNT)).await;
    let receiving = take_everything(party);
    // The operator puts an older copy of the database back.
    service.terminate();
    assert!(service.ended().await.success());
    let (live, copy) = (folder.path().join("test.db"), folder.path().join("copy.db"));
    std::fs::copy(&live, &copy).unwrap();
    service.restart();
    let mut watcher = Watcher::open(&service, watch_request()).await;
    publish_batches(&service, 1, 1).await;
    watcher.update().await;
    service.kill();
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.path().join(format!("test.db{suffix}")));
    }
    std::fs::copy(&copy, &live).unwrap();
    service.restart();

    let mut watcher = Watcher::resume(&service, &watcher.token).await;
    let status = watcher.next().await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);
    assert_eq!(status.get_error_details().error_info().unwrap().reason, "RESUME_TOKEN_EXPIRED");
    receiving.abort();
}

/// Bytes of the database's file, and of its write-ahead log.
fn file_bytes(folder: &Path) -> (u64, u64) {
    let bytes = |name| std::fs::metadata(folder.join(name)).expect("it is there").len();
    (bytes("test.db"), bytes("test.db-wal"))
}

#[tokio::test]
async fn the_file_stays_bounded_over_rounds_of_publishing_and_pruning() {
    const EVENTS: usize = 2_000;
    let (service, folder) = service_on_a_file(&["--allow-http", "--retention=1s"]);
    let _receivers = two_receivers(&service).await;
    let mut sizes = Vec::new();
    for _ in 0..5 {
        publish_many(&service, EVENTS).await;
        nothing_is_left(&service).await;
        sizes.push(file_bytes(folder.path()));
    }
    // Five rounds wrote several times as much; the log is written back at 64 MiB at the latest.
    assert!(sizes.iter().all(|(file, _)| *file < 4_000_000), "{sizes:?}");
    assert!(sizes.iter().all(|(_, log)| *log < 80 * 1_024 * 1_024), "{sizes:?}");
}

#[tokio::test]
async fn space_that_a_burst_took_is_given_back() {
    let (service, folder) = service_on_a_file(&["--allow-http", "--retention=4s"]);
    let _receivers = two_receivers(&service).await;
    publish_many(&service, 5_000).await;
    let largest = eventually("the file holds the burst", async || {
        let (file, _) = file_bytes(folder.path());
        (file > 4_000_000).then_some(file)
    })
    .await;
    nothing_is_left(&service).await;
    eventually("the file is smaller", async || {
        (file_bytes(folder.path()).0 < largest / 2).then_some(())
    })
    .await;
    // It is as good as before.
    let published = publish(&service, sample(ACCOUNT, EventType::BookingCreated)).await;
    delivery_in(&service, &published.event_id, State::Succeeded).await;
}

#[tokio::test]
async fn while_another_process_locks_the_database_publishing_is_unavailable_and_reads_go_on() {
    let (service, _folder) = service_on_a_file(&[]);
    let mut ingest = service.ingest().await;
    let first = ingest.publish_event(sample(ACCOUNT, EventType::LeadQualified)).await.unwrap();
    let other = connect(service.database_url()).await;
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();

    let status = ingest.publish_event(sample(ACCOUNT, EventType::LeadQualified)).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "STORE_UNAVAILABLE");
    assert!(details.retry_info().is_some());
    let request =
        GetEventRequest { account_id: ACCOUNT.to_owned(), event_id: first.into_inner().event_id };
    service.query().await.get_event(request).await.expect("reads go on");

    other.execute_unprepared("ROLLBACK").await.unwrap();
    ingest.publish_event(sample(ACCOUNT, EventType::LeadQualified)).await.expect("it heals");
}

#[tokio::test]
async fn on_a_full_disk_publishing_is_refused_and_works_again_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_disk) = SmallDisk::mount(folder.path()) else { return };
    let service = Service::start_on(&database_file(folder.path()), &[]);
    let mut ingest = service.ingest().await;
    let first = ingest.publish_event(sample(ACCOUNT, EventType::LeadQualified)).await.unwrap();
    std::fs::write(folder.path().join("ballast"), vec![0; 16 << 20]).unwrap_err();

    let refused = eventually("the disk is full for the database too", async || {
        ingest.publish_event(sample(ACCOUNT, EventType::LeadQualified)).await.err()
    });
    let status = refused.await;
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    assert_eq!(status.get_error_details().error_info().unwrap().reason, "STORE_FULL");
    let request =
        GetEventRequest { account_id: ACCOUNT.to_owned(), event_id: first.into_inner().event_id };
    service.query().await.get_event(request).await.expect("reads go on");

    std::fs::remove_file(folder.path().join("ballast")).unwrap();
    ingest.publish_event(sample(ACCOUNT, EventType::LeadQualified)).await.expect("it heals");
}

/// A commit that a full disk fails is undone by SQLite itself, a refused call undoes its own: what is
/// acknowledged afterwards must be no part of either.
#[tokio::test]
async fn what_is_acknowledged_after_a_full_disk_outlives_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_disk) = SmallDisk::mount(folder.path()) else { return };
    let mut service = Service::start_on(&database_file(folder.path()), &[]);
    let mut ingest = service.ingest().await;
    std::fs::write(folder.path().join("ballast"), vec![0; 16 << 20]).unwrap_err();
    eventually("commits fail", async || {
        ingest.publish_event(sample(ACCOUNT, EventType::LeadQualified)).await.err()
    })
    .await;
    std::fs::remove_file(folder.path().join("ballast")).unwrap();
    publish(&service, sample(ACCOUNT, EventType::LeadQualified)).await;
    let unknown = Delivery {
        account_id: ACCOUNT.to_owned(),
        delivery_id: format!("dlv_{}", "0".repeat(26)),
        ..Delivery::default()
    };
    let refused = interventions::cancel(&service, &unknown).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let published = publish(&service, sample(ACCOUNT, EventType::LeadQualified)).await;

    let request = GetEventRequest { account_id: ACCOUNT.to_owned(), event_id: published.event_id };
    service.query().await.get_event(request.clone()).await.expect("it can be read");
    service.kill();
    service.restart();
    service.query().await.get_event(request).await.expect("it is on disk");
}

#[tokio::test]
async fn a_start_on_a_full_disk_says_that_it_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_disk) = SmallDisk::mount(folder.path()) else { return };
    std::fs::write(folder.path().join("ballast"), vec![0; 16 << 20]).unwrap_err();
    let (output, said) = run(binary().args(serve_arguments(&database_file(folder.path()))));
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("full") || said.contains("No space left"), "{said}");
}

/// A file system of 8 MiB, unmounted when dropped.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    /// `None` where this user may not mount, which is said.
    fn mount(folder: &'a Path) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"])
            .arg(folder)
            .status()
            .is_ok_and(|status| status.success());
        if !mounted {
            let is_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
            assert!(!is_ci, "CI must be able to mount a small file system");
            eprintln!("SKIPPED: a full disk: this user may not mount a file system");
        }
        mounted.then_some(Self(folder))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        // Lazily: the service may still have it open.
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}
