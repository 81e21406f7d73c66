//! Sealing anew, step by step: what holds when the process dies in one of them, and when a file is
//! not what it should be.

use std::collections::BTreeMap;

use bookora_webhooks::domain::event::EventType;

use super::key_file::{MasterKeyFile, NOTHING_IS_LEFT, sealed_otherwise};
use crate::caller::{ACCOUNT, Caller, OTHER_ACCOUNT, endpoint};
use crate::deliveries::{publish, sample};
use crate::party::Receivers;
use crate::service::{Service, eventually};

/// What is tested here.
pub const FAILPOINTS: [&str; 2] = ["reseal.before_commit", "reseal.after_commit"];
/// More than two steps seal anew.
const ENDPOINTS: usize = 250;

/// Every secret, by its endpoint.
async fn secrets(service: &Service, endpoints: &[String]) -> BTreeMap<String, String> {
    let mut caller = Caller::new(service).await;
    let mut secrets = BTreeMap::new();
    for endpoint_id in endpoints {
        let endpoint = bookora_webhooks::proto::Endpoint {
            endpoint_id: endpoint_id.clone(),
            ..endpoint(OTHER_ACCOUNT)
        };
        secrets.insert(endpoint_id.clone(), caller.secret(&endpoint).await);
    }
    secrets
}

#[tokio::test]
async fn a_crash_while_secrets_are_sealed_anew_leaves_each_under_one_key_or_the_other() {
    for failpoint in FAILPOINTS {
        let folder = tempfile::tempdir().unwrap();
        let (file, first_key) = MasterKeyFile::new(folder.path());
        let mut service = Service::start(&[&file.argument()]);
        let mut caller = Caller::new(&service).await;
        let registered = caller.register_many(&endpoint(OTHER_ACCOUNT), ENDPOINTS).await;
        let ids: Vec<_> = registered.into_iter().map(|endpoint| endpoint.endpoint_id).collect();
        let before = secrets(&service, &ids).await;
        service.kill();
        let second_key = file.add();
        file.make_primary(&second_key);

        service.run_into(&format!("{failpoint}@2")).await;
        let done = service.ask_database(&sealed_otherwise(&first_key)).await;
        let left = service.ask_database(&sealed_otherwise(&second_key)).await;
        let steps = if failpoint == FAILPOINTS[0] { 100 } else { 200 };
        assert_eq!((done, left), (steps, 250 - steps), "{failpoint}");
        service.run_into(&format!("{failpoint}@1")).await;
        service.restart();
        service.logged(&[NOTHING_IS_LEFT, &second_key]).await;
        assert_eq!(service.ask_database(&sealed_otherwise(&second_key)).await, 0);
        file.remove(&first_key);
        service.logged(&["is forgotten", &first_key]).await;
        assert_eq!(secrets(&service, &ids).await, before);
        service.kill();
        service.restart();
        assert_eq!(secrets(&service, &ids).await, before, "without the old key");
    }
}

#[tokio::test]
async fn a_file_that_breaks_while_the_service_runs_changes_nothing_and_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let (file, _) = MasterKeyFile::new(folder.path());
    let receivers = Receivers::new();
    let service = Service::start(&[&receivers.ca_argument(), &file.argument()]);
    let mut party = receivers.start(0).await;
    party.register(&service, party.endpoint(ACCOUNT)).await;
    let good = std::fs::read_to_string(file.path()).unwrap();
    let says = "the master key file cannot be used";
    std::fs::write(file.path(), "hunter2\n").unwrap();
    service.logged(&[says, "line 1"]).await;
    let (id, key) = (good.lines().last().unwrap().split_once(' ').unwrap().0, "A".repeat(43));
    std::fs::write(file.path(), format!("{id} {key}=\n")).unwrap();
    service.logged(&[says, "another key than before is called", id]).await;
    std::fs::remove_file(file.path()).unwrap();
    service.logged(&[says, "there is no master key file"]).await;
    // All the while:
    publish(&service, sample(ACCOUNT, EventType::BookingCreated)).await;
    assert!(party.next().await.is_verified());
    party.register(&service, party.endpoint(OTHER_ACCOUNT)).await;
    assert!(!service.log().contains("hunter2"));
}

#[tokio::test]
async fn a_key_that_is_removed_too_early_is_kept_until_its_secrets_are_sealed_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (file, first_key) = MasterKeyFile::new(folder.path());
    let mut service = Service::start(&[&file.argument()]);
    let mut caller = Caller::new(&service).await;
    let created = caller.create(endpoint(ACCOUNT)).await;
    let made = created.endpoint.unwrap();
    // Both at once, so that the service sees a file without the key that its secret is sealed with.
    let other_folder = tempfile::tempdir().unwrap();
    let (other, second_key) = MasterKeyFile::new(other_folder.path());
    std::fs::rename(other.path(), file.path()).unwrap();
    service.logged(&["has left the file while secrets are sealed with it", &first_key]).await;
    eventually("it is sealed anew", async || {
        (service.ask_database(&sealed_otherwise(&second_key)).await == 0).then_some(())
    })
    .await;
    service.logged(&["is forgotten", &first_key]).await;
    assert_eq!(Caller::new(&service).await.secret(&made).await, created.secret);
    service.terminate();
    assert!(service.ended().await.success());
    service.restart();
    assert_eq!(Caller::new(&service).await.secret(&made).await, created.secret);
}
