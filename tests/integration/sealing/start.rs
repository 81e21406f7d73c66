//! Starts with a master key file, without one, and with one that does not do.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::RotateEndpointSecretRequest;

use super::key_file::MasterKeyFile;
use crate::caller::{ACCOUNT, Caller, endpoint};
use crate::command_line::run;
use crate::database::database_file;
use crate::deliveries::{publish, sample};
use crate::party::Receivers;
use crate::postgres::Postgres;
use crate::service::{Service, binary, serve_arguments};

/// A start that fails: what it says.
fn refused(command: &mut Command) -> String {
    let (output, said) = run(command);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("it can be set");
}

#[tokio::test]
async fn a_key_file_is_made_beside_a_database_file_and_needed_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let url = database_file(folder.path());
    let path = folder.path().join("test.db.key");
    let mut service = Service::start_on(&url, &[]);
    assert_eq!(mode(&path), 0o600);
    let mut caller = Caller::new(&service).await;
    let created = caller.create(endpoint(ACCOUNT)).await;
    caller.register(endpoint(ACCOUNT)).await;
    service.terminate();
    assert!(service.ended().await.success());

    let away = folder.path().join("elsewhere");
    std::fs::rename(&path, &away).unwrap();
    let key_id = MasterKeyFile::at(&away).keys()[0].split(' ').next().unwrap().to_owned();
    let said = refused(binary().args(serve_arguments(&url)));
    assert!(said.contains("the secrets of 2 endpoints") && said.contains(&key_id), "{said}");
    assert!(said.contains("nobody can read these secrets again"), "{said}");
    assert!(!path.exists(), "no other is made");
    // Another file does not help.
    let (other, _) = MasterKeyFile::new(folder.path());
    let said = refused(binary().args(serve_arguments(&url)).arg(other.argument()));
    assert!(said.contains("the secrets of 2 endpoints") && said.contains(&key_id), "{said}");

    std::fs::rename(&away, &path).unwrap();
    service.restart();
    let secret = Caller::new(&service).await.secret(created.endpoint.as_ref().unwrap()).await;
    assert_eq!(secret, created.secret);
}

#[tokio::test]
async fn a_service_whose_key_is_gone_for_good_starts_when_told_so_and_gets_other_secrets() {
    let (receivers, folder) = (Receivers::new(), tempfile::tempdir().unwrap());
    let mut service = Service::start(&[&receivers.ca_argument()]);
    let file = match service.database_url().strip_prefix("sqlite://") {
        Some(path) => {
            let path = format!("{}.key", path.split('?').next().expect("it begins with the path"));
            MasterKeyFile::at(Path::new(&path))
        }
        // That of all services on a server is not to be changed.
        None => return,
    };
    let mut party = receivers.start(0).await;
    let lost = party.register(&service, party.endpoint(ACCOUNT)).await;
    service.terminate();
    assert!(service.ended().await.success());
    let old_key = file.keys()[0].split(' ').next().unwrap().to_owned();
    let (other, _) = MasterKeyFile::new(folder.path());
    let line = format!("{old_key} lost\n");
    let text = std::fs::read_to_string(other.path()).unwrap() + &line;
    std::fs::write(file.path(), text).unwrap();

    service.restart();
    let published = publish(&service, sample(ACCOUNT, EventType::BookingCreated)).await;
    assert_eq!(published.delivery_count, 1);
    let mut caller = Caller::new(&service).await;
    assert!(caller.endpoint(&lost).await.secrets.is_empty());
    assert!(party.rest().is_empty(), "nothing is sent that is not signed");
    let rotation = RotateEndpointSecretRequest {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: lost.endpoint_id.clone(),
        secret: Some(party.secret.expose().to_owned()),
        ..RotateEndpointSecretRequest::default()
    };
    caller.admin.rotate_endpoint_secret(rotation).await.expect("it gets another secret");
    let received = party.next().await;
    assert!(received.is_verified());
    assert_eq!(received.event_id, published.event_id, "what waited is sent");
    assert_eq!(caller.endpoint(&lost).await.secrets.len(), 1);
    file.remove(&old_key);
    service.kill();
    service.restart();
    assert_eq!(Caller::new(&service).await.secret(&lost).await, party.secret.expose());
}

#[test]
fn a_file_that_is_named_is_not_made_by_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = MasterKeyFile::at(&folder.path().join("none.key"));
    let mut command = binary();
    command.args(serve_arguments(&database_file(folder.path()))).arg(file.argument());
    let said = refused(&mut command);
    assert!(said.contains("master-key new --file"), "{said}");
    assert!(!file.path().exists());
}

#[test]
fn a_start_on_postgresql_without_a_key_file_says_how_to_make_one() {
    let Some(server) = Postgres::shared() else { return };
    let said = refused(binary().args(serve_arguments(&server.fresh_database())));
    assert!(said.contains("master-key new --file"), "{said}");
    assert!(said.contains("--master-key-file"), "{said}");
}

#[test]
fn a_key_file_that_others_can_read_or_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let url = database_file(folder.path());
    let (file, _) = MasterKeyFile::new(folder.path());
    let said = || refused(binary().args(serve_arguments(&url)).arg(file.argument()));
    set_mode(file.path(), 0o644);
    assert!(said().contains("chmod 600"), "{}", said());
    set_mode(file.path(), 0o600);
    std::fs::write(file.path(), "mk_1 c2hvcnQ=\n").unwrap();
    assert!(said().contains("line 1"), "{}", said());
    assert!(!said().contains("c2hvcnQ="), "it is not shown: {}", said());
}

#[test]
fn the_commands_change_a_file_and_refuse_what_would_lose_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let (file, first) = MasterKeyFile::new(folder.path());
    assert_eq!(mode(file.path()), 0o600);
    let second = file.add();
    let ids = || -> Vec<_> {
        file.keys().iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(), [first.clone(), second.clone()]);
    file.make_primary(&second);
    assert_eq!(ids(), [second.clone(), first.clone()]);
    let said = file.change(&["remove", &second]).unwrap_err();
    assert!(said.contains("is the primary key"), "{said}");
    let said = file.change(&["use", "mk_none"]).unwrap_err();
    assert!(said.contains("no key mk_none"), "{said}");
    file.remove(&first);
    assert_eq!(ids(), [second]);
    assert_eq!(mode(file.path()), 0o600);
    // What is no key file is left as it is.
    std::fs::write(file.path(), "something else\n").unwrap();
    let said = file.change(&["new"]).unwrap_err();
    assert!(said.contains("line 1"), "{said}");
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "something else\n");
}
